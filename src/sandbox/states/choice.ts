import { hasPath, isObject, readPath } from './json-path.ts';
import { StatesError } from './states-error.ts';

/** One rule of a Choice state, without where it leads. */
export type ChoiceRule = Readonly<Record<string, unknown>>;

type Compare = (actual: unknown, expected: unknown) => boolean;

const of =
  (isKind: (value: unknown) => boolean, order: (value: unknown) => number | string) =>
  (compare: (left: number | string, right: number | string) => boolean): Compare =>
  (actual, expected) =>
    isKind(actual) && isKind(expected) && compare(order(actual), order(expected));

const isTimestamp = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
const strings = of(
  (value) => typeof value === 'string',
  (value) => String(value),
);
const numbers = of(
  (value) => typeof value === 'number',
  (value) => Number(value),
);
const timestamps = of(isTimestamp, (value) => Date.parse(String(value)));

const ORDERS: Readonly<Record<string, (left: number | string, right: number | string) => boolean>> = {
  Equals: (left, right) => left === right,
  LessThan: (left, right) => left < right,
  GreaterThan: (left, right) => left > right,
  LessThanEquals: (left, right) => left <= right,
  GreaterThanEquals: (left, right) => left >= right,
};

const COMPARISONS: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ...Object.entries(ORDERS).flatMap(([name, compare]): [string, Compare][] => [
    [`String${name}`, strings(compare)],
    [`Numeric${name}`, numbers(compare)],
    [`Timestamp${name}`, timestamps(compare)],
  ]),
  ['BooleanEquals', (actual, expected) => typeof actual === 'boolean' && actual === expected],
  ['StringMatches', (actual, expected) => typeof actual === 'string' && matches(actual, String(expected))],
]);

const TYPE_TESTS: ReadonlyMap<string, (value: unknown) => boolean> = new Map<string, (value: unknown) => boolean>([
  ['IsNull', (value) => value === null],
  ['IsString', (value) => typeof value === 'string'],
  ['IsNumeric', (value) => typeof value === 'number'],
  ['IsBoolean', (value) => typeof value === 'boolean'],
  ['IsTimestamp', isTimestamp],
]);

/** The operators that rules may have, for checking definitions. */
export const CHOICE_OPERATORS: ReadonlySet<string> = new Set([
  ...COMPARISONS.keys(),
  ...[...COMPARISONS.keys()].filter((name) => name !== 'StringMatches').map((name) => `${name}Path`),
  ...TYPE_TESTS.keys(),
  'IsPresent',
]);

/**
 * Whether a rule holds.
 *
 * @throws {StatesError} `States.Runtime` for a variable that is not there, unless the rule asks whether it is.
 */
export function holdsRule(rule: ChoiceRule, input: unknown, context: unknown): boolean {
  const inner = (value: unknown) => isObject(value) && holdsRule(value, input, context);
  if (Array.isArray(rule['And'])) return rule['And'].every(inner);
  if (Array.isArray(rule['Or'])) return rule['Or'].some(inner);
  if (isObject(rule['Not'])) return !inner(rule['Not']);

  const variable = String(rule['Variable']);
  const [operator, operand] = Object.entries(rule).find(([name]) => CHOICE_OPERATORS.has(name)) ?? [];
  if (operator === undefined) {
    throw new StatesError('States.Runtime', `A rule of the Choice state has no operator: ${JSON.stringify(rule)}`);
  }
  if (operator === 'IsPresent') {
    return hasPath(variable, input, context) === operand;
  }
  if (!hasPath(variable, input, context)) {
    throw new StatesError(
      'States.Runtime',
      `Invalid path '${variable}': The choice state's condition path references an invalid value.`,
    );
  }
  const actual = readPath(variable, input, context);
  const test = TYPE_TESTS.get(operator);
  if (test !== undefined) {
    return test(actual) === operand;
  }
  const isPath = operator.endsWith('Path');
  const compare = COMPARISONS.get(isPath ? operator.slice(0, -'Path'.length) : operator);
  return compare?.(actual, isPath ? readPath(String(operand), input, context) : operand) ?? false;
}

/** `*` stands for any characters, `\*` for itself. */
function matches(actual: string, pattern: string): boolean {
  const source = pattern.replace(/\\([*\\])|\*|[.+?^${}()|[\]\\/-]/g, (whole, escaped: string | undefined) =>
    escaped === undefined ? (whole === '*' ? '[^]*' : `\\${whole}`) : `\\${escaped}`,
  );
  return new RegExp(`^${source}$`).test(actual);
}
