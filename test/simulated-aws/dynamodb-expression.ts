import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** An item, as the wire has it. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** The names and values that an expression stands for. */
export interface ExpressionContext {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, AttributeValue>>;
}

type Operand = (item: Item, context: ExpressionContext) => AttributeValue | undefined;
type Condition = (item: Item, context: ExpressionContext) => boolean;
type Assignment = readonly [name: string, value: Operand];

const conditions = new Map<string, Condition>();
const updates = new Map<string, readonly Assignment[]>();

/** Whether an item fits a condition; an absent item has no attributes. */
export function fits(expression: string, item: Item | undefined, context: ExpressionContext): boolean {
  const condition = conditions.get(expression) ?? parseCondition(expression);
  conditions.set(expression, condition);
  return condition(item ?? {}, context);
}

/** What a `SET` expression makes of an item. */
export function updated(expression: string, item: Item, context: ExpressionContext): Item {
  const assignments = updates.get(expression) ?? parseUpdate(expression);
  updates.set(expression, assignments);
  const changed: Record<string, AttributeValue> = { ...item };
  for (const [name, value] of assignments) {
    const worth = value(item, context);
    if (worth === undefined) throw new Error(`${expression}: the value for ${name} does not exist`);
    changed[nameOf(name, context)] = worth;
  }
  return changed;
}

/** The part of DynamoDB's grammar that is needed: comparisons, AND, OR, BETWEEN, and some functions. */
function parseCondition(expression: string): Condition {
  const tokens = tokensOf(expression);
  const condition = either(tokens);
  tokens.end();
  return condition;
}

function either(tokens: Tokens): Condition {
  const parts = [both(tokens)];
  while (tokens.skip('OR')) parts.push(both(tokens));
  return parts.length === 1 && parts[0] ? parts[0] : (item, context) => parts.some((part) => part(item, context));
}

function both(tokens: Tokens): Condition {
  const parts = [single(tokens)];
  while (tokens.skip('AND')) parts.push(single(tokens));
  return parts.length === 1 && parts[0] ? parts[0] : (item, context) => parts.every((part) => part(item, context));
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function single(tokens: Tokens): Condition {
  if (tokens.skip('(')) {
    const inner = either(tokens);
    tokens.take(')');
    return inner;
  }
  if (tokens.skip('attribute_not_exists')) {
    tokens.take('(');
    const value = operand(tokens);
    tokens.take(')');
    return (item, context) => value(item, context) === undefined;
  }
  if (tokens.skip('begins_with')) {
    tokens.take('(');
    const value = operand(tokens);
    tokens.take(',');
    const beginning = operand(tokens);
    tokens.take(')');
    return (item, context) => value(item, context)?.S?.startsWith(beginning(item, context)?.S ?? '') ?? false;
  }
  const left = operand(tokens);
  if (tokens.skip('BETWEEN')) {
    const least = operand(tokens);
    tokens.take('AND');
    const most = operand(tokens);
    return (item, context) => {
      const value = left(item, context);
      return compare(value, least(item, context), ['>=']) && compare(value, most(item, context), ['<=']);
    };
  }
  const sign = tokens.next();
  const right = operand(tokens);
  return (item, context) => compare(left(item, context), right(item, context), [sign]);
}

function compare(
  a: AttributeValue | undefined,
  b: AttributeValue | undefined,
  [sign = '']: readonly string[],
): boolean {
  const holds = comparisons[sign];
  if (!holds) throw new Error(`${sign} is no comparison that is known here`);
  if (a?.N !== undefined && b?.N !== undefined) return holds(Number(a.N) - Number(b.N));
  if (a?.S !== undefined && b?.S !== undefined) return holds(a.S < b.S ? -1 : a.S > b.S ? 1 : 0);
  return false;
}

function operand(tokens: Tokens): Operand {
  const name = tokens.next();
  if (name === 'if_not_exists') {
    tokens.take('(');
    const value = operand(tokens);
    tokens.take(',');
    const otherwise = operand(tokens);
    tokens.take(')');
    return (item, context) => value(item, context) ?? otherwise(item, context);
  }
  if (name.startsWith(':'))
    return (_, { values }) => {
      const value = values[name];
      if (!value) throw new Error(`${name} has no value`);
      return value;
    };
  return (item, context) => item[nameOf(name, context)];
}

function parseUpdate(expression: string): readonly Assignment[] {
  const tokens = tokensOf(expression);
  tokens.take('SET');
  const assignments: Assignment[] = [];
  do {
    const name = tokens.next();
    tokens.take('=');
    let value = operand(tokens);
    while (tokens.skip('+')) value = sum(value, operand(tokens));
    assignments.push([name, value]);
  } while (tokens.skip(','));
  tokens.end();
  return assignments;
}

function sum(a: Operand, b: Operand): Operand {
  return (item, context) => {
    const [one, other] = [a(item, context)?.N, b(item, context)?.N];
    return one === undefined || other === undefined ? undefined : { N: String(Number(one) + Number(other)) };
  };
}

function nameOf(name: string, { names }: ExpressionContext): string {
  return name.startsWith('#') ? (names[name] ?? name) : name;
}

interface Tokens {
  next(): string;
  /** Takes this token, if it is the next one. */
  skip(token: string): boolean;
  take(token: string): void;
  end(): void;
}

function tokensOf(expression: string): Tokens {
  const tokens = expression.match(/[#:]?\w+|<=|>=|[=<>(),+]/g) ?? [];
  let at = 0;
  const fail = (wanted: string): never => {
    throw new Error(`${expression}: ${wanted} is missing at ${tokens[at] ?? 'its end'}`);
  };
  const skip = (token: string) => {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  };
  return {
    next: () => tokens[at++] ?? fail('something'),
    skip,
    take: (token) => void (skip(token) || fail(token)),
    end: () => void (at === tokens.length || fail('the end')),
  };
}
