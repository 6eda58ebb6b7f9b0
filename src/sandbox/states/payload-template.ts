import { evaluateIntrinsic, type IntrinsicSources } from './intrinsic-functions.ts';
import { isObject, readPath } from './json-path.ts';
import { StatesError } from './states-error.ts';

/**
 * Fills a payload template (`Parameters`, `ResultSelector`, `ItemSelector`): members whose name ends with `.$` are paths
 * or calls of intrinsic functions.
 *
 * @throws {StatesError} for a path that selects nothing, or a call that fails.
 */
export function fillTemplate(template: unknown, input: unknown, context: unknown, sources: IntrinsicSources): unknown {
  if (Array.isArray(template)) {
    return template.map((one: unknown) => fillTemplate(one, input, context, sources));
  }
  if (!isObject(template)) {
    return template;
  }
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => {
      if (!name.endsWith('.$')) {
        return [name, fillTemplate(value, input, context, sources)];
      }
      return [name.slice(0, -2), evaluate(name, value, input, context, sources)];
    }),
  );
}

function evaluate(name: string, value: unknown, input: unknown, context: unknown, sources: IntrinsicSources): unknown {
  if (typeof value !== 'string') {
    throw new StatesError(
      'States.Runtime',
      `The value for the field '${name}' must be a path or an intrinsic function`,
    );
  }
  if (value.startsWith('States.')) {
    return evaluateIntrinsic(value, input, context, sources);
  }
  try {
    return readPath(value, input, context);
  } catch (error) {
    const told = `'${value}' specified for the field '${name}'`;
    throw error instanceof StatesError
      ? new StatesError(
          error.error,
          error.message.replace(`'${value}'`, () => told),
        )
      : error;
  }
}
