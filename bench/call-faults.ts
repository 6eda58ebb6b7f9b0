import type { FaultDocumentInput } from '../src/sandbox/lambda/control-plane.ts';
import type { Call } from './bench-sandbox.ts';

type CallFault = NonNullable<FaultDocumentInput['calls']>[number];
type Refusal = readonly [status: number, code: string];

/** How each service that Layerward calls says that it throttles, has failed, or has something else to do. */
const refusals: readonly (readonly [service: string, action: string, ...Refusal[]])[] = [
  ['lambda', 'Get*', [429, 'TooManyRequestsException'], [500, 'ServiceException']],
  ['lambda', 'List*', [429, 'TooManyRequestsException'], [500, 'ServiceException']],
  [
    ...(['lambda', 'Update*', [429, 'TooManyRequestsException'], [500, 'ServiceException']] as const),
    [409, 'ResourceConflictException'],
  ],
  ['dynamodb', '*', [400, 'ThrottlingException'], [500, 'InternalServerError']],
  ['sqs', '*', [400, 'RequestThrottled'], [500, 'InternalFailure']],
  ['sns', '*', [429, 'Throttled'], [500, 'InternalError']],
  ['events', '*', [400, 'ThrottlingException'], [500, 'InternalException']],
  ['secretsmanager', '*', [400, 'ThrottlingException'], [500, 'InternalServiceError']],
  ['appconfig', '*', [429, 'ThrottlingException'], [500, 'InternalServerException']],
  ['tagging', '*', [400, 'ThrottledException'], [500, 'InternalServiceException']],
];

const codes: ReadonlySet<string> = new Set([
  ...refusals.flatMap(([, , ...errors]) => errors.map(([, code]) => code)),
  'ConnectionLost',
]);

/** Whether a call failed as faults let calls fail. A few fail so without them: on a busy function, or above a quota. */
export function hasFailed({ errorCode }: Call): boolean {
  return errorCode !== undefined && codes.has(errorCode);
}

/**
 * Lets this share of Layerward's own calls fail, of each service alike, and each way as often as the others: refused by
 * any of its errors, or done and the answer lost.
 */
export function failingCalls(percent: number): CallFault[] {
  return refusals.flatMap(([service, action, ...errors]) => {
    const scope = { service, action, caller: '*:assumed-role/layerward-*' };
    const ways = [...errors.map(([status, code]) => ({ error: { status, code } })), { loseAnswer: true }];
    // They are independent of each other; together they harm this share.
    const ratio = 1 - (1 - percent / 100) ** (1 / ways.length);
    return ways.map((way) => ({ ...scope, ...way, ratio }));
  });
}
