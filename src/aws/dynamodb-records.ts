import { isDeepStrictEqual } from 'node:util';
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { AttachedRecords, Coverage, Records, SweepRecords } from '../domain/ports.ts';
import { type FunctionRecord, recordStatuses } from '../domain/record.ts';
import { coverageItem, parseItem, recordItem, summaryItem } from './dynamodb-record-items.ts';
import { openRecordsTable } from './dynamodb-records-table.ts';
import { readRefusal } from './refusal.ts';

/*
 * One table. A function's items share the partition key `pk`, its ARN; `sk` tells its state from its history.
 * The index `outcomes` (`outcomePk`, `outcomeSk`) answers questions across functions without a scan:
 *   state#<status>   <account>#<region>#<function>   the functions in a state, of one account or all
 *   state#untold     <account>#<region>#<function>   those that are released or deleted, until that is told
 *   drift#<day>      <time>#<function ARN>           what drifted on a day
 *   change#<day>     <time>#<function ARN>           every other change of state on a day
 *   coverage#<day>   <time>#<what>                   what a sweep found
 * What a sweep found is `pk` `sweep#<sweep>`, `sk` `<what>`. That records are lost is said by people, by the item
 * `deployment`, `records-lost`: docs/operations.md.
 */

/** The SDK takes an object with a key `constructor`, which a variable may be named, for an instance of a class. */
const itemOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true };

const stateKey = 'state';
const lostKey = marshall({ pk: 'deployment', sk: 'records-lost' });
const historyDays = 400;
const dayMs = 24 * 60 * 60_000;

/** The states in which a function may have something of ours, or opted in. */
const openStates: readonly string[] = recordStatuses.filter((one) => one !== 'released' && one !== 'deleted');

/** What sweeps look through. The records of what is gone and told of only get more. */
const watchedStates = [...openStates, 'untold'];

/** Where the index has a record. */
function indexedState({ status, outbox }: FunctionRecord): string {
  return outbox.length === 0 || openStates.includes(status) ? status : 'untold';
}

/** Records in DynamoDB. Writes are conditional on the version that they build on; a replay changes nothing. */
export function createDynamoDbRecords(
  client: DynamoDBClient,
  tableName: string,
): Records & SweepRecords & AttachedRecords {
  const { send, query } = openRecordsTable(client, tableName);

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

  async function find(functionArn: string): Promise<FunctionRecord | undefined> {
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
  }

  return {
    find,

    async save(record) {
      const arn = parseFunctionArn(record.functionArn);
      const item = {
        ...record,
        pk: record.functionArn,
        sk: stateKey,
        outcomePk: `state#${indexedState(record)}`,
        outcomeSk: arn ? `${arn.accountId}#${arn.region}#${arn.functionName}` : record.functionArn,
      };
      const marshalled = marshall(item, itemOptions);
      const isFirst = record.version === 1;
      const answer = await sendIf(`writing the record of ${record.functionArn}`, () =>
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: marshalled,
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
      if (answer === 'saved') return answer;
      // The SDK sends a write again whose answer is lost: what stands in its way then is itself.
      const written = parseItem(recordItem, unmarshall(marshalled), 'what was to be written');
      return isDeepStrictEqual(await find(record.functionArn), written) ? 'saved' : 'stale';
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
      const { functionArn, at, status, reason, action, cause } = outcome;
      const hasDrifted = status === 'drifted' || status === 'contested';
      const item = {
        ...outcome,
        pk: functionArn,
        // No clock in the key: the same outcome of the same event is the same item, however often it is written.
        sk: `history#${cause.eventTime}#${cause.eventId}#${status}#${action}#${reason}`,
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

    async areLost() {
      const { Item } = await send('asking whether records are lost', () =>
        client.send(new GetItemCommand({ TableName: tableName, Key: lostKey, ConsistentRead: true })),
      );
      return Item !== undefined;
    },

    async *summaries({ accountId, region }) {
      for (const state of watchedStates) {
        const items = query(
          { ':status': `state#${state}`, ':place': `${accountId}#${region}#` },
          'outcomePk = :status AND begins_with(outcomeSk, :place)',
          { index: 'outcomes', attributes: ['functionArn', 'status', 'reason', 'action', 'goalMark', 'outbox'] },
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
      for (const state of watchedStates) {
        const items = query({ ':status': `state#${state}` }, 'outcomePk = :status', { index: 'outcomes' });
        for await (const item of items) {
          const record = parseItem(recordItem, item, `a record in state ${state}`);
          if (state === 'untold' || record.attachment || record.pending.length > 0) yield record;
        }
      }
    },
  };
}
