import { addressesOfBlock, isInRange, parseIpAddress } from '../ip-address.ts';
import type { Condition } from './policy.ts';
import { isArnLike, isLike } from './wildcard.ts';

/** What is known of a request, by condition key; some keys have several values. A key that is missing is absent. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

/**
 * Whether a condition holds: an absent key fails positive operators and satisfies negated and `IfExists` ones,
 * `ForAllValues` is true of no values, and `ForAnyValue` is not.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 *
 * @throws Error for an operator that is not known here.
 */
export function holds(condition: Condition, context: RequestContext): boolean {
  const [quantifier, bare] = splitQuantifier(condition.operator);
  const actual = valuesOf(context, condition.key);
  if (bare === 'Null') {
    return condition.values.some((value) => (value === 'true') === (actual === undefined));
  }
  const ifExists = bare.endsWith('IfExists');
  const name = ifExists ? bare.slice(0, -'IfExists'.length) : bare;
  const operator = OPERATORS[name];
  if (operator === undefined) {
    throw new Error(
      `The condition operator ${condition.operator} is not known to the sandbox, which has ${Object.keys(OPERATORS).join(', ')}`,
    );
  }
  const wanted = condition.values.map((value) => substitute(value, context));
  const fits = (one: string) => wanted.some((value) => operator.compare(one, value)) !== operator.negated;
  switch (quantifier) {
    case 'ForAllValues':
      return (actual ?? []).every(fits);
    case 'ForAnyValue':
      return actual === undefined ? ifExists : actual.some(fits);
    case undefined:
      return actual === undefined ? ifExists || operator.negated : actual.every(fits);
  }
}

/** Replaces policy variables such as `${aws:PrincipalAccount}`; one without a value fits nothing. */
export function substitute(text: string, context: RequestContext): string {
  if (!text.includes('${')) {
    return text;
  }
  return text.replace(/\$\{([^}]*)\}/g, (_whole, expression: string) => {
    if (expression === '*' || expression === '?' || expression === '$') {
      return expression;
    }
    const [key = '', fallback] = expression.split(',').map((part) => part.trim());
    return valuesOf(context, key)?.[0] ?? fallback?.replace(/^'(.*)'$/, '$1') ?? NOTHING;
  });
}

// No value of a request holds it.
const NOTHING = '\u0000';

function splitQuantifier(operator: string): readonly ['ForAllValues' | 'ForAnyValue' | undefined, string] {
  const [first, second] = operator.split(':');
  return second !== undefined && (first === 'ForAllValues' || first === 'ForAnyValue')
    ? [first, second]
    : [undefined, operator];
}

function valuesOf(context: RequestContext, key: string): readonly string[] | undefined {
  const exact = context[key];
  const value = exact ?? Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  return typeof value === 'string' ? [value] : value;
}

interface Operator {
  readonly negated: boolean;
  readonly compare: (actual: string, expected: string) => boolean;
}

type Compare = Operator['compare'];
const equals: Compare = (actual, expected) => actual === expected;
const equalsIgnoringCase: Compare = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const number =
  (compare: (difference: number) => boolean): Compare =>
  (actual, expected) =>
    compare(Number(actual) - Number(expected));
const isInBlock: Compare = (actual, expected) => {
  const address = parseIpAddress(actual);
  const range = expected.includes('/') ? addressesOfBlock(expected) : undefined;
  if (address === undefined || typeof range === 'string') {
    return false;
  }
  return range === undefined ? actual === expected : isInRange(address, range);
};
const positive = (compare: Compare): Operator => ({ negated: false, compare });
const negated = (compare: Compare): Operator => ({ negated: true, compare });

const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: positive(equals),
  StringNotEquals: negated(equals),
  StringEqualsIgnoreCase: positive(equalsIgnoringCase),
  StringNotEqualsIgnoreCase: negated(equalsIgnoringCase),
  StringLike: positive(isLike),
  StringNotLike: negated(isLike),
  ArnEquals: positive(isArnLike),
  ArnLike: positive(isArnLike),
  ArnNotEquals: negated(isArnLike),
  ArnNotLike: negated(isArnLike),
  Bool: positive(equalsIgnoringCase),
  NumericEquals: positive(number((difference) => difference === 0)),
  NumericNotEquals: negated(number((difference) => difference === 0)),
  NumericLessThan: positive(number((difference) => difference < 0)),
  NumericLessThanEquals: positive(number((difference) => difference <= 0)),
  NumericGreaterThan: positive(number((difference) => difference > 0)),
  NumericGreaterThanEquals: positive(number((difference) => difference >= 0)),
  IpAddress: positive(isInBlock),
  NotIpAddress: negated(isInBlock),
};
