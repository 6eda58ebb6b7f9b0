import { describe, expect, it } from 'vitest';
import { AccessDenied, ServiceUnavailable } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { releaseAll } from '../../../src/service/release-all.ts';
import { remediate } from '../../../src/service/remediate.ts';
import { arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/** Functions that are protected, each with something of its team's own. */
async function createProtected(names: readonly string[], yaml = '') {
  const world = createWorld(yaml);
  const before = new Map<string, Snapshot>();
  for (const functionName of names) {
    const snapshot = snapshotOf({ arn: { ...arn, functionName }, variables: { STAGE: functionName } });
    before.set(formatFunctionArn(snapshot.arn), snapshot);
    world.functions.put(snapshot);
    await remediate(snapshot.arn, [world.change({ functionArn: snapshot.arn, kind: 'created' })], world.world);
  }
  await world.settle();
  const releaseWorld = {
    ...world.world,
    records: world.records.port,
    // AWS finishes its updates while the release waits.
    sleep: async (ms: number) => {
      world.pass(ms / 1000);
      world.functions.settle();
    },
  };
  const run = (options: Partial<Parameters<typeof releaseAll>[1]> = {}) =>
    releaseAll(releaseWorld, {
      requestId: 'request-1',
      notBefore: world.world.now(),
      mayGoOn: () => true,
      ...options,
    });
  const shapeOf = (snapshot: Snapshot | undefined) =>
    snapshot && [snapshot.handler, snapshot.layers, snapshot.environment];
  const isAsBefore = (functionArn: string) => {
    expect(shapeOf(world.functions.get(functionArn))).toEqual(shapeOf(before.get(functionArn)));
  };
  return { world, run, functionArns: [...before.keys()], isAsBefore };
}

describe('the release of everything', () => {
  it('gives every function back what it was, whatever its tag says, and keeps its history', async () => {
    const { world, run, functionArns, isAsBefore } = await createProtected(['orders', 'billing', 'search']);
    world.alerts.length = 0;
    expect(await run()).toEqual({ isDone: true, released: 3, left: [] });
    for (const functionArn of functionArns) {
      isAsBefore(functionArn);
      expect(world.records.records.get(functionArn)).toMatchObject({
        status: 'released',
        action: 'released',
        cause: { eventName: 'Uninstall', eventId: 'request-1' },
      });
    }
    expect(world.events.filter(({ status }) => status === 'released')).toHaveLength(3);
    expect(world.alerts).toEqual([]);
  });

  it('needs no policy: one that is to audit only, or can’t be read, holds nothing up', async () => {
    const { world, run } = await createProtected(['orders']);
    world.setPolicy('mode: audit');
    Object.assign(world.world, { policies: { current: () => Promise.reject(new Error('never asked')) } });
    expect(await run()).toMatchObject({ isDone: true, released: 1 });
  });

  it('needs no credentials', async () => {
    const { world, run } = await createProtected(['orders']);
    world.setSecret({ missing: 'the secret is gone' });
    expect(await run()).toMatchObject({ isDone: true, released: 1 });
  });

  it('passes over a function whose environment can’t be read, and names it', async () => {
    const { world, run, functionArns } = await createProtected(['orders', 'sealed']);
    const [, sealed = ''] = functionArns;
    world.functions.put({
      ...(world.functions.get(sealed) ?? snapshotOf()),
      environment: { readable: false, errorCode: 'AccessDeniedException' },
    });
    expect(await run()).toEqual({
      isDone: true,
      released: 1,
      left: [{ functionArn: sealed, why: 'blocked: environment-unreadable' }],
    });
    // What the team had is still on record.
    expect(world.records.records.get(sealed)?.attachment).toBeDefined();
  });

  it('passes over an account that lets nobody in any more, in AWS’s words', async () => {
    const { world, run, functionArns } = await createProtected(['orders', 'closed']);
    const { read } = world.world.functions;
    world.world.functions.read = async (of) => {
      if (of.functionName === 'closed') throw new AccessDenied('account 111122223333 does not let Layerward in');
      return read(of);
    };
    expect(await run()).toEqual({
      isDone: true,
      released: 1,
      left: [{ functionArn: functionArns[1], why: 'account 111122223333 does not let Layerward in' }],
    });
  });

  it('tries again what passes', async () => {
    const { world, run } = await createProtected(['orders']);
    const { read } = world.world.functions;
    let failures = 3;
    world.world.functions.read = async (of) => {
      if (failures-- > 0) throw new ServiceUnavailable('no answer');
      return read(of);
    };
    expect(await run()).toMatchObject({ isDone: true, released: 1, left: [] });
  });

  it('gives up on what never passes', async () => {
    const { world, run } = await createProtected(['orders']);
    world.world.functions.read = async () => {
      throw new ServiceUnavailable('no answer');
    };
    expect(await run()).toMatchObject({ isDone: true, released: 0, left: [{ why: 'no answer' }] });
  });

  it('verifies what AWS accepted at the last attempt only', async () => {
    const { world, run, functionArns, isAsBefore } = await createProtected(['orders']);
    const { read } = world.world.functions;
    let reads = 0;
    Object.assign(world.world.functions, {
      read: (...asked: Parameters<typeof read>) =>
        ++reads < 9 ? Promise.reject(new ServiceUnavailable('Lambda does not answer')) : read(...asked),
    });
    expect(await run()).toEqual({ isDone: true, released: 1, left: [] });
    expect(reads).toBe(10);
    isAsBefore(functionArns[0] ?? '');
  });

  it('forgets functions that are gone', async () => {
    const { world, run, functionArns } = await createProtected(['orders']);
    world.functions.remove(functionArns[0] ?? '');
    expect(await run()).toMatchObject({ isDone: true, left: [] });
    expect(world.records.records.get(functionArns[0] ?? '')?.status).toBe('deleted');
  });

  it('stops when time is short, and the next run goes on', async () => {
    const { run, functionArns, isAsBefore } = await createProtected(['a', 'b', 'c', 'd']);
    let looks = 0;
    const first = await run({ mayGoOn: () => ++looks < 4 });
    expect(first.isDone).toBe(false);
    expect(first.released).toBeLessThan(4);
    const second = await run();
    expect(second).toMatchObject({ isDone: true, left: [] });
    for (const functionArn of functionArns) isAsBefore(functionArn);
  });

  it('releases again what somebody of ours who was still at work has attached meanwhile', async () => {
    const { world, run, functionArns, isAsBefore } = await createProtected(['orders']);
    const [functionArn = ''] = functionArns;
    const attached = structuredClone([
      world.functions.get(functionArn),
      world.records.records.get(functionArn),
    ] as const);
    const startedAt = world.world.now().getTime();
    const { records } = world.records;
    let isReattached = false;
    const released = await run({
      notBefore: new Date(startedAt + 75_000),
      mayGoOn: () => {
        // After the first pass, before the last one.
        if (!isReattached && records.get(functionArn)?.status === 'released') {
          isReattached = true;
          const [snapshot, record] = attached;
          if (snapshot) world.functions.put(snapshot);
          if (record) records.set(functionArn, { ...record, version: (records.get(functionArn)?.version ?? 0) + 1 });
        }
        return true;
      },
    });
    expect(isReattached).toBe(true);
    expect(released).toMatchObject({ isDone: true, left: [] });
    isAsBefore(functionArn);
    expect(world.world.now().getTime()).toBeGreaterThanOrEqual(startedAt + 75_000);
  });

  it('looks at no function twice at a time, though the table lists it again while it is being released', async () => {
    const { world, run, functionArns, isAsBefore } = await createProtected(['orders']);
    const [functionArn = ''] = functionArns;
    const { attached } = world.records.port;
    const { read } = world.functions.port;
    let looks = 0;
    let most = 0;
    Object.assign(world.records.port, {
      async *attached() {
        for await (const state of attached()) {
          yield state;
          yield { ...state, version: state.version + 1 };
        }
      },
    });
    Object.assign(world.functions.port, {
      async read(...asked: Parameters<typeof read>) {
        most = Math.max(most, ++looks);
        await new Promise(setImmediate);
        looks--;
        return read(...asked);
      },
    });
    expect(await run()).toEqual({ isDone: true, released: 1, left: [] });
    expect(most).toBe(1);
    isAsBefore(functionArn);
  });

  it('tells of a release that a former run could not tell of', async () => {
    const { world, run, functionArns } = await createProtected(['orders']);
    const [functionArn = ''] = functionArns;
    const { announce } = world.world.events;
    Object.assign(world.world.events, {
      announce: () => Promise.reject(new ServiceUnavailable('EventBridge does not answer')),
    });
    await run();
    expect(world.records.records.get(functionArn)).toMatchObject({ status: 'released', outbox: [{}, {}] });
    Object.assign(world.world.events, { announce });
    expect(await run()).toMatchObject({ isDone: true, left: [] });
    expect(world.events.filter(({ status }) => status === 'released')).toHaveLength(1);
    expect(world.records.records.get(functionArn)?.outbox).toEqual([]);
  });
});
