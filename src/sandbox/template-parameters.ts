import { type Template, TemplateError, type TemplateParameter } from './template.ts';

/** The values of a template's parameters: texts, and lists of texts for the types that are lists. */
export type ParameterValues = Readonly<Record<string, string | readonly string[]>>;

/**
 * The parameters' values, given or by default, as `Ref` gives them.
 *
 * @throws {TemplateError} for a parameter that there is not, one without a value, and a value that breaks the
 * parameter's constraints, with its `ConstraintDescription`.
 */
export function resolveParameters(
  { parameters }: Pick<Template, 'parameters'>,
  given: Readonly<Record<string, string>>,
): ParameterValues {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(parameters, name));
  if (unknown !== undefined) {
    const known = Object.keys(parameters).join(', ') || 'none';
    throw new TemplateError(`The template has no parameter ${unknown}; it has ${known}`);
  }
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const value = given[name] ?? parameter.defaultValue;
      if (value === undefined) {
        throw new TemplateError(`The parameter ${name} has no default and no value was given`);
      }
      const values = isList(parameter) ? value.split(',').map((part) => part.trim()) : [value];
      for (const one of values) {
        requireFitting(name, parameter, one);
      }
      return [name, isList(parameter) ? values : value];
    }),
  );
}

function isList({ type }: TemplateParameter): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<');
}

/** Each member of a list has to keep to the constraints by itself. */
function requireFitting(name: string, parameter: TemplateParameter, value: string): void {
  const problem = problemOf(parameter, value);
  if (problem === undefined) {
    return;
  }
  const shown = parameter.noEcho === true ? '****' : JSON.stringify(value);
  throw new TemplateError(
    parameter.constraintDescription === undefined
      ? `Parameter ${name} ${problem}; its value is ${shown}`
      : `Parameter ${name} failed to satisfy constraint: ${parameter.constraintDescription}; its value is ${shown}`,
  );
}

function problemOf(parameter: TemplateParameter, value: string): string | undefined {
  const { allowedPattern, allowedValues, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = parameter;
  if (allowedPattern !== undefined && !compile(allowedPattern).test(value)) {
    return `must match pattern ${allowedPattern}`;
  }
  if (allowedValues !== undefined && !allowedValues.includes(value)) {
    return `must be one of AllowedValues: ${allowedValues.join(', ')}`;
  }
  if (value.length < minLength) {
    return `must contain at least ${minLength} characters`;
  }
  if (value.length > maxLength) {
    return `must contain at most ${maxLength} characters`;
  }
  return parameter.type === 'Number' || parameter.type === 'List<Number>' ? numberProblem(parameter, value) : undefined;
}

function numberProblem({ minValue, maxValue }: TemplateParameter, value: string): string | undefined {
  const number = Number(value);
  if (value.trim() === '' || Number.isNaN(number)) {
    return 'must be a number';
  }
  if (minValue !== undefined && number < minValue) {
    return `must be a number not less than ${minValue}`;
  }
  return maxValue !== undefined && number > maxValue ? `must be a number not greater than ${maxValue}` : undefined;
}

// CloudFormation holds the whole value against the pattern, whether it is anchored or not.
function compile(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    throw new TemplateError(`The AllowedPattern ${pattern} is no regular expression: ${String(error)}`, {
      cause: error,
    });
  }
}
