import type { Constraints } from './constraints.ts';
import { invalidParameter } from './refusals.ts';

/** AWS's limit on all variables together, in bytes of their JSON. */
const limitBytes = 4096;

const variableName = /^[a-zA-Z][a-zA-Z0-9_]+$/;

/** Set by Lambda itself; `AWS_LAMBDA_EXEC_WRAPPER` is not. Source: Lambda's guide, "environment variables". */
const reserved: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

export function checkVariableNames(variables: Readonly<Record<string, string>>, constraints: Constraints): void {
  if (Object.keys(variables).every((name) => variableName.test(name))) return;
  constraints.violated(
    'environment.variables',
    undefined,
    'Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, ' +
      'Member must not be null]',
  );
}

/**
 * @throws AwsError `InvalidParameterValueException` for reserved names, and for more than 4 KB. AWS measures the JSON of
 * the map, and prints it in the refusal, values and all.
 */
export function requireAcceptableVariables(variables: Readonly<Record<string, string>>): void {
  const taken = Object.keys(variables).filter((name) => reserved.has(name));
  if (taken.length > 0) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        'contains reserved keys that are currently not supported for modification. ' +
        `Reserved keys used in this request: ${taken.join(', ')}`,
    );
  }
  const measured = JSON.stringify(variables);
  if (Buffer.byteLength(measured) > limitBytes) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `exceeded the 4KB limit. ${measuredMark} ${measured}`,
    );
  }
}

const measuredMark = 'String measured:';

/** The same message without the values that AWS prints in it, fit for a record. */
export function withoutMeasuredValues(message: string): string {
  const mark = message.indexOf(measuredMark);
  return mark === -1 ? message : `${message.slice(0, mark)}${measuredMark} HIDDEN_DUE_TO_SECURITY_REASONS`;
}
