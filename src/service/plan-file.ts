import { createHash } from 'node:crypto';
import * as z from 'zod';
import { driftCodes } from '../domain/drift.ts';
import { InvalidInput } from '../domain/errors.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';

/** What an update would be: a first attachment, a repair, an update to a new goal, or a release. */
export const purposes = ['attached', 'repaired', 'updated', 'released'] as const;

/** One of {@link purposes}. */
export type Purpose = (typeof purposes)[number];

const text = z.string();

/** A difference, as plans and reports have it. */
export const driftSchema = z.object({
  code: z.enum(driftCodes),
  path: text,
  expected: text.exactOptional(),
  actual: text.exactOptional(),
});

/** A function of a plan file. */
const plannedFunction = z.object({
  functionArn: text
    .refine((one) => parseFunctionArn(one) !== undefined, 'is not a function’s ARN')
    .describe('The function.'),
  revisionId: text.describe('The revision that the update is for; for any other it is refused.'),
  status: z.enum(['drifted', 'release']).describe('The decision.'),
  reason: text.describe('Its reason.'),
  purpose: z.enum(purposes).describe('What the update will have been.'),
  mode: z.enum(['enforce', 'audit']).describe('What the policy says; audit is applied only where it is asked for.'),
  drift: z.array(driftSchema).describe('What differs.'),
  updateMark: text.describe('Tells whether the same update would be sent; of its values it tells nothing.'),
});

/** A plan as a file: what would be changed, and how to tell whether it still would. It holds no value of a variable. */
export const planFileSchema = z.object({
  format: z.literal('layerward-plan'),
  version: z.literal(1),
  createdAt: z.iso.datetime().describe('When it was made, ISO 8601.'),
  accountId: z
    .string()
    .regex(/^\d{12}$/)
    .describe('The account of whoever made it.'),
  policyMark: text.describe('Tells whether the policy is the same.'),
  salt: text.describe('Random; the marks of updates depend on it.'),
  functions: z.array(plannedFunction),
});

/** A plan as a file. */
export type PlanFile = z.output<typeof planFileSchema>;
/** A function of a plan file. */
export type PlannedFunction = z.output<typeof plannedFunction>;

/** A mark of a policy: the same mark, the same policy, however its keys are ordered. */
export function markPolicy(policy: Policy): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(policy)))
    .digest('base64url')
    .slice(0, 22);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one)]);
}

/**
 * Reads a plan file.
 * @throws {InvalidInput} where it is not whole, or of another version: the plan has to be made again.
 */
export function readPlanFile(content: string, fileName: string): PlanFile {
  const again = `make it again: layerward plan --out ${fileName}`;
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch {
    throw new InvalidInput(`${fileName} is not a whole plan (it is not JSON to its end); ${again}`);
  }
  const format = z.object({ format: z.literal('layerward-plan'), version: z.unknown() }).safeParse(document);
  if (!format.success) throw new InvalidInput(`${fileName} is not a plan of Layerward’s; ${again}`);
  if (format.data.version !== 1)
    throw new InvalidInput(`${fileName} was written by another version of Layerward; ${again}`);
  const parsed = planFileSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvalidInput(
    `${fileName} is not a whole plan (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}); ${again}`,
  );
}

/** A plan file's content. */
export function formatPlanFile(plan: PlanFile): string {
  return `${JSON.stringify(plan, undefined, 2)}\n`;
}
