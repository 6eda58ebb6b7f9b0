import { describe, expect, it } from 'vitest';
import { ServiceUnavailable, Throttled } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Inventory } from '../../../src/domain/ports.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { remediate } from '../../../src/service/remediate.ts';
import { type SweepTask, sweep } from '../../../src/service/sweep.ts';
import { arn, credentials, policyOf, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';
import { createWorld, type WorldOptions } from '../../fixtures/world.ts';

const untagged = { readable: true, values: { team: 'orders' } } as const;
const task: SweepTask = {
  sweepId: 'sweep-1',
  startedAt: '2026-11-23T12:00:00.000Z',
  accountId: arn.accountId,
  region: arn.region,
  secretNames: [],
};

/** A world with many functions, and a listing of them that counts its calls. */
function createAccount(yaml = '', given: WorldOptions = {}) {
  const world = createWorld(yaml, given);
  const all = new Map<string, Snapshot>();
  const calls: string[] = [];
  const live = () => [...all.keys()].flatMap((functionArn) => world.functions.get(functionArn) ?? []);
  const listedAs = new Map<string, Snapshot>();
  const lateTags = new Map<string, Readonly<Record<string, string>>>();
  let failure: { readonly marker: string; readonly error: Error } | undefined;
  const inventory: Inventory = {
    async count() {
      calls.push('GetAccountSettings');
      return live().length;
    },
    async list(_, marker) {
      calls.push('ListFunctions');
      if (failure && failure.marker === marker) throw failure.error;
      const from = Number(marker ?? 0);
      const page = live()
        .slice(from, from + 50)
        .map((snapshot) => listedAs.get(formatFunctionArn(snapshot.arn)) ?? snapshot);
      // A listing shows neither tags nor states.
      const functions = page.map(({ tags: _tags, state: _state, lastUpdateStatus: _status, ...rest }) => ({
        ...rest,
        state: undefined,
        lastUpdateStatus: undefined,
      }));
      return { functions, nextMarker: from + 50 < live().length ? String(from + 50) : undefined };
    },
    async *tagged(_, tag, value) {
      const found = live().filter(({ tags }) => tags.readable && tags.values[tag] === value);
      for (const [index, { arn: found_, tags }] of found.entries()) {
        if (index % 100 === 0) calls.push('GetResources');
        yield { functionArn: formatFunctionArn(found_), tags: tags.readable ? tags.values : {} };
      }
      for (const [functionArn, tags] of lateTags) yield { functionArn, tags };
      if (found.length === 0) calls.push('GetResources');
    },
  };
  return {
    world,
    calls,
    add(name: string, changes: Parameters<typeof snapshotOf>[0] = {}) {
      const snapshot = snapshotOf({ ...changes, arn: { ...arn, functionName: name } });
      all.set(formatFunctionArn(snapshot.arn), snapshot);
      world.functions.put(snapshot);
      return formatFunctionArn(snapshot.arn);
    },
    put: (functionArn: string, changes: Partial<Snapshot>) =>
      world.functions.put({
        ...(world.functions.get(functionArn) ?? snapshotOf()),
        lastUpdateStatus: 'Successful',
        ...changes,
      }),
    run: (changes: Partial<SweepTask> = {}, mayGoOn = () => true) =>
      sweep({ ...task, ...changes }, { ...world.world, records: world.records.port, inventory }, mayGoOn),
    listAs: (functionArn: string, snapshot: Snapshot) => void listedAs.set(functionArn, snapshot),
    listTags: (functionArn: string, tags: Readonly<Record<string, string>>) => void lateTags.set(functionArn, tags),
    failListingFrom(marker: string, error: Error) {
      failure = { marker, error };
    },
    record: (functionArn: string) => world.records.records.get(functionArn),
    /** Functions that a sweep has found, attached and verified. */
    async protect(...names: readonly [string, ...string[]]) {
      const [first, ...others] = names;
      const functionArn = this.add(first);
      for (const name of others) this.add(name);
      await this.run();
      await this.drain();
      return functionArn;
    },
    /** Works off what the sweep put on the queue. */
    async drain() {
      const queued = world.queue.splice(0);
      for (const { change } of queued) await remediate(change.functionArn, [change], world.world);
      await world.settle();
      return queued.length;
    },
  };
}

describe('a sweep', () => {
  it('of 200 functions, half of them opted in, protects them, and then costs six calls', async () => {
    const account = createAccount();
    for (let n = 0; n < 200; n++) account.add(`function-${n}`, n % 2 === 0 ? {} : { tags: untagged });
    await account.run();
    expect(account.calls.filter((call) => call === 'ListFunctions')).toHaveLength(4);
    account.world.functions.calls.length = 0;
    expect(await account.drain()).toBe(100);
    expect(account.world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration')).toHaveLength(100);
    account.calls.length = 0;
    account.world.functions.calls.length = 0;
    expect(await account.run()).toEqual({ counts: { protected: 100 }, sent: 0, repaired: 0 });
    expect([...account.calls, ...account.world.functions.calls]).toHaveLength(6);
  });

  it('of 200 functions that all lost their protection puts them right by 206 calls', async () => {
    const account = createAccount();
    const functionArns = Array.from({ length: 200 }, (_, n) => account.add(`function-${n}`));
    await account.run();
    await account.drain();
    account.world.pass(120);
    for (const functionArn of functionArns) account.put(functionArn, { layers: [] });
    account.calls.length = 0;
    account.world.functions.calls.length = 0;
    expect(await account.run()).toMatchObject({ sent: 0, repaired: 200 });
    const calls = [...account.calls, ...account.world.functions.calls];
    expect(calls.filter((call) => call === 'UpdateFunctionConfiguration')).toHaveLength(200);
    expect(calls).not.toContain('GetFunction');
    // Two pages of tags, and four of functions.
    expect(calls).toHaveLength(206);
    // Each update is verified like any other.
    expect(await account.drain()).toBe(200);
    for (const functionArn of functionArns) {
      expect(account.world.functions.get(functionArn)?.layers).toHaveLength(1);
      expect(account.record(functionArn)).toMatchObject({ status: 'protected', action: 'repaired' });
    }
  });

  it('never attaches from a listing, whose tags may be late: what has no record is read first', async () => {
    const account = createAccount();
    const functionArn = account.add('orders');
    const listed = account.world.functions.get(functionArn);
    // The tag was taken off a moment ago; the listing of tags does not know yet.
    const late = createAccount();
    late.listTags(functionArn, listed?.tags.readable ? listed.tags.values : {});
    late.add('orders', { tags: untagged });
    expect(await late.run()).toMatchObject({ sent: 1, repaired: 0 });
    await late.drain();
    expect(late.world.functions.get(functionArn)?.layers).toEqual([]);
    expect(late.world.functions.calls).toEqual(['GetFunction', 'GetFunction']);
  });

  it('reads a function whose listing is late, and decides anew', async () => {
    const account = createAccount();
    const functionArn = await account.protect('orders', 'second', 'third');
    account.world.pass(120);
    account.put(functionArn, { layers: [] });
    const before = account.world.functions.get(functionArn);
    account.listAs(functionArn, { ...(before ?? snapshotOf()), revisionId: 'revision-of-yesterday' });
    account.world.functions.calls.length = 0;
    await account.run();
    expect(account.world.functions.calls).toEqual([
      'UpdateFunctionConfiguration',
      'GetFunction',
      'UpdateFunctionConfiguration',
    ]);
    await account.drain();
    expect(account.record(functionArn)?.status).toBe('protected');
  });

  it('reads a function whose record is younger than a listing may be', async () => {
    const account = createAccount();
    const functionArn = account.add('orders');
    account.add('second');
    account.add('third');
    const bare = account.world.functions.get(functionArn);
    await account.run();
    await account.drain();
    // What is listed is what was there before anything was attached.
    account.listAs(functionArn, bare ?? snapshotOf());
    const record = account.record(functionArn);
    account.world.functions.calls.length = 0;
    expect(await account.run()).toMatchObject({ sent: 0, repaired: 0 });
    expect(account.world.functions.calls).toEqual(['GetFunction']);
    expect(account.record(functionArn)).toEqual(record);
  });

  it('reads a function whose tags are listed with a group that its record does not know', async () => {
    const { groups, ...policy } = policyOf();
    const payments = { secret: 'layerward/groups/payments', parameters: { cloudOneRegion: 'gb-1' } };
    const account = createAccount('', { policy: { ...policy, groups: { ...groups, payments } } });
    const functionArn = account.add('orders');
    await account.run();
    await account.drain();
    account.world.pass(120);
    account.listTags(functionArn, { 'layerward:protect': 'on', 'layerward:group': 'payments' });
    account.world.functions.calls.length = 0;
    expect(await account.run()).toEqual({ counts: { 'drifted: variable-changed': 1 }, sent: 1, repaired: 0 });
    await account.drain();
    expect(account.world.functions.calls).not.toContain('UpdateFunctionConfiguration');
  });

  it('knows from the record the Handler that no variable keeps any more', async () => {
    const account = createAccount();
    const functionArn = account.add('orders', { runtime: 'python3.7', handler: 'app.handler' });
    const unknown = account.add('unknown', { runtime: 'python3.7', handler: 'app.handler' });
    await account.run();
    await account.drain();
    account.world.pass(120);
    for (const one of [functionArn, unknown]) account.put(one, { environment: { readable: true, variables: {} } });
    account.world.records.records.delete(unknown);
    expect(await account.run()).toEqual({
      counts: { 'drifted: variable-missing': 1, 'blocked: original-handler-lost': 1 },
      sent: 1,
      repaired: 1,
    });
    await account.drain();
    expect(account.record(functionArn)).toMatchObject({ status: 'protected', action: 'repaired' });
    expect(account.record(unknown)).toMatchObject({ status: 'blocked', reason: 'original-handler-lost' });
  });

  it('knows from the record that a layer is its own, where the policy has it from another account by now', async () => {
    const mirror = 'agents: { trend-application-security: { layers: { account: "999988887777" } } }';
    const account = createAccount(mirror);
    const functionArn = account.add('orders', {
      layers: ['a', 'b', 'c', 'd'].map((name) => `arn:aws:lambda:us-east-1:111122223333:layer:${name}:1`),
    });
    await account.run();
    await account.drain();
    account.world.pass(120);
    account.world.setPolicy('');
    expect(await account.run()).toMatchObject({ counts: { 'drifted: layer-version': 1 }, sent: 0, repaired: 1 });
    await account.drain();
    expect(account.world.functions.get(functionArn)?.layers.at(-1)).toBe(vendorLayer('nodejs14_x'));
    expect(account.world.functions.get(functionArn)?.layers).toHaveLength(5);
  });

  it('does not count as protected what AWS failed to bring into effect, and lists all the same', async () => {
    const account = createAccount();
    const functionArn = await account.protect('orders', 'second', 'third');
    account.put(functionArn, { layers: [] });
    await account.run();
    await account.world.settle('Failed', 'The network interface is gone.');
    expect(account.world.functions.get(functionArn)?.layers).toHaveLength(1);
    expect(await account.run()).toMatchObject({ counts: { 'blocked: aws-refused': 1, protected: 2 } });
  });

  it('leaves what fails to the queue', async () => {
    const account = createAccount();
    const functionArn = account.add('orders');
    await account.run();
    await account.drain();
    account.put(functionArn, { layers: [] });
    account.world.functions.answerOnce(() => new ServiceUnavailable('no answer'));
    expect(await account.run()).toMatchObject({ sent: 1, repaired: 0 });
    await account.drain();
    expect(account.record(functionArn)?.status).toBe('protected');
  });

  it('reads the tagged functions one by one where that is fewer calls', async () => {
    const account = createAccount();
    for (let n = 0; n < 400; n++) account.add(`function-${n}`, n % 100 === 0 ? {} : { tags: untagged });
    await account.run();
    expect(account.calls).toEqual(['GetResources', 'GetAccountSettings']);
    expect(account.world.functions.calls).toHaveLength(4);
  });

  it('reads the rest one by one where many are tagged among thousands of others', async () => {
    const account = createAccount();
    for (let n = 0; n < 9_000; n++) account.add(`function-${n}`, n % 60 === 0 ? {} : { tags: untagged });
    await account.run();
    const listings = ['ListFunctions', 'ListFunctions', 'ListFunctions', 'ListFunctions'];
    expect(account.calls).toEqual(['GetResources', 'GetResources', ...listings, 'GetAccountSettings']);
    // Four of the 150 were on the pages that were listed.
    expect(account.world.functions.calls).toHaveLength(146);
    expect(await account.drain()).toBe(150);
  });

  it('costs one call where nobody opted in', async () => {
    const account = createAccount();
    account.add('plain', { tags: untagged });
    await account.run();
    expect([...account.calls, ...account.world.functions.calls]).toEqual(['GetResources']);
  });

  it('finds protection that was taken off without an event', async () => {
    const account = createAccount();
    const functionArn = account.add('orders');
    await account.run();
    await account.drain();
    account.put(functionArn, { layers: [] });
    expect(await account.run()).toMatchObject({ sent: 0, repaired: 1 });
    await account.drain();
    expect(account.world.functions.get(functionArn)?.layers).toHaveLength(1);
    expect(account.world.alerts).toMatchObject([{ action: 'repaired', cause: { eventName: 'Sweep' } }]);
  });

  it('in audit mode reports drift once, and changes nothing', async () => {
    const account = createAccount('mode: audit');
    const functionArn = account.add('orders');
    await account.run();
    await account.drain();
    expect(account.record(functionArn)).toMatchObject({ status: 'drifted', action: 'reported' });
    expect(await account.run()).toMatchObject({ sent: 0, repaired: 0 });
    expect(account.world.functions.get(functionArn)?.layers).toEqual([]);
  });

  it('finds a tag that was taken off without an event, and a function that is gone', async () => {
    const account = createAccount();
    const leaving = account.add('leaving');
    const gone = account.add('gone');
    await account.run();
    await account.drain();
    account.put(leaving, { tags: untagged });
    account.world.functions.remove(gone);
    await account.run();
    await account.drain();
    expect(account.record(leaving)?.status).toBe('released');
    expect(account.record(gone)?.status).toBe('deleted');
    expect((await account.run()).sent).toBe(0);
  });

  it('tells what no message is left to tell of, once', async () => {
    const account = createAccount();
    const { events } = account.world.world;
    const { announce } = events;
    const [stripped, leaving, gone] = ['stripped', 'leaving', 'gone'].map((name) => account.add(name));
    if (!stripped || !leaving || !gone) throw new Error('there are three');
    await account.run();
    await account.drain();
    account.put(stripped, { layers: [] });
    account.put(leaving, { tags: untagged });
    account.world.functions.remove(gone);
    await account.run();
    Object.assign(events, { announce: () => Promise.reject(new ServiceUnavailable('EventBridge does not answer')) });
    for (let round = 0; round < 3 && account.world.queue.length > 0; round++) {
      account.world.functions.settle();
      for (const { change } of account.world.queue.splice(0))
        await remediate(change.functionArn, [change], account.world.world).catch(() => undefined);
    }
    expect(account.record(stripped)).toMatchObject({ status: 'protected', action: 'repaired', outbox: [{}, {}] });
    expect(account.record(leaving)).toMatchObject({ status: 'released', outbox: [{}, {}] });
    expect(account.record(gone)).toMatchObject({ status: 'deleted', outbox: [{}] });
    Object.assign(events, { announce });
    account.world.events.length = 0;
    expect(await account.run()).toMatchObject({ sent: 3 });
    await account.drain();
    expect(account.world.events.map(({ status }) => status).sort()).toEqual(['deleted', 'protected', 'released']);
    expect(await account.run()).toMatchObject({ sent: 0 });
  });

  it('brings functions up to date with a new policy', async () => {
    const account = createAccount();
    const functionArn = account.add('orders');
    await account.run();
    await account.drain();
    account.world.setPolicy('agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }');
    expect(await account.run()).toMatchObject({ repaired: 1 });
    await account.drain();
    const { environment } = account.world.functions.get(functionArn) ?? snapshotOf();
    expect(environment).toMatchObject({ variables: { TREND_AP_HTTP_TIMEOUT: '9' } });
    expect(account.record(functionArn)).toMatchObject({ status: 'protected', action: 'updated' });
  });

  it('asks for a policy and for credentials that are not older than itself', async () => {
    const account = createAccount();
    const asked: (Date | undefined)[] = [];
    const { policies, credentials } = account.world.world;
    const note = (asOf: Date | undefined) => {
      asked.push(asOf);
      return asOf;
    };
    Object.assign(account.world.world, {
      policies: { current: (asOf?: Date) => policies.current(note(asOf)) },
      credentials: { find: (name: string, asOf?: Date) => credentials.find(name, note(asOf)) },
    });
    account.add('orders');
    await account.run();
    await account.drain();
    expect(asked.length).toBeGreaterThan(3);
    expect(new Set(asked.map((asOf) => asOf?.toISOString()))).toEqual(new Set([task.startedAt]));
  });

  it('sends nothing again for a function that a person has to see to', async () => {
    const account = createAccount();
    account.add('traced', { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } });
    account.add('java', { runtime: 'java11' });
    await account.run();
    await account.drain();
    expect(await account.run()).toEqual({
      counts: { 'blocked: foreign-wrapper': 1, 'unsupported: runtime': 1 },
      sent: 0,
      repaired: 0,
    });
  });

  it('goes on where it stopped, and counts every function once', async () => {
    const account = createAccount();
    for (let n = 0; n < 130; n++) account.add(`function-${n}`);
    const first = await account.run({}, () => false);
    expect(first).toEqual({ marker: '50', counts: { 'drifted: layer-missing': 50 }, sent: 50, repaired: 0 });
    const second = await account.run({ progress: first }, () => false);
    const third = await account.run({ progress: second }, () => false);
    expect(third).toEqual({ counts: { 'drifted: layer-missing': 130 }, sent: 130, repaired: 0 });
  });

  it('sees the updates that it began to their end, also where the listing fails', async () => {
    const account = createAccount();
    const functionArns = Array.from({ length: 60 }, (_, n) => account.add(`function-${n}`));
    await account.run();
    await account.drain();
    account.world.pass(120);
    for (const functionArn of functionArns) account.put(functionArn, { layers: [] });
    account.failListingFrom('50', new Throttled('429'));
    account.world.functions.calls.length = 0;
    await expect(account.run()).rejects.toThrow('429');
    expect(account.world.functions.calls).toHaveLength(50);
    expect(account.world.queue).toHaveLength(50);
  });

  it('after a rotation only changes the functions of the rotated groups, by rules too, and counts all', async () => {
    const policy = policyOf();
    const payments = { secret: 'layerward/groups/payments', parameters: { cloudOneRegion: 'us-1' } };
    const account = createAccount('', {
      policy: {
        ...policy,
        groups: { ...policy.groups, payments },
        rules: [{ match: { functions: ['invoices'] }, group: 'payments' }],
      },
    });
    const names = ['orders', 'invoices', 'billing'];
    const tags = { readable: true, values: { 'layerward:protect': 'on', 'layerward:group': 'payments' } } as const;
    const functionArns = names.map((name) => account.add(name, name === 'billing' ? { tags } : {}));
    await account.run();
    await account.drain();
    account.world.setSecret({ found: { key: 'new-key', secret: 'new-secret' } });
    const { counts, repaired } = await account.run({ secretNames: ['layerward/groups/payments'] });
    expect(counts).toEqual({ 'drifted: credentials-changed': 3 });
    expect(repaired).toBe(2);
    const keys = functionArns.map((functionArn) => {
      const { environment } = account.world.functions.get(functionArn) ?? snapshotOf();
      return environment.readable ? environment.variables['TREND_AP_KEY'] : undefined;
    });
    expect(keys).toEqual([credentials.key, 'new-key', 'new-key']);
  });
});
