import * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError, type Caller } from '../api.ts';
import { ConnectionLost } from '../lambda/connection-lost.ts';
import { LAMBDA_INVOKE } from './definition.ts';
import { StatesError } from './states-error.ts';

const invocation = z.looseObject({
  FunctionName: z.string(),
  Payload: z.unknown().optional(),
  InvocationType: z.enum(['RequestResponse', 'Event', 'DryRun']).default('RequestResponse'),
  Qualifier: z.string().optional(),
});

const functionError = z.looseObject({ errorType: z.string().optional() });

/**
 * Runs a task that invokes a function, as the state machine's role, through Lambda's own API.
 *
 * @throws {StatesError} the function's own error type, or `Lambda.` and the service's.
 */
export async function invokeLambdaTask(
  lambda: ApiService,
  task: { readonly resource: string; readonly parameters: unknown; readonly region: string; readonly caller: Caller },
): Promise<unknown> {
  const isOptimized = LAMBDA_INVOKE.test(task.resource);
  const { FunctionName, Payload, InvocationType, Qualifier } = isOptimized
    ? parseInvocation(task.parameters)
    : {
        FunctionName: task.resource,
        Payload: task.parameters,
        InvocationType: 'RequestResponse',
        Qualifier: undefined,
      };
  const request: ApiRequest = {
    service: 'lambda',
    region: task.region,
    caller: task.caller,
    method: 'POST',
    path: `/2015-03-31/functions/${encodeURIComponent(FunctionName)}/invocations`,
    query: new URLSearchParams(Qualifier === undefined ? {} : { Qualifier }),
    headers: { 'x-amz-invocation-type': InvocationType, 'user-agent': 'states.amazonaws.com' },
    body: Buffer.from(Payload === undefined ? '' : JSON.stringify(Payload)),
  };
  const response = await answerOf(lambda, request);
  const text = response.body.toString();
  const payload: unknown = text === '' ? {} : JSON.parse(text);
  if (response.headers?.['x-amz-function-error'] !== undefined) {
    const parsed = functionError.safeParse(payload);
    throw new StatesError((parsed.success ? parsed.data.errorType : undefined) ?? 'Lambda.Unknown', text);
  }
  return isOptimized ? { ExecutedVersion: '$LATEST', Payload: payload, StatusCode: response.status } : payload;
}

function parseInvocation(parameters: unknown): z.output<typeof invocation> {
  const parsed = invocation.safeParse(parameters);
  if (!parsed.success) {
    throw new StatesError('States.Runtime', `The parameters of the task are wrong: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

async function answerOf(lambda: ApiService, request: ApiRequest) {
  try {
    return await lambda(request);
  } catch (error) {
    if (error instanceof AwsError) {
      const name = error.code === 'AccessDeniedException' ? 'AWSLambdaException' : error.code;
      throw new StatesError(`Lambda.${name}`, `${error.message} (Service: Lambda, Status Code: ${error.status})`);
    }
    if (error instanceof ConnectionLost) {
      throw new StatesError('Lambda.SdkClientException', 'Unable to execute HTTP request: the connection was lost');
    }
    throw error;
  }
}
