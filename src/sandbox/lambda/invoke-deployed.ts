import { randomUUID } from 'node:crypto';
import type { ApiResponse } from '../api.ts';
import type { InvocationResult } from '../function-process.ts';
import type { FunctionRunner } from './control-plane.ts';
import { functionArn, parseFunctionName } from './function-name.ts';
import { type Call, pathParameter } from './plane.ts';
import { unreadableBody } from './refusals.ts';

/**
 * `Invoke` of a function that a template has deployed, by one of the three invocation types; undefined for functions
 * that the sandbox cannot run. The payload is not recorded: invocations are data events.
 *
 * @throws AwsError for a payload that is not JSON.
 */
export function invokeDeployed(runner: FunctionRunner | undefined, call: Call): Promise<ApiResponse> | undefined {
  const { account = call.home.account, name } = parseFunctionName(pathParameter(call, 'FunctionName'));
  const arn = functionArn({ account, region: call.home.region }, name);
  if (runner?.has(arn) !== true) {
    return undefined;
  }
  const event = readPayload(call.request.body);
  const requestId = randomUUID();
  switch (call.request.headers['x-amz-invocation-type'] ?? 'RequestResponse') {
    case 'DryRun':
      return Promise.resolve(answer(204, requestId, ''));
    case 'Event':
      // Lambda answers at once, and what becomes of the event is the function's own affair.
      void runner.invoke(arn, event);
      return Promise.resolve(answer(202, requestId, ''));
    default:
      return runner.invoke(arn, event).then((result) => tell(result, requestId));
  }
}

function tell(result: InvocationResult, requestId: string): ApiResponse {
  switch (result.kind) {
    case 'success':
      return answer(200, requestId, JSON.stringify(result.payload ?? null));
    case 'error': {
      const { errorType, errorMessage, stackTrace } = result.error;
      const body = JSON.stringify({
        errorType,
        errorMessage,
        ...(stackTrace === undefined ? {} : { trace: stackTrace }),
      });
      return answer(200, requestId, body, { 'x-amz-function-error': 'Unhandled' });
    }
  }
}

function answer(status: number, requestId: string, body: string, more: Record<string, string> = {}): ApiResponse {
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': requestId,
      'x-amz-executed-version': '$LATEST',
      ...more,
    },
    body,
  };
}

function readPayload(body: Buffer): unknown {
  if (body.length === 0) {
    return {};
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw unreadableBody();
  }
}
