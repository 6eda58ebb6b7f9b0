import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { driftCodes } from '../domain/drift.ts';
import { InvalidInput } from '../domain/errors.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { AttachedRecords, Coverage, RecordSummary, Records, SweepRecords } from '../domain/ports.ts';
import { type FunctionRecord, type Outcome, type RecordStatus, recordStatuses } from '../domain/record.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

/*
 * One table. A function's items share the partition key `pk`, its ARN; `sk` tells its state from its history.
 * The index `outcomes` (`outcomePk`, `outcomeSk`) answers questions across functions without a scan:
 *   state#<status>   <account>#<region>#<function>   the functions in a state, of one account or all
 *   drift#<day>      <time>#<function ARN>           what drifted on a day
 *   change#<day>     <time>#<function ARN>           every other change of state on a day
 *   coverage#<day>   <time>#<what>                   what a sweep found
 * What a sweep found is `pk` `sweep#<sweep>`, `sk` `<what>`.
 */

/** The SDK takes an object with a key `constructor`, which a variable may be named, for an instance of a class. */
const itemOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true };

const stateKey = 'state';
const historyDays = 400;
const dayMs = 24 * 60 * 60_000;

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

const outcomeItem: z.ZodType<Outcome> = z.object({
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

const recordItem: z.ZodType<FunctionRecord> = z.object({
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

/** Questions across functions, for the command line and reports. */
export interface RecordQueries {
  /** A function's history, newest first. */
  history(functionArn: string): AsyncIterable<Outcome>;
  /** The functions in a state, of one account where it is given. */
  withStatus(status: RecordStatus, accountId?: string): AsyncIterable<FunctionRecord>;
  /** What drifted from one moment to another, newest day first. */
  drifted(from: Date, to: Date): AsyncIterable<Outcome>;
  /** Every other change of state from one moment to another, newest day first. */
  changed(from: Date, to: Date): AsyncIterable<Outcome>;
}

const summaryItem: z.ZodType<RecordSummary> = z.object({
  functionArn: text,
  status,
  reason: text,
  action,
  goalMark: optional(text),
});

const coverageItem: z.ZodType<Coverage> = z.object({
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

/** The states in which a function may have something of ours, or opted in. */
const openStates = recordStatuses.filter((one) => one !== 'released' && one !== 'deleted');

/** Records in DynamoDB. Writes are conditional on the version that they build on; a replay changes nothing. */
export function createDynamoDbRecords(
  client: DynamoDBClient,
  tableName: string,
): Records & RecordQueries & SweepRecords & AttachedRecords {
  async function send<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (readRefusal(error).name === 'ResourceNotFoundException')
        throw new InvalidInput(
          `${doing} failed: there is no table ${tableName}; restore it or deploy again: see docs/operations.md`,
          { cause: error },
        );
      throw toLayerwardError(error, doing);
    }
  }

  /** A conditional write, whose lost race is an answer and not an error. */
  async function sendIf(doing: string, call: () => Promise<unknown>): Promise<'saved' | 'stale'> {
    try {
      await call();
      return 'saved';
    } catch (error) {
      if (readRefusal(error).name === 'ConditionalCheckFailedException') return 'stale';
      return send(doing, () => Promise.reject(error));
    }
  }

  async function* query(
    keys: Readonly<Record<string, string>>,
    condition: string,
    options: {
      readonly index?: string;
      readonly newestFirst?: boolean;
      readonly isConsistent?: boolean;
      readonly attributes?: readonly string[];
    },
  ): AsyncIterable<Record<string, unknown>> {
    let startKey: Record<string, AttributeValue> | undefined;
    do {
      const exclusiveStart = startKey ? { ExclusiveStartKey: startKey } : {};
      const page = await send('asking the records', () =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            ...(options.index ? { IndexName: options.index } : {}),
            KeyConditionExpression: condition,
            ExpressionAttributeValues: marshall(keys),
            ScanIndexForward: !options.newestFirst,
            ...(options.isConsistent ? { ConsistentRead: true } : {}),
            ...projectionOf(options.attributes),
            ...exclusiveStart,
          }),
        ),
      );
      for (const item of page.Items ?? []) yield unmarshall(item);
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  }

  /** What is kept by day, from one moment to another, newest first. */
  async function* ofDays(kind: 'drift' | 'change', from: Date, to: Date): AsyncIterable<Record<string, unknown>> {
    const firstDay = Math.floor(from.getTime() / dayMs);
    for (let day = Math.floor(to.getTime() / dayMs); day >= firstDay; day--) {
      const name = new Date(day * dayMs).toISOString().slice(0, 10);
      yield* query(
        { ':day': `${kind}#${name}`, ':from': from.toISOString(), ':to': `${to.toISOString()}~` },
        'outcomePk = :day AND outcomeSk BETWEEN :from AND :to',
        { index: 'outcomes', newestFirst: true },
      );
    }
  }

  return {
    async find(functionArn) {
      const { Item } = await send(`reading the record of ${functionArn}`, () =>
        client.send(
          new GetItemCommand({
            TableName: tableName,
            Key: marshall({ pk: functionArn, sk: stateKey }),
            // What another look has just written must be seen, or its before-values would be written over.
            ConsistentRead: true,
          }),
        ),
      );
      return Item && parseItem(recordItem, unmarshall(Item), `the record of ${functionArn}`);
    },

    save(record) {
      const arn = parseFunctionArn(record.functionArn);
      const item = {
        ...record,
        pk: record.functionArn,
        sk: stateKey,
        outcomePk: `state#${record.status}`,
        outcomeSk: arn ? `${arn.accountId}#${arn.region}#${arn.functionName}` : record.functionArn,
      };
      const isFirst = record.version === 1;
      return sendIf(`writing the record of ${record.functionArn}`, () =>
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: marshall(item, itemOptions),
            ConditionExpression: isFirst ? 'attribute_not_exists(pk)' : '#version = :former',
            ...(isFirst
              ? {}
              : {
                  ExpressionAttributeNames: { '#version': 'version' },
                  ExpressionAttributeValues: marshall({ ':former': record.version - 1 }),
                }),
          }),
        ),
      );
    },

    forget(record) {
      return sendIf(`forgetting the record of ${record.functionArn}`, () =>
        client.send(
          new DeleteItemCommand({
            TableName: tableName,
            Key: marshall({ pk: record.functionArn, sk: stateKey }),
            ConditionExpression: '#version = :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: marshall({ ':version': record.version }),
          }),
        ),
      );
    },

    async remember(outcome) {
      const { functionArn, at, status, action, cause } = outcome;
      const hasDrifted = status === 'drifted' || status === 'contested';
      const item = {
        ...outcome,
        pk: functionArn,
        // No clock in the key: the same outcome of the same event is the same item, however often it is written.
        sk: `history#${cause.eventTime}#${cause.eventId}#${status}#${action}`,
        outcomePk: `${hasDrifted ? 'drift' : 'change'}#${at.slice(0, 10)}`,
        outcomeSk: `${at}#${functionArn}`,
        expiresAt: Math.floor(Date.parse(at) / 1000) + (historyDays * dayMs) / 1000,
      };
      await sendIf(`writing the history of ${functionArn}`, () =>
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: marshall(item, itemOptions),
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      );
    },

    async *history(functionArn) {
      const items = query({ ':pk': functionArn, ':history': 'history#' }, 'pk = :pk AND begins_with(sk, :history)', {
        newestFirst: true,
      });
      for await (const item of items) yield parseItem(outcomeItem, item, `the history of ${functionArn}`);
    },

    async *withStatus(wanted, accountId) {
      const items = accountId
        ? query(
            { ':status': `state#${wanted}`, ':account': `${accountId}#` },
            'outcomePk = :status AND begins_with(outcomeSk, :account)',
            { index: 'outcomes' },
          )
        : query({ ':status': `state#${wanted}` }, 'outcomePk = :status', { index: 'outcomes' });
      for await (const item of items) yield parseItem(recordItem, item, `a record in state ${wanted}`);
    },

    async *summaries({ accountId, region }) {
      for (const state of openStates) {
        const items = query(
          { ':status': `state#${state}`, ':place': `${accountId}#${region}#` },
          'outcomePk = :status AND begins_with(outcomeSk, :place)',
          { index: 'outcomes', attributes: ['functionArn', 'status', 'reason', 'action', 'goalMark'] },
        );
        for await (const item of items) yield parseItem(summaryItem, item, `a record in state ${state}`);
      }
    },

    async saveCoverage(coverage: Coverage) {
      const { sweepId, at, what } = coverage;
      const item = {
        ...coverage,
        pk: `sweep#${sweepId}`,
        sk: what,
        outcomePk: `coverage#${at.slice(0, 10)}`,
        outcomeSk: `${at}#${what}`,
        expiresAt: Math.floor(Date.parse(at) / 1000) + (historyDays * dayMs) / 1000,
      };
      await send(`writing what a sweep found of ${what}`, () =>
        client.send(new PutItemCommand({ TableName: tableName, Item: marshall(item, itemOptions) })),
      );
    },

    async *coverageOf(sweepId) {
      const items = query({ ':sweep': `sweep#${sweepId}` }, 'pk = :sweep', { isConsistent: true });
      for await (const item of items) yield parseItem(coverageItem, item, `what the sweep ${sweepId} found`);
    },

    async *attached() {
      for (const state of openStates) {
        const items = query({ ':status': `state#${state}` }, 'outcomePk = :status', { index: 'outcomes' });
        for await (const item of items) {
          const record = parseItem(recordItem, item, `a record in state ${state}`);
          if (record.attachment || record.pending.length > 0) yield record;
        }
      }
    },

    async *drifted(from, to) {
      for await (const item of ofDays('drift', from, to)) yield parseItem(outcomeItem, item, 'what drifted');
    },

    async *changed(from, to) {
      for await (const item of ofDays('change', from, to)) yield parseItem(outcomeItem, item, 'a change of state');
    },
  };
}

/** Only these attributes; their names may be words that DynamoDB reserves. */
function projectionOf(attributes: readonly string[] | undefined) {
  if (!attributes) return {};
  return {
    ProjectionExpression: attributes.map((_, index) => `#a${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, index) => [`#a${index}`, name])),
  };
}

function parseItem<T>(schema: z.ZodType<T>, item: unknown, what: string): T {
  const parsed = schema.safeParse(item);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new InvalidInput(`${what} in DynamoDB is not of the form that this version writes: ${issues}`);
}
