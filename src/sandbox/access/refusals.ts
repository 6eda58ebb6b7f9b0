import { type ApiRequest, AwsError } from '../api.ts';

/** How services call and number the refusal of somebody who lacks a permission; the others as `json-1.1` services do. */
const FORMS: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  lambda: { code: 'AccessDeniedException', status: 403 },
  appconfig: { code: 'AccessDeniedException', status: 403 },
  sqs: { code: 'AccessDeniedException', status: 403 },
  sns: { code: 'AuthorizationError', status: 403 },
  sts: { code: 'AccessDenied', status: 403 },
  cloudformation: { code: 'AccessDenied', status: 403 },
  monitoring: { code: 'AccessDenied', status: 403 },
};
const USUAL = { code: 'AccessDeniedException', status: 400 };

/** AWS's words for a missing permission. `reason` ends the sentence: `because no identity-based policy allows …`. */
export function accessDenied(
  request: Pick<ApiRequest, 'service' | 'caller'>,
  { action, resource, reason }: { readonly action: string; readonly resource: string; readonly reason: string },
): AwsError {
  const { code, status } = FORMS[request.service] ?? USUAL;
  const about = resource === '*' ? '' : ` on resource: ${resource}`;
  const principal = String(request.caller.userIdentity['arn']);
  return new AwsError(
    code,
    status,
    `User: ${principal} is not authorized to perform: ${action}${about}${reason === '' ? '' : ` ${reason}`}`,
  );
}
