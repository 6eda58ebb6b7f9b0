import * as z from 'zod';

/** What somebody is about to do to a resource, as its resource policy judges it. */
export interface AccessRequest {
  /** `service:Action`, such as `sqs:SendMessage`. */
  readonly action: string;
  readonly resourceArn: string;
  /** Who asks: a service such as `events.amazonaws.com`, or the ARN of a principal. */
  readonly principal: { readonly service: string } | { readonly arn: string };
  /** Condition keys, such as `aws:SourceArn`. A key that is missing is absent from the request. */
  readonly context: Readonly<Record<string, string>>;
}

const texts = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]));

const statementSchema = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.record(z.string(), texts)]).optional(),
  NotPrincipal: z.never().optional(),
  Action: texts.optional(),
  NotAction: texts.optional(),
  Resource: texts.optional(),
  NotResource: texts.optional(),
  Condition: z
    .record(z.string(), z.record(z.string(), z.union([texts, z.boolean().transform((value) => [String(value)])])))
    .optional(),
});

const policySchema = z.object({
  Version: z.string().optional(),
  Statement: z
    .union([statementSchema, z.array(statementSchema)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
});

type Statement = z.output<typeof statementSchema>;

/**
 * Whether a resource policy admits a request: some statement allows it and none denies it.
 *
 * @param policy the policy's JSON; undefined if the resource has none, which admits nobody.
 * @throws Error if the policy is not one, or uses a condition operator that is not known here.
 */
export function admits(policy: string | undefined, request: AccessRequest): boolean {
  if (policy === undefined || policy === '') {
    return false;
  }
  const { Statement } = policySchema.parse(JSON.parse(policy));
  const fitting = Statement.filter((statement) => fits(statement, request));
  return fitting.some(({ Effect }) => Effect === 'Allow') && !fitting.some(({ Effect }) => Effect === 'Deny');
}

function fits(statement: Statement, request: AccessRequest): boolean {
  return (
    fitsPrincipal(statement.Principal, request.principal) &&
    fitsList(statement.Action, statement.NotAction, request.action.toLowerCase(), (text) => text.toLowerCase()) &&
    fitsList(statement.Resource, statement.NotResource, request.resourceArn, (text) => text) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, values, contextValue(request.context, key))),
    )
  );
}

function fitsPrincipal(principal: Statement['Principal'], asking: AccessRequest['principal']): boolean {
  if (principal === undefined) {
    return false;
  }
  if (principal === '*') {
    return true;
  }
  if ((principal['AWS'] ?? []).includes('*')) {
    return true;
  }
  if ('service' in asking) {
    return (principal['Service'] ?? []).includes(asking.service);
  }
  const account = asking.arn.split(':')[4] ?? '';
  return (principal['AWS'] ?? []).some(
    (known) => known === asking.arn || known === account || known === `arn:aws:iam::${account}:root`,
  );
}

function fitsList(
  list: readonly string[] | undefined,
  except: readonly string[] | undefined,
  value: string,
  normalize: (text: string) => string,
): boolean {
  if (except !== undefined) {
    return !except.some((glob) => isLike(value, normalize(glob)));
  }
  return list?.some((glob) => isLike(value, normalize(glob))) ?? false;
}

function contextValue(context: Readonly<Record<string, string>>, key: string): string | undefined {
  const wanted = key.toLowerCase();
  return Object.entries(context).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** One line of a condition; an absent key fails positive operators and satisfies negated and `IfExists` ones. */
function holds(operator: string, values: readonly string[], actual: string | undefined): boolean {
  if (operator === 'Null') {
    return values.some((value) => (value === 'true') === (actual === undefined));
  }
  const ifExists = operator.endsWith('IfExists');
  const name = ifExists ? operator.slice(0, -'IfExists'.length) : operator;
  const test = OPERATORS[name];
  if (test === undefined) {
    throw new Error(
      `The condition operator ${operator} is not known to the sandbox, which has ${Object.keys(OPERATORS).join(', ')}`,
    );
  }
  if (actual === undefined) {
    return ifExists || test.negated;
  }
  return values.some((value) => test.compare(actual, value)) !== test.negated;
}

interface Operator {
  readonly negated: boolean;
  readonly compare: (actual: string, expected: string) => boolean;
}

const equals: Operator['compare'] = (actual, expected) => actual === expected;
const equalsIgnoringCase: Operator['compare'] = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();

const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { negated: false, compare: equals },
  StringNotEquals: { negated: true, compare: equals },
  StringEqualsIgnoreCase: { negated: false, compare: equalsIgnoringCase },
  StringNotEqualsIgnoreCase: { negated: true, compare: equalsIgnoringCase },
  StringLike: { negated: false, compare: isLike },
  StringNotLike: { negated: true, compare: isLike },
  ArnEquals: { negated: false, compare: isArnLike },
  ArnLike: { negated: false, compare: isArnLike },
  ArnNotEquals: { negated: true, compare: isArnLike },
  ArnNotLike: { negated: true, compare: isArnLike },
  Bool: { negated: false, compare: equalsIgnoringCase },
};

function isLike(actual: string, glob: string): boolean {
  const expression = glob
    .split('')
    .map((character) =>
      character === '*' ? '[^]*' : character === '?' ? '[^]' : character.replace(/[\\^$.+()[\]{}|/-]/, '\\$&'),
    )
    .join('');
  return new RegExp(`^${expression}$`).test(actual);
}

/** Wildcards of an ARN stay within its colon-separated parts; the last part takes all that is left. */
function isArnLike(actual: string, glob: string): boolean {
  const actualParts = splitArn(actual);
  const globParts = splitArn(glob);
  return (
    actualParts.length === globParts.length && globParts.every((part, index) => isLike(actualParts[index] ?? '', part))
  );
}

function splitArn(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}
