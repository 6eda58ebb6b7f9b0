import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Coverage } from '../domain/ports.ts';
import type { FunctionRecord, Outcome, RecordStatus } from '../domain/record.ts';
import { coverageItem, outcomeItem, parseItem, recordItem } from './dynamodb-record-items.ts';
import { createDynamoDbRecords } from './dynamodb-records.ts';
import { openRecordsTable } from './dynamodb-records-table.ts';

const dayMs = 24 * 60 * 60_000;

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
  /** What sweeps found from one moment to another, newest day first. */
  coverage(from: Date, to: Date): AsyncIterable<Coverage>;
}

/** The questions to what dynamodb-records.ts writes. The functions that are deployed ask none, and carry none of it. */
export function createDynamoDbRecordQueries(client: DynamoDBClient, tableName: string): RecordQueries {
  const { query } = openRecordsTable(client, tableName);

  /** What is kept by day, from one moment to another, newest first. */
  async function* ofDays(
    kind: 'drift' | 'change' | 'coverage',
    from: Date,
    to: Date,
  ): AsyncIterable<Record<string, unknown>> {
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
    async *history(functionArn) {
      const items = query({ ':pk': functionArn, ':history': 'history#' }, 'pk = :pk AND begins_with(sk, :history)', {
        newestFirst: true,
      });
      for await (const item of items) yield parseItem(outcomeItem, item, `the history of ${functionArn}`);
    },

    async *withStatus(wanted, accountId) {
      const isClosed = wanted === 'released' || wanted === 'deleted';
      for (const state of isClosed ? [wanted, 'untold'] : [wanted]) {
        const items = accountId
          ? query(
              { ':status': `state#${state}`, ':account': `${accountId}#` },
              'outcomePk = :status AND begins_with(outcomeSk, :account)',
              { index: 'outcomes' },
            )
          : query({ ':status': `state#${state}` }, 'outcomePk = :status', { index: 'outcomes' });
        for await (const item of items) {
          const record = parseItem(recordItem, item, `a record in state ${wanted}`);
          if (record.status === wanted) yield record;
        }
      }
    },

    async *drifted(from, to) {
      for await (const item of ofDays('drift', from, to)) yield parseItem(outcomeItem, item, 'what drifted');
    },

    async *changed(from, to) {
      for await (const item of ofDays('change', from, to)) yield parseItem(outcomeItem, item, 'a change of state');
    },

    async *coverage(from, to) {
      for await (const item of ofDays('coverage', from, to)) yield parseItem(coverageItem, item, 'what a sweep found');
    },
  };
}

/** The records, and the questions across them: for whoever needs both. */
export function openDynamoDbRecords(client: DynamoDBClient, tableName: string) {
  return { ...createDynamoDbRecords(client, tableName), ...createDynamoDbRecordQueries(client, tableName) };
}
