import { describe, expect, it } from 'vitest';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Coverage, Inventory } from '../../../src/domain/ports.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { remediate } from '../../../src/service/remediate.ts';
import { type SweepTask, sweep } from '../../../src/service/sweep.ts';
import { arn, policyOf, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const untagged = { readable: true, values: { team: 'orders' } } as const;
const task: SweepTask = { sweepId: 'sweep-1', accountId: arn.accountId, region: arn.region };

/** A world with many functions, and a listing of them that counts its calls. */
function createAccount(yaml = '') {
  const world = createWorld(yaml);
  const all = new Map<string, Snapshot>();
  const calls: string[] = [];
  const coverage: Coverage[] = [];
  const live = () => [...all.keys()].flatMap((functionArn) => world.functions.get(functionArn) ?? []);
  const inventory: Inventory = {
    async count() {
      calls.push('GetAccountSettings');
      return live().length;
    },
    async list(_, marker) {
      calls.push('ListFunctions');
      const from = Number(marker ?? 0);
      const page = live().slice(from, from + 50);
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
      if (found.length === 0) calls.push('GetResources');
    },
  };
  return {
    world,
    calls,
    coverage,
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
      sweep(
        { ...task, ...changes },
        {
          ...world.world,
          policy: policyOf(yaml),
          inventory,
          records: {
            async *summaries() {
              for (const record of world.records.records.values())
                if (!['released', 'deleted'].includes(record.status)) yield record;
            },
            saveCoverage: async (one) => void coverage.push(one),
          },
          queue: world.world.followUps,
        },
        mayGoOn,
      ),
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
    expect(await account.run()).toEqual({ done: true, counts: { protected: 100 }, sent: 0 });
    expect([...account.calls, ...account.world.functions.calls]).toHaveLength(6);
    expect(account.coverage.at(-1)).toMatchObject({ sweepId: 'sweep-1', counts: { protected: 100 }, sent: 0 });
  });

  it('reads the tagged functions one by one where that is fewer calls', async () => {
    const account = createAccount();
    for (let n = 0; n < 400; n++) account.add(`function-${n}`, n % 100 === 0 ? {} : { tags: untagged });
    await account.run();
    expect(account.calls).toEqual(['GetResources', 'GetAccountSettings']);
    expect(account.world.functions.calls).toHaveLength(4);
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
    expect((await account.run()).sent).toBe(1);
    await account.drain();
    expect(account.world.functions.get(functionArn)?.layers).toHaveLength(1);
    expect(account.world.alerts).toMatchObject([{ action: 'repaired', cause: { eventName: 'Sweep' } }]);
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
    expect(account.world.records.records.get(leaving)?.status).toBe('released');
    expect(account.world.records.records.get(gone)?.status).toBe('deleted');
    expect((await account.run()).sent).toBe(0);
  });

  it('brings functions up to date with a new policy', async () => {
    const account = createAccount();
    account.add('orders');
    await account.run();
    await account.drain();
    const changed = 'agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }';
    const renewed = createAccount(changed);
    renewed.world.records.records.clear();
    for (const [functionArn, record] of account.world.records.records)
      renewed.world.records.records.set(functionArn, record);
    const live = account.world.functions.get(formatFunctionArn({ ...arn, functionName: 'orders' }));
    renewed.add('orders', live ?? {});
    expect((await renewed.run()).sent).toBe(1);
  });

  it('sends nothing again for a function that a person has to see to', async () => {
    const account = createAccount();
    account.add('traced', { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } });
    account.add('java', { runtime: 'java11' });
    await account.run();
    await account.drain();
    const again = await account.run();
    expect(again).toEqual({
      done: true,
      counts: { 'blocked: foreign-wrapper': 1, 'unsupported: runtime': 1 },
      sent: 0,
    });
  });

  it('goes on where it stopped, and counts every function once', async () => {
    const account = createAccount();
    for (let n = 0; n < 130; n++) account.add(`function-${n}`);
    const first = await account.run({}, () => false);
    expect(first).toMatchObject({ done: false, marker: '50', counts: { 'drifted: layer-missing': 50 }, sent: 50 });
    const second = await account.run(first, () => false);
    const third = await account.run(second, () => false);
    expect(third).toEqual({ done: true, counts: { 'drifted: layer-missing': 130 }, sent: 130 });
    expect(account.coverage).toHaveLength(1);
  });

  it('after a rotation only looks at the functions of the rotated group', async () => {
    const account = createAccount();
    account.add('orders');
    account.add('other', {
      tags: { readable: true, values: { 'layerward:protect': 'on', 'layerward:group': 'none' } },
    });
    const { counts } = await account.run({ secretNames: ['layerward/groups/default'] });
    expect(counts).toEqual({ 'drifted: layer-missing': 1 });
    expect((await account.run({ secretNames: ['another'] })).counts).toEqual({});
  });
});
