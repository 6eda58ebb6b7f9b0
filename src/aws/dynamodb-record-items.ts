import * as z from 'zod';
import { driftCodes } from '../domain/drift.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Coverage, RecordSummary } from '../domain/ports.ts';
import { type FunctionRecord, type Outcome, recordStatuses } from '../domain/record.ts';

/* The forms of the items that dynamodb-records.ts writes. */

const text = z.string();
const texts = z.record(text, text);
const optional = <T extends z.ZodType>(schema: T) => schema.exactOptional();

const drift = z.array(
  z.object({ code: z.enum(driftCodes), path: text, expected: optional(text), actual: optional(text) }),
);

const cause = z.object({
  eventId: text,
  eventName: text,
  eventTime: text,
  actor: optional(
    z.object({
      type: text,
      name: text,
      arn: optional(text),
      invokedBy: optional(text),
      sourceIpAddress: optional(text),
      userAgent: optional(text),
    }),
  ),
});

const status = z.enum(recordStatuses);

const state = { status, reason: text, detail: text, drift, cause };
const action = z.enum(['sent', 'reported', 'attached', 'repaired', 'updated', 'released', 'none']);
const names = { agent: optional(text), variant: optional(text), group: optional(text) };

export const outcomeItem: z.ZodType<Outcome> = z.object({
  functionArn: text,
  ...state,
  action,
  at: text,
  durationMs: z.number(),
  ...names,
  previous: optional(z.object({ status, reason: text })),
});

const attachment = z.object({
  agent: text,
  variant: text,
  group: text,
  isRebuilt: optional(z.literal(true)),
  applied: z.object({
    layerArn: text,
    handler: optional(text),
    handlerVariable: optional(text),
    variables: texts,
    secretVariables: z.array(text),
  }),
  before: z.object({
    handler: optional(text),
    layers: z.array(z.object({ arn: text, ahead: z.int() })),
    variables: texts,
  }),
});

export const recordItem: z.ZodType<FunctionRecord> = z.object({
  functionArn: text,
  version: z.int(),
  ...state,
  action,
  since: text,
  updatedAt: text,
  runtime: optional(text),
  architecture: text,
  ...names,
  attachment: optional(attachment),
  pending: z.array(attachment),
  goalMark: optional(text),
  purpose: optional(z.enum(['attached', 'repaired', 'updated', 'released'])),
  repairs: z.array(z.object({ at: text, eventId: text })),
  repairCount: z.int(),
  outbox: z.array(outcomeItem),
  announced: optional(text),
});

export const summaryItem: z.ZodType<RecordSummary> = z.object({
  functionArn: text,
  status,
  reason: text,
  action,
  goalMark: optional(text),
  outbox: z.array(outcomeItem),
});

export const coverageItem: z.ZodType<Coverage> = z.object({
  sweepId: text,
  at: text,
  what: text,
  accountId: optional(text),
  region: optional(text),
  counts: z.record(text, z.number()),
  sent: z.number(),
  repaired: z.number(),
  problem: optional(text),
});

/** An item in its form; `what` names it in the error. Throws `InvalidInput` where it is of another form. */
export function parseItem<T>(schema: z.ZodType<T>, item: unknown, what: string): T {
  const parsed = schema.safeParse(item);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new InvalidInput(`${what} in DynamoDB is not of the form that this version writes: ${issues}`);
}
