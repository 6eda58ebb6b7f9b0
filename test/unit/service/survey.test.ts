import { describe, expect, it } from 'vitest';
import { AccessDenied, InvalidInput, ServiceUnavailable } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Inventory, Quarter } from '../../../src/domain/ports.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { type Surveyed, type SurveyProblem, surveyPlaces } from '../../../src/service/survey.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const untagged = { readable: true, values: {} } as const;
const here: Quarter = { accountId: arn.accountId, region: arn.region };

interface Faults {
  /** Tags are listed only after so many pages of functions. */
  readonly tagsAfterPages?: number;
  readonly count?: Error;
  readonly list?: Error;
  readonly tagged?: Error;
}

/** An account with many functions, whose listings can be slow or fail. */
function createAccount(yaml = '', faults: Faults = {}) {
  const world = createWorld(yaml);
  const all = new Map<string, Snapshot>();
  const calls: string[] = [];
  let mostAtOnce = 0;
  let reading = 0;
  const gate = Promise.withResolvers<void>();
  if (!faults.tagsAfterPages) gate.resolve();
  let pages = 0;
  const live = () => [...all.keys()].flatMap((functionArn) => world.functions.get(functionArn) ?? []);
  const inventory: Inventory = {
    async count() {
      calls.push('GetAccountSettings');
      if (faults.count) throw faults.count;
      return live().length;
    },
    async list(_, marker) {
      calls.push('ListFunctions');
      if (faults.list && marker !== undefined) throw faults.list;
      if (++pages === faults.tagsAfterPages) gate.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      const from = Number(marker ?? 0);
      const functions = live()
        .slice(from, from + 50)
        .map(({ tags: _tags, ...listed }) => ({ ...listed, state: undefined, lastUpdateStatus: undefined }));
      return { functions, nextMarker: from + 50 < live().length ? String(from + 50) : undefined };
    },
    async *tagged(_, tag, value) {
      const found = live().filter(({ tags }) => tags.readable && tags.values[tag] === value);
      calls.push('GetResources');
      for (const [index, { arn: at, tags }] of found.toReversed().entries()) {
        if (index === found.length - 1) {
          await gate.promise;
          if (faults.tagged) throw faults.tagged;
        }
        yield { functionArn: formatFunctionArn(at), tags: tags.readable ? tags.values : {} };
      }
    },
  };
  const functions = {
    async read(at: Parameters<typeof world.world.functions.read>[0]) {
      calls.push('GetFunction');
      mostAtOnce = Math.max(mostAtOnce, ++reading);
      await new Promise((resolve) => setImmediate(resolve));
      reading--;
      if (account.deny(at.functionName)) throw new AccessDenied(`${at.functionName} is not for you`);
      return world.functions.get(formatFunctionArn(at));
    },
  };
  const account = {
    world,
    calls,
    /** Which functions may not be read. */
    deny: (_name: string): boolean => false,
    count: (name: string) => calls.filter((call) => call === name).length,
    mostAtOnce: () => mostAtOnce,
    add(name: string, changes: Parameters<typeof snapshotOf>[0] = {}) {
      const snapshot = snapshotOf({ ...changes, arn: { ...arn, functionName: name } });
      all.set(formatFunctionArn(snapshot.arn), snapshot);
      world.functions.put(snapshot);
      return formatFunctionArn(snapshot.arn);
    },
    addMany(count: number, changes: Parameters<typeof snapshotOf>[0] = {}) {
      for (let n = 0; n < count; n++) this.add(`${changes.tags === untagged ? 'plain' : 'tagged'}-${n}`, changes);
    },
    async survey(places: readonly Quarter[] = [here], withRecords = true) {
      const found: Surveyed[] = [];
      const problems: SurveyProblem[] = [];
      const shown: string[] = [];
      const records = withRecords ? world.records.port : undefined;
      const surveyed = await surveyPlaces(
        (async function* () {
          yield* places;
        })(),
        { ...world.world, policy: await world.world.policies.current(), functions, inventory, records },
        {
          found: (page) => void found.push(...page),
          progress: (_, done, total) => void shown.push(`${done} of ${total}`),
          problem: (problem) => void problems.push(problem),
        },
      );
      const codes = new Map(
        found.map(({ functionArn, decision }) => [
          functionArn.split(':').at(-1),
          'reason' in decision ? `${decision.status}: ${decision.reason}` : decision.status,
        ]),
      );
      return { found, problems, surveyed, codes, shown };
    },
  };
  return account;
}

describe('a survey', () => {
  it('reads the few that opted in one by one, several at a time', async () => {
    const account = createAccount();
    account.addMany(1_000, { tags: untagged });
    account.addMany(40);
    const { codes } = await account.survey();
    expect(codes.size).toBe(40);
    expect(account.count('GetFunction')).toBe(40);
    expect(account.mostAtOnce()).toBe(10);
    // Nobody knows that they are few before all tags are known.
    expect(account.count('ListFunctions')).toBeLessThan(21);
  });

  it('lists all, and reads none, where many opted in', async () => {
    const account = createAccount();
    account.addMany(200, { tags: untagged });
    account.addMany(300);
    const { codes, shown } = await account.survey();
    expect(codes.size).toBe(300);
    expect(account.count('ListFunctions')).toBe(10);
    expect(account.count('GetFunction')).toBe(0);
    expect(shown.at(-1)).toBe('500 of 500');
  });

  it('ends once all that opted in are seen', async () => {
    const account = createAccount();
    account.addMany(300);
    account.addMany(700, { tags: untagged });
    const { codes } = await account.survey();
    expect(codes.size).toBe(300);
    expect(account.count('ListFunctions')).toBeLessThan(10);
  });

  it.each([1, 3, 10])('finds all and each once, where tags are told of after %i pages', async (tagsAfterPages) => {
    const account = createAccount('', { tagsAfterPages });
    account.addMany(300);
    account.addMany(200, { tags: untagged });
    const { found, codes } = await account.survey();
    expect(codes.size).toBe(300);
    expect(found).toHaveLength(300);
  });

  it('finds a function that no listing shows', async () => {
    const account = createAccount();
    account.addMany(300);
    const gone = account.add('gone');
    const read = account.world.functions.get(gone);
    const { codes } = await account.survey();
    expect(read).toBeDefined();
    expect(codes.has('gone')).toBe(true);
  });

  it('lists where AWS does not let it count', async () => {
    const account = createAccount('', { count: new AccessDenied('you may not count') });
    account.addMany(120);
    const { codes, problems } = await account.survey();
    expect(problems).toEqual([]);
    expect(codes.size).toBe(120);
  });

  it('names a place that fails, and goes on with the others', async () => {
    const account = createAccount('', { list: new ServiceUnavailable('listing failed') });
    account.addMany(300);
    const { problems, surveyed } = await account.survey([here]);
    expect(problems).toEqual([{ ...here, problem: 'listing failed' }]);
    expect(surveyed).toEqual([]);
  });

  it.each(['count', 'tagged'] as const)('names a place whose %s fails', async (what) => {
    const account = createAccount('', { [what]: new InvalidInput('no') });
    account.addMany(300);
    expect((await account.survey()).problems).toEqual([{ ...here, problem: 'no' }]);
  });

  it('goes through more places than it does at a time', async () => {
    const account = createAccount();
    const places = Array.from({ length: 9 }, (_, n) => ({ accountId: arn.accountId, region: `us-test-${n}` }));
    expect((await account.survey(places)).surveyed).toHaveLength(9);
  });

  it('names functions that can’t be read; where none can, the place counts as not surveyed', async () => {
    const account = createAccount();
    account.addMany(300, { tags: untagged });
    for (const name of ['denied-1', 'denied-2', 'read']) account.add(name);
    account.deny = (name) => name.startsWith('denied');
    const { problems, codes, surveyed } = await account.survey();
    expect(problems.map(({ problem }) => problem).sort()).toEqual([
      'denied-1 is not for you',
      'denied-2 is not for you',
    ]);
    expect([...codes.keys()]).toEqual(['read']);
    expect(surveyed).toEqual([here]);
    account.deny = () => true;
    const nothing = await account.survey();
    expect(nothing.problems).toEqual([{ ...here, problem: expect.stringMatching(/ is not for you$/) }]);
    expect(nothing.surveyed).toEqual([]);
  });

  it('decides by the record where that makes a difference', async () => {
    const account = createAccount();
    await account.world.protect();
    account.add('orders', { runtime: 'java21' });
    const { codes } = await account.survey();
    expect(codes.get('orders')).toBe('release: runtime');
    expect((await account.survey([here], false)).codes.get('orders')).toBe('unsupported: runtime');
  });

  it('asks for no record where it says what is found', async () => {
    const account = createAccount();
    await account.world.protect();
    const protectedNow = account.world.live();
    account.add('orders', protectedNow);
    account.world.records.calls.length = 0;
    const { codes } = await account.survey();
    expect(codes.get('orders')).toBe('compliant');
    expect(account.world.records.calls).toEqual([]);
  });

  it('looks at what the records know and has no tag any more', async () => {
    const account = createAccount();
    await account.world.protect();
    account.add('orders', { ...account.world.live(), tags: untagged });
    const { codes, found } = await account.survey();
    expect(codes.get('orders')).toBe('release: opted-out');
    expect(found[0]?.isOptedIn).toBe(false);
  });

  it('is silent about a function that the records know and that is gone', async () => {
    const account = createAccount();
    await account.world.protect();
    account.world.functions.remove(account.world.functionArn);
    const { found, problems } = await account.survey();
    expect(found).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('is silent about a function that was released, also where nobody could be told of that yet', async () => {
    const account = createAccount();
    await account.world.protect();
    const record = account.world.record();
    if (!record) throw new Error('it has a record');
    account.add('orders', { tags: untagged });
    account.world.records.records.set(record.functionArn, {
      ...record,
      status: 'released',
      outbox: [outcomeOf({ status: 'released' })],
    });
    expect((await account.survey()).found).toEqual([]);
  });
});
