import { AwsError } from '../api.ts';

/**
 * Lambda's refusals, one function each: error type, status and the words that AWS uses. Lambda marks the caller's
 * mistakes with `Type: User`; `ValidationException` and `AccessDeniedException` come from layers in front of Lambda and
 * carry no type.
 */

const user = { members: { Type: 'User' } };

/** 400: the request is well formed and asks for something that Lambda won't do. */
export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', 400, message, user);
}

/** 400: members outside of their declared bounds; `problems` are the sentences of the single members. */
export function validation(problems: readonly string[]): AwsError {
  const count = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected`;
  return new AwsError('ValidationException', 400, `${count}: ${problems.join('; ')}`);
}

/** 400: the body isn't JSON. */
export function unreadableBody(): AwsError {
  return new AwsError('InvalidRequestContentException', 400, 'Could not parse request body into json.', user);
}

/** 400: a member of the body has another type than the API declares. */
export function serialization(reason: string): AwsError {
  return new AwsError('SerializationException', 400, reason);
}

/** 404 */
export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', 404, message, user);
}

export function functionNotFound(arn: string): AwsError {
  return notFound(`Function not found: ${arn}`);
}

/** 409: another operation goes on, or the name is taken. */
export function conflict(message: string): AwsError {
  return new AwsError('ResourceConflictException', 409, message, user);
}

/** 412: the caller's `RevisionId` is not the latest; `read` names the API that tells the latest. */
export function preconditionFailed(read: 'GetFunction/GetAlias' | 'GetPolicy' | 'GetLayerPolicy'): AwsError {
  return new AwsError(
    'PreconditionFailedException',
    412,
    'The Revision Id provided does not match the latest Revision Id. ' +
      `Call the ${read} API to retrieve the latest Revision Id`,
    user,
  );
}

/** 403: neither the caller's own policies nor the resource's allow the action. */
export function accessDenied(principal: string, action: string, resource: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    403,
    `User: ${principal} is not authorized to perform: lambda:${action} on resource: ${resource} ` +
      `because no resource-based policy allows the lambda:${action} action`,
  );
}

/** 429, with `Retry-After`: the account's quota of calls a second in this region is used up. */
export function tooManyRequests(retryAfterSeconds: number): AwsError {
  return new AwsError('TooManyRequestsException', 429, 'Rate exceeded', {
    headers: { 'Retry-After': String(retryAfterSeconds) },
    members: { Type: 'User', Reason: 'CallerRateLimitExceeded' },
  });
}

/** 413 */
export function tooLarge(message: string): AwsError {
  return new AwsError('RequestEntityTooLargeException', 413, message);
}

/** 400: an unsigned layer on a function whose code signing policy is `Enforce`. */
export function codeVerificationFailed(): AwsError {
  return new AwsError(
    'CodeVerificationFailedException',
    400,
    'The code signature failed one or more of the validation checks for signature mismatch or expiry, and the code ' +
      'signing policy is set to ENFORCE. Lambda blocks the deployment.',
    user,
  );
}

export function codeSigningConfigNotFound(arn: string): AwsError {
  return new AwsError(
    'CodeSigningConfigNotFoundException',
    404,
    'The code signing configuration cannot be found. Check that the provided configuration is not deleted: ' +
      `${arn}.`,
    user,
  );
}
