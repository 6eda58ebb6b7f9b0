/**
 * EventBridge event patterns: which events a rule lets through.
 *
 * The semantics are those of Amazon's own engine (https://github.com/aws/event-ruler), down to its corners: values are
 * compared with their JSON quotes on, an array in an event matches through any of its elements, fields of objects in
 * one array must come from the same element, and a string that is an IP address matches as an address.
 */

import { addressesOfBlock, type IpRange, isInRange, parseIpAddress } from './ip-address.ts';

/** A pattern that EventBridge would refuse. The message says what is wrong and at which path. */
export class InvalidEventPatternError extends Error {
  override readonly name = 'InvalidEventPatternError';
}

/** A pattern ready for matching: any of its branches suffices, every field of a branch must match. */
export interface EventPattern {
  /** True if EventBridge would hand this event to the rule's targets. */
  matches(event: unknown): boolean;
}

/** One leaf of an event: the value as text in JSON's own notation, and the array elements it lies in. */
interface Leaf {
  readonly text: string;
  readonly number: number | undefined;
  readonly membership: Membership;
}

/** Array (numbered in order of appearance) to the index of the element in it. */
type Membership = ReadonlyMap<number, number>;

type Condition =
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'value'; readonly matches: (leaf: Leaf) => boolean };

/** Field path, its steps joined by dots, to the conditions of which one must hold. */
type Branch = ReadonlyMap<string, readonly Condition[]>;

/**
 * Whether an event matches a pattern, both as parsed JSON.
 *
 * @throws {InvalidEventPatternError} if EventBridge would refuse the pattern.
 * @example matchesPattern({ source: ['aws.lambda'], detail: { errorCode: [{ exists: false }] } }, event)
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  return compilePattern(pattern).matches(event);
}

/**
 * Checks a pattern and prepares it for matching many events.
 *
 * @throws {InvalidEventPatternError} if EventBridge would refuse the pattern.
 */
export function compilePattern(pattern: unknown): EventPattern {
  if (!isObject(pattern)) {
    throw new InvalidEventPatternError('Filter is not an object');
  }
  const branches = compileObject(pattern, [], [], false).map(
    (branch) =>
      [...branch].sort(([left], [right]) => (left < right ? -1 : 1)) as readonly [string, readonly Condition[]][],
  );
  return {
    matches: (event) => {
      if (!isObject(event)) {
        return false;
      }
      const leaves = flatten(event);
      return branches.some((fields) => matchesBranch(fields, 0, leaves, new Map()));
    },
  };
}

// Fields are tried in the order of their names, as Amazon's engine does: whether a field is absent is judged among the
// array elements that the fields before it have chosen.
function matchesBranch(
  fields: readonly (readonly [string, readonly Condition[]])[],
  index: number,
  leaves: ReadonlyMap<string, readonly Leaf[]>,
  membership: Membership,
): boolean {
  const field = fields[index];
  if (field === undefined) {
    return true;
  }
  const [path, conditions] = field;
  let isAbsent = true;
  for (const leaf of leaves.get(path) ?? []) {
    const merged = mergeMemberships(membership, leaf.membership);
    if (merged === undefined) {
      continue;
    }
    isAbsent = false;
    const holds = conditions.some(
      (condition) => condition.kind === 'present' || (condition.kind === 'value' && condition.matches(leaf)),
    );
    if (holds && matchesBranch(fields, index + 1, leaves, merged)) {
      return true;
    }
  }
  return (
    isAbsent &&
    conditions.some((condition) => condition.kind === 'absent') &&
    matchesBranch(fields, index + 1, leaves, membership)
  );
}

function mergeMemberships(left: Membership, right: Membership): Membership | undefined {
  if (right.size === 0) {
    return left;
  }
  const merged = new Map(left);
  for (const [array, element] of right) {
    const chosen = merged.get(array);
    if (chosen !== undefined && chosen !== element) {
      return undefined;
    }
    merged.set(array, element);
  }
  return merged;
}

function flatten(event: Readonly<Record<string, unknown>>): ReadonlyMap<string, readonly Leaf[]> {
  const leaves = new Map<string, Leaf[]>();
  let arrays = 0;

  const add = (path: string, value: unknown, membership: Membership) => {
    const leaf: Leaf = {
      text: typeof value === 'string' ? `"${value}"` : String(value),
      number: typeof value === 'number' ? value : undefined,
      membership,
    };
    const known = leaves.get(path);
    if (known === undefined) {
      leaves.set(path, [leaf]);
    } else {
      known.push(leaf);
    }
  };
  const visit = (path: string, value: unknown, membership: Membership): void => {
    if (Array.isArray(value)) {
      const array = arrays++;
      for (const [index, element] of value.entries()) {
        // A plain value in an array belongs to no element: several fields may each pick another one.
        visit(path, element, isContainer(element) ? new Map(membership).set(array, index) : membership);
      }
    } else if (isObject(value)) {
      for (const [name, child] of Object.entries(value)) {
        visit(path === '' ? name : `${path}.${name}`, child, membership);
      }
    } else if (value !== undefined) {
      add(path, value, membership);
    }
  };
  visit('', event, new Map());
  return leaves;
}

function compileObject(
  object: Readonly<Record<string, unknown>>,
  path: readonly string[],
  before: readonly Branch[],
  insideOr: boolean,
): readonly Branch[] {
  const entries = Object.entries(object);
  if (entries.length === 0) {
    throw new InvalidEventPatternError(`Empty objects are not allowed${at(path)}`);
  }
  let branches = before;
  for (const [name, value] of entries) {
    const here = [...path, name];
    if (name === '$or') {
      branches = compileOr(value, path, branches);
    } else if (insideOr && RESERVED_INSIDE_OR.has(name)) {
      throw new InvalidEventPatternError(
        `${name} is a reserved word that cannot be a field name inside $or${at(path)}`,
      );
    } else if (Array.isArray(value)) {
      const conditions = compileConditions(value, here);
      const forked = branches.length === 0 ? [new Map<string, readonly Condition[]>()] : branches;
      branches = forked.map((branch) => new Map(branch).set(here.join('.'), conditions));
    } else if (isObject(value)) {
      branches = compileObject(value, here, branches, insideOr);
    } else {
      throw new InvalidEventPatternError(`"${name}" must be an object or an array${at(path)}`);
    }
  }
  return branches;
}

function compileOr(value: unknown, path: readonly string[], before: readonly Branch[]): readonly Branch[] {
  if (!Array.isArray(value)) {
    throw new InvalidEventPatternError(`$or must be an array${at(path)}`);
  }
  if (value.length < 2) {
    throw new InvalidEventPatternError(`There must be at least 2 objects in $or${at(path)}`);
  }
  return value.flatMap((alternative: unknown) => {
    if (!isObject(alternative)) {
      throw new InvalidEventPatternError(`Only objects are allowed in $or${at(path)}`);
    }
    return compileObject(alternative, path, before.length === 0 ? [new Map()] : before, true);
  });
}

function compileConditions(values: readonly unknown[], path: readonly string[]): readonly Condition[] {
  if (values.length === 0) {
    throw new InvalidEventPatternError(`Empty arrays are not allowed${at(path)}`);
  }
  return values.map((value) => {
    switch (typeof value) {
      case 'string':
        return valueCondition(exactString(value));
      case 'number':
        return valueCondition((leaf) => leaf.number === value);
      case 'boolean':
        return valueCondition((leaf) => leaf.text === String(value));
      default:
        if (value === null) {
          return valueCondition((leaf) => leaf.text === 'null');
        }
        if (isObject(value)) {
          return compileExpression(value, path);
        }
        throw new InvalidEventPatternError(`Match value must be a string, number, true, false, or null${at(path)}`);
    }
  });
}

function compileExpression(expression: Readonly<Record<string, unknown>>, path: readonly string[]): Condition {
  const [operator, operand] = onlyEntry(expression, path);
  switch (operator) {
    case 'exists':
      if (typeof operand !== 'boolean') {
        throw new InvalidEventPatternError(`exists match pattern must be either true or false${at(path)}`);
      }
      return { kind: operand ? 'present' : 'absent' };
    case 'exactly': {
      const text = `"${requireString(operand, 'exact', path)}"`;
      return valueCondition((leaf) => leaf.text === text);
    }
    case 'prefix':
    case 'suffix':
      return valueCondition(affix(operator, operand, path));
    case 'equals-ignore-case': {
      const expected = ignoreCase(`"${requireString(operand, operator, path)}"`);
      return valueCondition((leaf) => new RegExp(`^${expected}$`).test(leaf.text));
    }
    case 'wildcard': {
      const expected = wildcard(requireString(operand, operator, path), path);
      return valueCondition((leaf) => expected.test(leaf.text));
    }
    case 'anything-but': {
      const excluded = anythingBut(operand, path);
      return valueCondition((leaf) => !excluded(leaf));
    }
    case 'numeric':
      return valueCondition(numeric(operand, path));
    case 'cidr':
      return valueCondition(inBlock(requireString(operand, operator, path), path));
    default:
      throw new InvalidEventPatternError(`Unrecognized match type ${operator}${at(path)}`);
  }
}

function exactString(expected: string): (leaf: Leaf) => boolean {
  const address = parseIpAddress(expected);
  if (address === undefined) {
    const text = `"${expected}"`;
    return (leaf) => leaf.text === text;
  }
  return inAddresses({ first: address, last: address });
}

function inBlock(block: string, path: readonly string[]): (leaf: Leaf) => boolean {
  const addresses = addressesOfBlock(block);
  if (typeof addresses === 'string') {
    throw new InvalidEventPatternError(`${addresses}${at(path)}`);
  }
  return inAddresses(addresses);
}

function inAddresses(range: IpRange): (leaf: Leaf) => boolean {
  return (leaf) => {
    const address = parseIpAddress(unquoted(leaf.text));
    return address !== undefined && isInRange(address, range);
  };
}

// A prefix is compared with the opening quote on and a suffix with the closing one, so neither fits a number.
function affix(kind: 'prefix' | 'suffix', operand: unknown, path: readonly string[]): (leaf: Leaf) => boolean {
  if (isObject(operand)) {
    const [operator, text] = onlyEntry(operand, path);
    if (operator !== 'equals-ignore-case') {
      throw new InvalidEventPatternError(`Unsupported ${kind} pattern: ${operator}${at(path)}`);
    }
    const expected = requireString(text, operator, path);
    const expression =
      kind === 'prefix' ? new RegExp(`^${ignoreCase(`"${expected}`)}`) : new RegExp(`${ignoreCase(`${expected}"`)}$`);
    return (leaf) => expression.test(leaf.text);
  }
  const expected = requireString(operand, kind, path);
  return hasAffix(kind, expected);
}

function hasAffix(kind: 'prefix' | 'suffix', expected: string): (leaf: Leaf) => boolean {
  return kind === 'prefix'
    ? (leaf) => leaf.text.startsWith(`"${expected}`)
    : (leaf) => leaf.text.endsWith(`${expected}"`);
}

/** What `anything-but` excludes. */
function anythingBut(operand: unknown, path: readonly string[]): (leaf: Leaf) => boolean {
  if (isObject(operand)) {
    const [operator, inner] = onlyEntry(operand, path);
    const texts = (Array.isArray(inner) ? inner : [inner]).map((text) => requireString(text, operator, path));
    const tests = texts.map((text) => anythingButTest(operator, text, path));
    if (!ANYTHING_BUT_OPERATORS.has(operator)) {
      throw new InvalidEventPatternError(`Unsupported anything-but pattern: ${operator}${at(path)}`);
    }
    return (leaf) => tests.some((test) => test(leaf));
  }
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (values.length > 0 && values.every((value) => typeof value === 'string')) {
    const texts = new Set(values.map((value) => `"${value}"`));
    return (leaf) => texts.has(leaf.text);
  }
  if (values.length > 0 && values.every((value) => typeof value === 'number')) {
    const numbers = new Set(values);
    return (leaf) => leaf.number !== undefined && numbers.has(leaf.number);
  }
  throw new InvalidEventPatternError(
    `Inside anything-but, either all values are strings or all are numbers, and there is at least one${at(path)}`,
  );
}

function anythingButTest(operator: string, text: string, path: readonly string[]): (leaf: Leaf) => boolean {
  switch (operator) {
    case 'prefix':
    case 'suffix':
      if (text === '') {
        throw new InvalidEventPatternError(`Null prefix/suffix not allowed${at(path)}`);
      }
      return hasAffix(operator, text);
    case 'equals-ignore-case': {
      const expression = new RegExp(`^${ignoreCase(`"${text}"`)}$`);
      return (leaf) => expression.test(leaf.text);
    }
    case 'wildcard': {
      const expression = wildcard(text, path);
      return (leaf) => expression.test(leaf.text);
    }
    default:
      throw new InvalidEventPatternError(`Unsupported anything-but pattern: ${operator}${at(path)}`);
  }
}

function numeric(operand: unknown, path: readonly string[]): (leaf: Leaf) => boolean {
  if (!Array.isArray(operand)) {
    throw new InvalidEventPatternError(`Value of numeric must be an array${at(path)}`);
  }
  const terms: readonly unknown[] = operand;
  const [operator, bound, secondOperator, secondBound] = terms;
  if (typeof operator !== 'string' || COMPARISONS[operator] === undefined) {
    throw new InvalidEventPatternError(`Unrecognized numeric range operator: ${String(operator)}${at(path)}`);
  }
  if (typeof bound !== 'number') {
    throw new InvalidEventPatternError(`Value of ${operator} must be numeric${at(path)}`);
  }
  const first = COMPARISONS[operator];
  if (terms.length === 2) {
    return (leaf) => leaf.number !== undefined && first(leaf.number, bound);
  }
  if (operator !== '>' && operator !== '>=') {
    throw new InvalidEventPatternError(`Too many elements in numeric expression${at(path)}`);
  }
  if (secondOperator !== '<' && secondOperator !== '<=') {
    throw new InvalidEventPatternError(`Bad numeric range operator: ${String(secondOperator)}${at(path)}`);
  }
  if (typeof secondBound !== 'number') {
    throw new InvalidEventPatternError(`Value of ${secondOperator} must be numeric${at(path)}`);
  }
  if (terms.length !== 4) {
    throw new InvalidEventPatternError(`Too many terms in numeric range expression${at(path)}`);
  }
  if (secondBound <= bound) {
    throw new InvalidEventPatternError(`Bottom must be less than top${at(path)}`);
  }
  const second = secondOperator === '<' ? isLess : isAtMost;
  return (leaf) => leaf.number !== undefined && first(leaf.number, bound) && second(leaf.number, secondBound);
}

const isLess = (left: number, right: number) => left < right;
const isAtMost = (left: number, right: number) => left <= right;

const COMPARISONS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '=': (left, right) => left === right,
  '<': isLess,
  '<=': isAtMost,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

const ANYTHING_BUT_OPERATORS: ReadonlySet<string> = new Set(['prefix', 'suffix', 'equals-ignore-case', 'wildcard']);

const RESERVED_INSIDE_OR: ReadonlySet<string> = new Set([
  ...['exactly', 'equals-ignore-case', 'prefix', 'suffix', 'anything-but', 'exists', 'wildcard', 'numeric', 'cidr'],
  ...['=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
  ...['ip-address-in-range', 'ip-address-not-in-range'],
]);

function wildcard(text: string, path: readonly string[]): RegExp {
  let expression = '';
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    const next = text.charAt(index + 1);
    if (character === '*') {
      if (next === '*') {
        throw new InvalidEventPatternError(`Consecutive wildcard characters at pos ${index + 1}${at(path)}`);
      }
      expression += '[^]*';
    } else if (character === '\\') {
      if (next !== '*' && next !== '\\') {
        throw new InvalidEventPatternError(`Invalid escape character at pos ${index + 1}${at(path)}`);
      }
      expression += `\\${next}`;
      index++;
    } else {
      expression += escapeExpression(character);
    }
  }
  return new RegExp(`^"${expression}"$`);
}

// Amazon's engine folds one UTF-16 unit at a time, and encodes half a surrogate pair as a question mark.
function ignoreCase(text: string): string {
  return text
    .split('')
    .map((unit) => {
      const known = /[\uD800-\uDFFF]/.test(unit) ? '?' : unit;
      const lower = escapeExpression(known.toLowerCase());
      const upper = escapeExpression(known.toUpperCase());
      return lower === upper ? lower : `(?:${lower}|${upper})`;
    })
    .join('');
}

function escapeExpression(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function onlyEntry(object: Readonly<Record<string, unknown>>, path: readonly string[]): readonly [string, unknown] {
  const [entry, ...others] = Object.entries(object);
  if (entry === undefined) {
    throw new InvalidEventPatternError(`Match expression name not found${at(path)}`);
  }
  if (others.length > 0) {
    throw new InvalidEventPatternError(`Only one key allowed in match expression${at(path)}`);
  }
  return entry;
}

function requireString(value: unknown, operator: string, path: readonly string[]): string {
  if (typeof value !== 'string') {
    throw new InvalidEventPatternError(`${operator} match pattern must be a string${at(path)}`);
  }
  return value;
}

function valueCondition(matches: (leaf: Leaf) => boolean): Condition {
  return { kind: 'value', matches };
}

function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(path: readonly string[]): string {
  return path.length === 0 ? '' : ` (at ${path.join('.')})`;
}
