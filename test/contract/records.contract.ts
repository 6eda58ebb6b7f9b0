import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordQueries } from '../../src/aws/dynamodb-records.ts';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { Records } from '../../src/domain/ports.ts';
import type { FunctionRecord, Outcome } from '../../src/domain/record.ts';
import { outcomeOf } from '../fixtures/outcome.ts';
import { firstRecord, outcome } from './arbitrary-record.ts';

/** One implementation of the records, empty. */
export interface RecordsUnderTest {
  readonly records: Records & RecordQueries;
  /** The actions of DynamoDB that were called, where it is called. */
  readonly actions?: string[];
  /** Takes the table away and answers its name, where there is one. */
  readonly dropTable?: () => Promise<string>;
  close(): Promise<void>;
}

const arnOf = (name: string, account = '111122223333', region = 'us-east-1') =>
  `arn:aws:lambda:${region}:${account}:function:${name}`;

/** A record as the service writes it first. */
function recordOf(functionArn: string, changes: Partial<FunctionRecord> = {}): FunctionRecord {
  const { durationMs: _, at, previous: __, ...state } = outcomeOf();
  return {
    ...state,
    functionArn,
    version: 1,
    since: at,
    updatedAt: at,
    architecture: 'x86_64',
    pending: [],
    repairs: [],
    repairCount: 0,
    outbox: [],
    ...changes,
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const namesIn = (items: readonly { functionArn: string }[]) => items.map(({ functionArn }) => functionArn).sort();

/**
 * What the service relies on in records and their history. Run on every implementation, so that the one in memory, on
 * which the service's own tests run, can't drift apart from DynamoDB.
 */
export function defineRecordsContract(name: string, create: () => Promise<RecordsUnderTest>): void {
  describe(`records in ${name}`, () => {
    let test: RecordsUnderTest;
    let records: RecordsUnderTest['records'];
    let arbitraries = 0;
    beforeAll(async () => {
      test = await create();
      records = test.records;
    }, 60_000);
    afterAll(() => test?.close());

    describe('a record', () => {
      it('that was never written is not there', async () => {
        expect(await records.find(arnOf('nobody'))).toBeUndefined();
      });

      it('is found as it was saved', async () => {
        const record = recordOf(arnOf('found'), { outbox: [outcomeOf()] });
        expect(await records.save(record)).toBe('saved');
        expect(await records.find(record.functionArn)).toEqual(record);
      });

      it('of any form comes back exactly', async () => {
        await fc.assert(
          fc.asyncProperty(firstRecord, async (given) => {
            const record = { ...given, functionArn: arnOf(`any-record-${++arbitraries}`) };
            expect(await records.save(record)).toBe('saved');
            expect(await records.find(record.functionArn)).toEqual(record);
          }),
          { numRuns: 60 },
        );
      }, 60_000);

      it('is replaced as a whole by the next one: what that leaves out is gone', async () => {
        const first = recordOf(arnOf('replaced'), { runtime: 'python3.8', announced: 'blocked layer-limit' });
        await records.save(first);
        const { runtime: _, announced: __, ...rest } = first;
        const second = { ...rest, version: 2, reason: 'other' };
        expect(await records.save(second)).toBe('saved');
        expect(await records.find(first.functionArn)).toEqual(second);
      });

      it.each([
        ['the same version again', 2],
        ['one that skips a version', 4],
        ['a first one', 1],
      ])('is not replaced by %s', async (_, version) => {
        const functionArn = arnOf(`stale-${version}`);
        await records.save(recordOf(functionArn));
        await records.save(recordOf(functionArn, { version: 2, reason: 'kept' }));
        expect(await records.save(recordOf(functionArn, { version, reason: 'late' }))).toBe('stale');
        expect((await records.find(functionArn))?.reason).toBe('kept');
      });

      it('that is not there is not replaced by a later one', async () => {
        expect(await records.save(recordOf(arnOf('absent'), { version: 2 }))).toBe('stale');
        expect(await records.find(arnOf('absent'))).toBeUndefined();
      });

      it('is saved by exactly one of many who try at the same time', async () => {
        const functionArn = arnOf('raced');
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, index) => records.save(recordOf(functionArn, { reason: `look-${index}` }))),
        );
        expect(answers.filter((answer) => answer === 'saved')).toHaveLength(1);
        expect((await records.find(functionArn))?.reason).toBe(`look-${answers.indexOf('saved')}`);
      });

      it('belongs to one function only, however alike their names', async () => {
        await records.save(recordOf(arnOf('like')));
        await records.save(recordOf(arnOf('like-2'), { reason: 'other' }));
        await records.save(recordOf(arnOf('like', '444455556666'), { reason: 'elsewhere' }));
        expect((await records.find(arnOf('like')))?.reason).toBe('');
      });
    });

    describe('forgetting', () => {
      it('takes a record away, after which a first one can be saved', async () => {
        const record = recordOf(arnOf('forgotten'));
        await records.save(record);
        expect(await records.forget(record)).toBe('saved');
        expect(await records.find(record.functionArn)).toBeUndefined();
        expect(await records.save(record)).toBe('saved');
      });

      it('does not take away what was written since, or what is not there', async () => {
        const record = recordOf(arnOf('remembered'));
        await records.save(record);
        await records.save({ ...record, version: 2 });
        expect(await records.forget(record)).toBe('stale');
        expect((await records.find(record.functionArn))?.version).toBe(2);
        expect(await records.forget(recordOf(arnOf('never')))).toBe('stale');
      });

      it('leaves the history', async () => {
        const record = recordOf(arnOf('with-a-past'));
        await records.save(record);
        await records.remember(outcomeOf({ functionArn: record.functionArn }));
        await records.forget(record);
        expect(await all(records.history(record.functionArn))).toHaveLength(1);
      });
    });

    describe('history', () => {
      const at = (minute: number, changes: Partial<Outcome> = {}) => {
        const time = `2026-11-23T12:${String(minute).padStart(2, '0')}:00.000Z`;
        const cause = { eventId: `event-${minute}`, eventName: 'UpdateFunctionConfiguration', eventTime: time };
        return outcomeOf({ functionArn: arnOf('history'), at: time, cause, ...changes });
      };

      it('is told newest first, and of its own function only', async () => {
        for (const minute of [3, 1, 2]) await records.remember(at(minute));
        await records.remember(at(4, { functionArn: arnOf('history-2') }));
        const told = await all(records.history(arnOf('history')));
        expect(told.map(({ cause }) => cause.eventId)).toEqual(['event-3', 'event-2', 'event-1']);
      });

      it('does not change when the same outcome is added again, however much later', async () => {
        const functionArn = arnOf('twice');
        const first = at(1, { functionArn });
        await records.remember(first);
        await records.remember(first);
        await records.remember({ ...first, at: '2026-11-23T12:59:00.000Z', durationMs: 9999 });
        expect(await all(records.history(functionArn))).toEqual([first]);
      });

      it('has every step of one event', async () => {
        const functionArn = arnOf('steps');
        for (const step of [
          { status: 'drifted', action: 'sent' },
          { status: 'protected', action: 'repaired' },
        ] as const)
          await records.remember(at(1, { functionArn, ...step }));
        expect(await all(records.history(functionArn))).toHaveLength(2);
      });

      it('of any form comes back exactly', async () => {
        await fc.assert(
          fc.asyncProperty(outcome, async (given) => {
            const remembered = { ...given, functionArn: arnOf(`any-outcome-${++arbitraries}`) };
            await records.remember(remembered);
            expect(await all(records.history(remembered.functionArn))).toEqual([remembered]);
          }),
          { numRuns: 40 },
        );
      }, 60_000);
    });

    describe('a question across functions', () => {
      it('tells the functions in a state, of one account or of all, as they are now', async () => {
        const [one, two] = ['111122223333', '444455556666'];
        const contested = { status: 'contested', reason: 'flapping' } as const;
        await records.save(recordOf(arnOf('a', one), contested));
        await records.save(recordOf(arnOf('b', one, 'eu-west-1'), contested));
        await records.save(recordOf(arnOf('c', two), contested));
        await records.save(recordOf(arnOf('d', one), contested));
        await records.save(recordOf(arnOf('d', one), { version: 2 }));
        // What happened once is not what is.
        await records.remember(outcomeOf({ functionArn: arnOf('e', one), ...contested }));
        const answers = async (account?: string) =>
          namesIn(await all(records.withStatus('contested', account))).filter((arn) => /:[a-e]$/.test(arn));
        expect(await answers(one)).toEqual([arnOf('b', one, 'eu-west-1'), arnOf('a', one)].sort());
        expect(await answers(two)).toEqual([arnOf('c', two)]);
        expect(await answers('777788889999')).toEqual([]);
        expect(await answers()).toEqual([arnOf('a', one), arnOf('b', one, 'eu-west-1'), arnOf('c', two)].sort());
      });

      it('tells all of them, also where there are more than a page holds', async () => {
        // 40 of 50 KB are twice what DynamoDB answers at once.
        const detail = 'x'.repeat(50_000);
        const names = Array.from({ length: 40 }, (_, index) => arnOf(`many-${index}`, '777788889999'));
        await Promise.all(names.map((arn) => records.save(recordOf(arn, { status: 'unsupported', detail }))));
        expect(namesIn(await all(records.withStatus('unsupported', '777788889999')))).toEqual([...names].sort());
      }, 60_000);

      it('tells what drifted in a week, newest day first, to the millisecond', async () => {
        const drifted = (name: string, at: string, changes: Partial<Outcome> = {}) =>
          records.remember(
            outcomeOf({ functionArn: arnOf(`week-${name}`), status: 'drifted', action: 'reported', at, ...changes }),
          );
        await drifted('before', '2031-03-02T11:59:59.999Z');
        await drifted('first', '2031-03-02T12:00:00.000Z');
        await drifted('middle', '2031-03-05T00:00:00.000Z');
        await drifted('contested', '2031-03-05T23:59:59.999Z', { status: 'contested', action: 'none' });
        await drifted('blocked', '2031-03-06T12:00:00.000Z', { status: 'blocked', action: 'none' });
        await drifted('last', '2031-03-09T12:00:00.000Z');
        await drifted('after', '2031-03-09T12:00:00.001Z');
        const week = await all(
          records.drifted(new Date('2031-03-02T12:00:00.000Z'), new Date('2031-03-09T12:00:00.000Z')),
        );
        expect(week.map(({ functionArn }) => functionArn.split('week-')[1])).toEqual([
          'last',
          'contested',
          'middle',
          'first',
        ]);
      });

      it('about no time at all has no answer', async () => {
        const [from, to] = [new Date('2031-03-09T00:00:00Z'), new Date('2031-03-02T00:00:00Z')];
        expect(await all(records.drifted(from, to))).toEqual([]);
      });

      it('never reads the whole table', () => {
        const { actions } = test;
        if (!actions) return;
        expect(new Set(actions)).toEqual(new Set(['CreateTable', 'PutItem', 'GetItem', 'DeleteItem', 'Query']));
      });
    });

    describe('a table that is gone', () => {
      it('is an error that names it and what to do, for every question and every write', async () => {
        if (!test.dropTable) return;
        const table = await test.dropTable();
        const record = recordOf(arnOf('lost'));
        for (const call of [
          () => records.find(record.functionArn),
          () => records.save(record),
          () => records.forget(record),
          () => records.remember(outcomeOf()),
          () => all(records.history(record.functionArn)),
          () => all(records.withStatus('blocked')),
          () => all(records.drifted(new Date('2026-11-23'), new Date('2026-11-23'))),
        ]) {
          const error = await call().catch((caught: unknown) => caught);
          expect(error).toBeInstanceOf(InvalidInput);
          expect(String(error)).toMatch(
            new RegExp(`failed: there is no table ${table}; restore it or deploy again: see docs/operations\\.md$`),
          );
        }
      });
    });
  });
}
