import fc from 'fast-check';
import type { Attachment } from '../../src/domain/attachment.ts';
import type { Actor } from '../../src/domain/change.ts';
import { type Drift, driftCodes } from '../../src/domain/drift.ts';
import type { Coverage } from '../../src/domain/ports.ts';
import type { Cause, FunctionRecord, Outcome } from '../../src/domain/record.ts';

/* Records and outcomes of every form that the service can write, and some that it hardly will. */

/** Any text, one that a store could take for something else among them. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }).map(wellFormed),
  fc.constantFrom('', 'NULL', '0', '\0'),
);
const time = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
/** As AWS allows variables to be named, names that objects inherit included. */
const variableName = fc.oneof(
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{1,30}$/),
  fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'valueOf'),
);
const variables = fc.dictionary(variableName, text, { noNullPrototype: true, maxKeys: 12 });
const count = fc.nat();

/** A function's ARN, in one of a few accounts and regions. */
export const functionArn = fc
  .tuple(
    fc.constantFrom('us-east-1', 'eu-west-1'),
    fc.constantFrom('111122223333', '444455556666'),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,140}$/),
  )
  .map(([region, account, name]) => `arn:aws:lambda:${region}:${account}:function:${name}`);

const status = fc.constantFrom<FunctionRecord['status'][]>(
  ...(['protected', 'drifted', 'blocked', 'contested', 'unsupported', 'release', 'released', 'deleted'] as const),
);
const action = fc.constantFrom<FunctionRecord['action'][]>(
  ...(['sent', 'reported', 'attached', 'repaired', 'updated', 'released', 'none'] as const),
);

const drift: fc.Arbitrary<Drift[]> = fc.array(
  fc.record(
    { code: fc.constantFrom(...driftCodes), path: text, expected: text, actual: text },
    { requiredKeys: ['code', 'path'] },
  ),
  { maxLength: 4 },
);

const actor: fc.Arbitrary<Actor> = fc.record(
  { type: text, name: text, arn: text, invokedBy: text, sourceIpAddress: text, userAgent: text },
  { requiredKeys: ['type', 'name'] },
);

const cause: fc.Arbitrary<Cause> = fc.record(
  { eventId: fc.uuid(), eventName: text, eventTime: time, actor },
  { requiredKeys: ['eventId', 'eventName', 'eventTime'] },
);

const attachment: fc.Arbitrary<Attachment> = fc.record(
  {
    agent: text,
    variant: text,
    group: text,
    isRebuilt: fc.constant(true as const),
    applied: fc.record(
      {
        layerArn: text,
        handler: text,
        handlerVariable: variableName,
        variables,
        secretVariables: fc.array(variableName, { maxLength: 3 }),
      },
      { requiredKeys: ['layerArn', 'variables', 'secretVariables'] },
    ),
    before: fc.record(
      { handler: text, layers: fc.array(fc.record({ arn: text, ahead: count }), { maxLength: 5 }), variables },
      { requiredKeys: ['layers', 'variables'] },
    ),
  },
  { requiredKeys: ['agent', 'variant', 'group', 'applied', 'before'] },
);

const state = { status, reason: text, detail: text, action, drift, cause };
const names = { agent: text, variant: text, group: text };
const stateKeys = ['functionArn', 'status', 'reason', 'detail', 'action', 'drift', 'cause'] as const;

/** An outcome, as the history keeps it. */
export const outcome: fc.Arbitrary<Outcome> = fc.record(
  {
    functionArn,
    ...state,
    at: time,
    durationMs: count,
    ...names,
    previous: fc.record({ status, reason: text }),
  },
  { requiredKeys: [...stateKeys, 'at', 'durationMs'] },
);

/** A record that was never written before. */
export const firstRecord: fc.Arbitrary<FunctionRecord> = fc.record(
  {
    functionArn,
    version: fc.constant(1),
    ...state,
    since: time,
    updatedAt: time,
    runtime: text,
    architecture: text,
    ...names,
    attachment,
    pending: fc.array(attachment, { maxLength: 3 }),
    goalMark: text,
    purpose: fc.constantFrom('attached', 'repaired', 'updated', 'released'),
    repairs: fc.array(fc.record({ at: time, eventId: fc.uuid() }), { maxLength: 5 }),
    repairCount: count,
    outbox: fc.array(outcome, { maxLength: 3 }),
    announced: text,
  },
  {
    requiredKeys: [
      ...stateKeys,
      ...(['version', 'since', 'updatedAt', 'architecture', 'pending', 'repairs', 'repairCount', 'outbox'] as const),
    ],
  },
);

const statusAndReason = fc.tuple(status, text).map(([of, reason]) => `${of}: ${reason}`);

/** What a sweep found, of any form that has a place to be found by. */
export const anyCoverage: fc.Arbitrary<Coverage> = fc.record(
  {
    sweepId: fc.uuid(),
    at: time,
    what: text.filter((value) => value !== ''),
    accountId: text,
    region: text,
    counts: fc.dictionary(fc.oneof(status, statusAndReason), count, { noNullPrototype: true, maxKeys: 12 }),
    sent: count,
    repaired: count,
    problem: text,
  },
  { requiredKeys: ['sweepId', 'at', 'what', 'counts', 'sent', 'repaired'] },
);

/** JSON can hold half a character, UTF-8 can't. */
function wellFormed(value: string): string {
  return value.toWellFormed();
}
