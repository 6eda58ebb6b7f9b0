import type * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError } from './api.ts';

/** One action of a JSON service: gets the parsed body and gives what is sent back; undefined is an empty answer. */
export type JsonAction = (input: unknown, request: ApiRequest) => unknown;

/**
 * A service that is called by `X-Amz-Target: Prefix.Action` with a JSON body, as EventBridge, Secrets Manager, the
 * tagging API, CloudWatch Logs and CloudTrail are.
 *
 * @param title AWS's name of the service, for the error that names what the sandbox has.
 */
export function createJsonService(title: string, actions: Readonly<Record<string, JsonAction>>): ApiService {
  return async (request) => {
    const name = (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) {
      throw unknownAction(title, name, Object.keys(actions));
    }
    const output = await action(parseJsonBody(request.body), request);
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: output === undefined ? '' : JSON.stringify(output),
    };
  };
}

/**
 * An action whose input is checked by a schema first.
 *
 * @param refusal the code of the service's own error for malformed input, `ValidationException` by default.
 */
export function action<Schema extends z.ZodType>(
  schema: Schema,
  run: (input: z.output<Schema>, request: ApiRequest) => unknown,
  refusal = 'ValidationException',
): JsonAction {
  return (input, request) => {
    const parsed = schema.safeParse(input);
    if (!parsed.success) {
      throw new AwsError(refusal, 400, describeIssues(parsed.error));
    }
    return run(parsed.data, request);
  };
}

/** The error for an action that AWS has and the sandbox has not. */
export function unknownAction(title: string, name: string, known: readonly string[]): AwsError {
  return new AwsError(
    'UnknownOperationException',
    400,
    `The sandbox's ${title} has no action ${name || '(none named)'}. It has: ${known.join(', ')}.`,
  );
}

/** Parses a request's body; an empty one counts as an empty object. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) {
    return {};
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('SerializationException', 400, `The request's body is not JSON: ${String(error)}`);
  }
}

/** AWS's wording for input that breaks the model's constraints. */
export function describeIssues(error: z.ZodError): string {
  const issues = error.issues.map(
    (issue) => `Value at '${issue.path.join('.')}' failed to satisfy constraint: ${issue.message}`,
  );
  return `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected: ${issues.join('; ')}`;
}
