import * as z from 'zod';

/** A policy of IAM, read. */
export interface Policy {
  /** How verdicts and the record of used statements call it. */
  readonly name: string;
  readonly statements: readonly Statement[];
}

/** One statement; lists that were not written are undefined. */
export interface Statement {
  /** Its `Sid`, or `#` and its place in the policy. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in policies of identities, whose principal is their owner. */
  readonly principals: Principals | undefined;
  readonly exceptPrincipals: Principals | undefined;
  readonly actions: readonly string[] | undefined;
  readonly exceptActions: readonly string[] | undefined;
  readonly resources: readonly string[] | undefined;
  readonly exceptResources: readonly string[] | undefined;
  readonly conditions: readonly Condition[];
}

/** `*`, or ids by kind: `AWS`, `Service`, … */
export type Principals = '*' | Readonly<Record<string, readonly string[]>>;

/** One line of a condition block. */
export interface Condition {
  /** `StringEquals`, `ForAllValues:StringLike`, `ArnEqualsIfExists`, … */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** A policy document that is none. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

const texts = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]));
const values = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))])
  .transform((value) => (Array.isArray(value) ? value : [value]).map(String));
const principals = z.union([z.literal('*'), z.record(z.string(), texts)]);

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principals.optional(),
  NotPrincipal: principals.optional(),
  Action: texts.optional(),
  NotAction: texts.optional(),
  Resource: texts.optional(),
  NotResource: texts.optional(),
  Condition: z.record(z.string(), z.record(z.string(), values)).optional(),
});

const policySchema = z.looseObject({
  Statement: z
    .union([statementSchema, z.array(statementSchema)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
});

/**
 * Reads a policy document.
 *
 * @param name how errors and verdicts call it.
 * @param document the parsed JSON, or its text.
 * @throws {PolicyError} for a document that is no policy.
 */
export function parsePolicy(name: string, document: unknown): Policy {
  const parsed = policySchema.safeParse(typeof document === 'string' ? parseJson(name, document) : document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PolicyError(`The policy ${name} is malformed: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return {
    name,
    statements: parsed.data.Statement.map((statement, index) => ({
      name: statement.Sid ?? `#${index}`,
      effect: statement.Effect,
      principals: statement.Principal,
      exceptPrincipals: statement.NotPrincipal,
      actions: statement.Action,
      exceptActions: statement.NotAction,
      resources: statement.Resource,
      exceptResources: statement.NotResource,
      conditions: Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
        Object.entries(keys).map(([key, wanted]) => ({ operator, key, values: wanted })),
      ),
    })),
  };
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PolicyError(`The policy ${name} is not JSON: ${String(error)}`, { cause: error });
  }
}
