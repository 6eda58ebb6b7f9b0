import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordQueries } from '../../src/aws/dynamodb-record-queries.ts';
import type { Attachment } from '../../src/domain/attachment.ts';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { AttachedRecords, Coverage, Records, SweepRecords } from '../../src/domain/ports.ts';
import { type FunctionRecord, type Outcome, type RecordStatus, recordStatuses } from '../../src/domain/record.ts';
import { outcomeOf } from '../fixtures/outcome.ts';
import { anyCoverage, firstRecord, outcome } from './arbitrary-record.ts';
import type { DynamoDbCall } from './records-table.ts';

/** One implementation of the records, empty. */
export interface RecordsUnderTest {
  readonly records: Records & RecordQueries & SweepRecords & AttachedRecords;
  /** The calls of DynamoDB, where it is called. */
  readonly calls?: readonly DynamoDbCall[];
  /** Says that records are lost, as people do by docs/operations.md. */
  readonly sayLost: () => Promise<void>;
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

const attachment: Attachment = {
  agent: 'trend-application-security',
  variant: 'python3.8',
  group: 'default',
  applied: { layerArn: 'arn:aws:lambda:us-east-1:800880067056:layer:trend:1', variables: {}, secretVariables: [] },
  before: { layers: [], variables: {} },
};

function coverageOf(changes: Partial<Coverage> = {}): Coverage {
  return {
    sweepId: 'sweep-1',
    at: '2026-11-23T12:00:00.000Z',
    what: 'account 111122223333 in us-east-1',
    accountId: '111122223333',
    region: 'us-east-1',
    counts: { protected: 12, 'blocked: layer-limit': 1 },
    sent: 3,
    repaired: 1,
    ...changes,
  };
}

/**
 * What the service relies on in records and their history. Run on every implementation, so that the one in memory, on
 * which the service's own tests run, can't drift apart from DynamoDB.
 */
export function defineRecordsContract(name: string, create: () => Promise<RecordsUnderTest>): void {
  describe(`records in ${name}`, () => {
    let test: RecordsUnderTest;
    let records: RecordsUnderTest['records'];
    let arbitraries = 0;
    const countOf = (wanted: string) => test.calls?.filter(({ action }) => action === wanted).length ?? 0;
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

      it('may be written again, as it is where an answer is lost', async () => {
        const first = recordOf(arnOf('again'));
        const second = { ...first, version: 2, attachment, pending: [attachment], outbox: [outcomeOf()] };
        for (const record of [first, first, second, second]) expect(await records.save(record)).toBe('saved');
        expect(await records.save({ ...second, pending: [] })).toBe('stale');
        expect(await records.find(first.functionArn)).toEqual(second);
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
          { status: 'blocked', action: 'none', reason: 'credentials-missing' },
          { status: 'blocked', action: 'none', reason: 'aws-refused' },
          { status: 'protected', action: 'repaired' },
        ] as const)
          await records.remember(at(1, { functionArn, ...step }));
        expect(await all(records.history(functionArn))).toHaveLength(4);
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
        const others = await all(records.changed(new Date('2031-03-02'), new Date('2031-03-10')));
        expect(others.map(({ functionArn }) => functionArn.split('week-')[1])).toEqual(['blocked']);
      });

      it('tells every other change of state in the same way, with all that is known of it', async () => {
        const changed = async (name: string, at: string, changes: Partial<Outcome> = {}) => {
          const outcome = outcomeOf({ functionArn: arnOf(`change-${name}`), at, ...changes });
          await records.remember(outcome);
          return outcome;
        };
        await changed('before', '2033-07-01T11:59:59.999Z');
        const first = await changed('first', '2033-07-01T12:00:00.000Z', { status: 'blocked', reason: 'layer-limit' });
        const release = await changed('release', '2033-07-02T00:00:00.000Z', { status: 'release', action: 'sent' });
        const released = await changed('release', '2033-07-02T23:59:59.999Z', { status: 'released' });
        await changed('drifted', '2033-07-03T12:00:00.000Z', { status: 'drifted', action: 'reported' });
        await changed('contested', '2033-07-03T12:00:00.001Z', { status: 'contested', action: 'none' });
        const unsupported = await changed('gone', '2033-07-04T06:00:00.000Z', { status: 'unsupported' });
        const deleted = await changed('gone', '2033-07-04T06:00:00.001Z', { status: 'deleted', action: 'none' });
        const last = await changed('last', '2033-07-05T12:00:00.000Z', { status: 'protected', action: 'attached' });
        await changed('after', '2033-07-05T12:00:00.001Z');
        const [from, to] = [new Date('2033-07-01T12:00:00.000Z'), new Date('2033-07-05T12:00:00.000Z')];
        expect(await all(records.changed(from, to))).toStrictEqual([
          last,
          deleted,
          unsupported,
          released,
          release,
          first,
        ]);
      });

      it('about no time at all has no answer', async () => {
        const [from, to] = [new Date('2031-03-09T00:00:00Z'), new Date('2031-03-02T00:00:00Z')];
        expect(await all(records.drifted(from, to))).toEqual([]);
        expect(await all(records.changed(from, to))).toEqual([]);
      });
    });

    describe('what a sweep reads', () => {
      const [account, other] = ['222233334444', '333344445555'];

      it('are the records of one account and region', async () => {
        const here = arnOf('here', account);
        for (const arn of [here, arnOf('there', account, 'us-east-2'), arnOf('there', account, 'us-east-10')])
          await records.save(recordOf(arn));
        await records.save(recordOf(arnOf('here', other)));
        expect(namesIn(await all(records.summaries({ accountId: account, region: 'us-east-1' })))).toEqual([here]);
        // No prefix of a region's or an account's name is a place.
        expect(await all(records.summaries({ accountId: account, region: 'us-east' }))).toEqual([]);
        expect(await all(records.summaries({ accountId: account.slice(0, 6), region: 'us-east-1' }))).toEqual([]);
      });

      it('are those that are neither released nor deleted, as they are now', async () => {
        const place = { accountId: other, region: 'eu-west-1' };
        const arnIn = (status: string) => arnOf(`is-${status}`, place.accountId, place.region);
        for (const status of recordStatuses) await records.save(recordOf(arnIn(status), { status }));
        const open = await all(records.summaries(place));
        expect(open.map(({ functionArn, status }) => [functionArn, status]).sort()).toEqual(
          ['blocked', 'contested', 'drifted', 'protected', 'release', 'unsupported'].map((one) => [arnIn(one), one]),
        );
        await records.save(recordOf(arnIn('drifted'), { version: 2, status: 'protected' }));
        await records.save(recordOf(arnIn('release'), { version: 2, status: 'released' }));
        await records.forget(recordOf(arnIn('unsupported')));
        expect((await all(records.summaries(place))).map(({ status }) => status).sort()).toEqual([
          'blocked',
          'contested',
          'protected',
          'protected',
        ]);
      });

      it('are those that are released or deleted, too, until that is told', async () => {
        const place = { accountId: other, region: 'eu-west-2' };
        for (const status of ['released', 'deleted', 'protected'] as const) {
          const functionArn = arnOf(`untold-${status}`, place.accountId, place.region);
          const untold = recordOf(functionArn, { status, outbox: [outcomeOf({ functionArn, status })] });
          const summarized = async () => (await all(records.summaries(place))).filter((one) => one.status === status);
          await records.save(untold);
          expect(await summarized()).toMatchObject([{ functionArn, outbox: untold.outbox }]);
          // Who asks for a state need not know whether it is told.
          expect(namesIn(await all(records.withStatus(status, place.accountId)))).toContain(functionArn);
          await records.save({ ...untold, version: 2, outbox: [] });
          expect(await summarized()).toMatchObject(status === 'protected' ? [{ functionArn, outbox: [] }] : []);
          expect(namesIn(await all(records.withStatus(status)))).toContain(functionArn);
        }
      });

      it('are no more of a record than a sweep has to know', async () => {
        const place = { accountId: account, region: 'eu-central-1' };
        const [marked, unmarked] = ['marked', 'unmarked'].map((name) => arnOf(name, account, place.region));
        if (!marked || !unmarked) throw new Error('there are two');
        const state = { status: 'protected', reason: 'why', action: 'attached' } as const;
        await records.save(recordOf(marked, { ...state, goalMark: 'mark', attachment, pending: [attachment] }));
        await records.save(recordOf(unmarked, { ...state, attachment }));
        const before = countOf('Query');
        const byName = new Map((await all(records.summaries(place))).map((one) => [one.functionArn, one]));
        expect(byName.get(marked)).toStrictEqual({ functionArn: marked, ...state, goalMark: 'mark', outbox: [] });
        expect(byName.get(unmarked)).toStrictEqual({ functionArn: unmarked, ...state, outbox: [] });
        expect(byName.size).toBe(2);
        const questions = test.calls?.filter(({ action }) => action === 'Query').slice(before) ?? [];
        for (const { input } of questions) expect(input).toHaveProperty('ProjectionExpression');
      });

      it('are all of them, also where there are more than a page holds', async () => {
        const detail = 'x'.repeat(50_000);
        const names = Array.from({ length: 40 }, (_, index) => arnOf(`page-${index}`, other, 'ap-south-1'));
        await Promise.all(names.map((arn) => records.save(recordOf(arn, { status: 'drifted', detail }))));
        const before = countOf('Query');
        const summaries = await all(records.summaries({ accountId: other, region: 'ap-south-1' }));
        expect(namesIn(summaries)).toEqual([...names].sort());
        // One question for each of the six states and for what is not told, and one for each further page.
        if (test.calls) expect(countOf('Query') - before).toBeGreaterThan(7);
      }, 60_000);
    });

    describe('what a sweep found', () => {
      const sorted = (coverage: readonly Coverage[]) => [...coverage].sort((a, b) => (a.what < b.what ? -1 : 1));

      it('is told as it was written, of that sweep only', async () => {
        const place = coverageOf({ sweepId: 'told' });
        const problem = coverageOf({ sweepId: 'told', what: 'organizational unit ou-1', problem: 'there is none' });
        const { accountId: _, region: __, ...named } = problem;
        await records.saveCoverage(place);
        await records.saveCoverage(named);
        await records.saveCoverage(coverageOf({ sweepId: 'told-2', sent: 9 }));
        await records.saveCoverage(coverageOf({ sweepId: 'tol', sent: 9 }));
        expect(sorted(await all(records.coverageOf('told')))).toStrictEqual([place, named]);
        expect(await all(records.coverageOf('never'))).toEqual([]);
      });

      it('is replaced as a whole by what it finds of the same place later, and nothing else of it is', async () => {
        const first = coverageOf({ sweepId: 'again', problem: 'it is closed' });
        const kept = coverageOf({ sweepId: 'again', what: 'account 111122223333 in us-east-2', region: 'us-east-2' });
        const elsewhere = coverageOf({ sweepId: 'other', sent: 9 });
        for (const coverage of [first, kept, elsewhere]) await records.saveCoverage(coverage);
        const { problem: _, ...rest } = first;
        const second = { ...rest, at: '2026-11-24T00:00:00.000Z', counts: { drifted: 2 }, sent: 0, repaired: 7 };
        await records.saveCoverage(second);
        expect(sorted(await all(records.coverageOf('again')))).toStrictEqual([second, kept]);
        expect(await all(records.coverageOf('other'))).toStrictEqual([elsewhere]);
      });

      it('is told of all sweeps from one moment to another, newest first, both moments among them', async () => {
        const found = [
          coverageOf({ sweepId: 'may-1', at: '2041-05-01T11:59:59.999Z' }),
          coverageOf({ sweepId: 'may-2', at: '2041-05-01T12:00:00.000Z' }),
          coverageOf({ sweepId: 'may-2', at: '2041-05-03T00:00:00.000Z', what: 'organizational unit ou-1' }),
          coverageOf({ sweepId: 'may-3', at: '2041-05-04T23:59:59.999Z' }),
          coverageOf({ sweepId: 'may-4', at: '2041-05-05T12:00:00.000Z' }),
          coverageOf({ sweepId: 'may-5', at: '2041-05-05T12:00:00.001Z' }),
        ];
        for (const one of found) await records.saveCoverage(one);
        const from = new Date('2041-05-01T12:00:00.000Z');
        const to = new Date('2041-05-05T12:00:00.000Z');
        expect(await all(records.coverage(from, to))).toStrictEqual(found.slice(1, 5).reverse());
        expect(await all(records.coverage(to, from))).toEqual([]);
      });

      it('of any form comes back exactly', async () => {
        await fc.assert(
          fc.asyncProperty(anyCoverage, async (given) => {
            const coverage = { ...given, sweepId: `any-sweep-${++arbitraries}` };
            await records.saveCoverage(coverage);
            expect(await all(records.coverageOf(coverage.sweepId))).toEqual([coverage]);
          }),
          { numRuns: 40 },
        );
      }, 60_000);

      it('is told whole and as it is at that moment, also where it is more than a page holds', async () => {
        const problem = 'x'.repeat(50_000);
        const found = Array.from({ length: 40 }, (_, index) =>
          coverageOf({ sweepId: 'many', what: `account ${111122220000 + index}`, problem }),
        );
        await Promise.all(found.map((coverage) => records.saveCoverage(coverage)));
        const before = countOf('Query');
        expect(sorted(await all(records.coverageOf('many')))).toEqual(found);
        if (!test.calls) return;
        const pages = test.calls.filter(({ action }) => action === 'Query').slice(before);
        expect(pages.length).toBeGreaterThan(1);
        for (const { input } of pages) expect(input).toMatchObject({ ConsistentRead: true });
      }, 60_000);
    });

    describe('what a release of everything reads', () => {
      it('are the records that say that something is, was, or may be on the function, and is not told to be off', async () => {
        const account = '555566667777';
        // What is released or deleted has nothing of ours on it.
        const open = recordStatuses.filter((status) => status !== 'released' && status !== 'deleted');
        const save = async (name: string, status: RecordStatus, changes: Partial<FunctionRecord>) => {
          const record = recordOf(arnOf(`${name}-${status}`, account), { status, ...changes });
          await records.save(record);
          return record;
        };
        const expected: FunctionRecord[] = [];
        for (const status of open) {
          expected.push(await save('attached', status, { attachment }));
          expected.push(await save('pending', status, { pending: [attachment] }));
          expected.push(await save('both', status, { attachment, pending: [attachment, attachment] }));
        }
        for (const status of ['released', 'deleted'] as const)
          expected.push(await save('untold', status, { outbox: [outcomeOf({ status })] }));
        for (const status of recordStatuses) await save('neither', status, {});
        const attached = (await all(records.attached())).filter(({ functionArn }) => functionArn.includes(account));
        const byName = (list: readonly FunctionRecord[]) =>
          [...list].sort((a, b) => (a.functionArn < b.functionArn ? -1 : 1));
        expect(byName(attached)).toStrictEqual(byName(expected));
      });

      it('are those of all accounts and regions, also where they are more than a page holds', async () => {
        const detail = 'x'.repeat(50_000);
        const names = Array.from({ length: 40 }, (_, index) =>
          arnOf(`everywhere-${index}`, `66667777888${index % 10}`, index % 2 ? 'us-east-1' : 'eu-west-1'),
        );
        await Promise.all(names.map((arn) => records.save(recordOf(arn, { status: 'contested', detail, attachment }))));
        const attached = namesIn(await all(records.attached()));
        expect(attached.filter((arn) => arn.includes(':everywhere-'))).toEqual([...names].sort());
        expect(new Set(attached).size).toBe(attached.length);
      }, 60_000);
    });

    describe('all records', () => {
      it('are there, until somebody says that some are lost', async () => {
        expect(await records.areLost()).toBe(false);
        await test.sayLost();
        expect(await records.areLost()).toBe(true);
      });
    });

    describe('every question', () => {
      it('is answered without reading the whole table', () => {
        if (!test.calls) return;
        const actions = new Set(test.calls.map(({ action }) => action));
        expect(actions).toEqual(new Set(['CreateTable', 'PutItem', 'GetItem', 'DeleteItem', 'Query']));
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
          () => records.areLost(),
          () => all(records.history(record.functionArn)),
          () => all(records.withStatus('blocked')),
          () => all(records.drifted(new Date('2026-11-23'), new Date('2026-11-23'))),
          () => all(records.changed(new Date('2026-11-23'), new Date('2026-11-23'))),
          () => all(records.summaries({ accountId: '111122223333', region: 'us-east-1' })),
          () => records.saveCoverage(coverageOf()),
          () => all(records.coverageOf('sweep-1')),
          () => all(records.attached()),
        ]) {
          const error = await call().catch((caught: unknown) => caught);
          expect(error).toBeInstanceOf(InvalidInput);
          expect(String(error)).toMatch(
            new RegExp(
              `failed: there is no table ${table}; restore it or deploy again: see docs/operations\\.md#the-table-is-lost$`,
            ),
          );
        }
      });
    });
  });
}
