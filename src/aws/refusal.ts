import {
  AccessDenied,
  FunctionBusy,
  InvalidInput,
  LayerwardError,
  RevisionChanged,
  ServiceUnavailable,
  Throttled,
} from '../domain/errors.ts';

/** What an SDK's error tells, whatever service it comes from. */
export interface AwsRefusal {
  /** AWS's error type, such as `ResourceConflictException`. */
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** How often the SDK has tried. */
  readonly attempts: number | undefined;
}

/** Reads an SDK's error. */
export function readRefusal(error: unknown): AwsRefusal {
  if (!(error instanceof Error))
    return {
      name: 'Unknown',
      message: String(error),
      status: undefined,
      retryAfterSeconds: undefined,
      attempts: undefined,
    };
  const { $metadata, $response } = error as Error & { $metadata?: unknown; $response?: unknown };
  const status = field($metadata, 'httpStatusCode');
  const attempts = field($metadata, 'attempts');
  const retryAfter = field(field($response, 'headers'), 'retry-after');
  const seconds = typeof retryAfter === 'string' ? Number(retryAfter) : Number.NaN;
  return {
    name: error.name,
    message: error.message,
    status: typeof status === 'number' ? status : undefined,
    retryAfterSeconds: Number.isFinite(seconds) ? seconds : undefined,
    attempts: typeof attempts === 'number' ? attempts : undefined,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const throttling = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestLimitExceeded',
  'ProvisionedThroughputExceededException',
  'RequestThrottled',
]);

const denials = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'AuthorizationErrorException',
  'NotAuthorized',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredTokenException',
  'KMSAccessDeniedException',
]);

/**
 * Turns an SDK's error into one of ours: what passes goes back to the queue, what stays ends in the dead letters.
 * @param doing what was tried, to what: `reading function arn:…`
 */
export function toLayerwardError(error: unknown, doing: string): LayerwardError {
  // One of ours has said it already: the credentials for a call could not be had, say.
  if (error instanceof LayerwardError) return error;
  const refusal = readRefusal(error);
  const message = `${doing} failed: ${refusal.name}: ${refusal.message}`;
  const options = { cause: error };
  const deferred = { ...options, hadNoEffect: refusal.attempts === 1 };
  if (throttling.has(refusal.name) || refusal.status === 429)
    return new Throttled(message, { ...deferred, retryAfterSeconds: refusal.retryAfterSeconds });
  if (refusal.name === 'ResourceConflictException') return new FunctionBusy(message, deferred);
  if (refusal.name === 'PreconditionFailedException') return new RevisionChanged(message, deferred);
  if (denials.has(refusal.name))
    return new AccessDenied(`${message}; see docs/security.md for what Layerward needs`, options);
  // A listing that took too long starts over.
  if (refusal.name === 'PaginationTokenExpiredException') return new ServiceUnavailable(message, options);
  // No status: the call never got an answer. 5xx: the service's own trouble. Both pass.
  if (refusal.status === undefined || refusal.status >= 500) return new ServiceUnavailable(message, options);
  return new InvalidInput(message, options);
}
