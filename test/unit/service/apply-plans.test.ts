import { describe, expect, it } from 'vitest';
import { ServiceUnavailable, Throttled } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { type ApplyOrder, applyPlans } from '../../../src/service/apply-plans.ts';
import { createUnkeptRecords, unshared } from '../../../src/service/apply-plans-unrecorded.ts';
import { markUpdate } from '../../../src/service/explain-update.ts';
import { judgeSnapshot } from '../../../src/service/survey.ts';
import { arn, credentials, policyOf, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const salt = 'salt';
const untagged = { readable: true, values: {} } as const;

/** A world in which AWS ends an update while somebody sleeps. */
function createCommand(yaml = '') {
  const world = createWorld(yaml);
  const { functions } = world;
  let onSleep = () => functions.settle();
  const place = {
    ...world.world,
    sleep: async (ms: number) => {
      world.pass(ms / 1000);
      if (ms > 0) onSleep();
    },
  };
  const policy = () => world.world.policies.current();
  const plan = async (...names: string[]): Promise<ApplyOrder['functions']> =>
    Promise.all(
      names.map(async (functionName) => {
        const snapshot = functions.get(formatFunctionArn({ ...arn, functionName }));
        if (!snapshot) throw new Error(`there is no ${functionName}`);
        const { decision, attachment, functionArn } = await judgeSnapshot(snapshot, 'unknown', {
          ...place,
          policy: await policy(),
        });
        const planned = 'plan' in decision ? decision.plan : undefined;
        const updateMark = planned ? markUpdate({ snapshot, plan: planned, attachment }, salt) : 'none';
        return { functionArn, revisionId: snapshot.revisionId, updateMark };
      }),
    );
  return {
    world,
    plan,
    put: (name: string, changes: Parameters<typeof snapshotOf>[0] = {}) =>
      functions.put(snapshotOf({ ...changes, arn: { ...arn, functionName: name } })),
    live: (name: string) => functions.get(formatFunctionArn({ ...arn, functionName: name })),
    onSleep(then: () => void) {
      onSleep = then;
    },
    async apply(
      planned: ApplyOrder['functions'],
      given: Partial<ApplyOrder> & { readonly mayGoOn?: () => boolean; readonly world?: Partial<typeof place> } = {},
    ) {
      const { mayGoOn = () => true, world: changed, ...order } = given;
      const applied = await applyPlans(
        {
          functions: planned,
          salt,
          policy: await policy(),
          request: { id: 'apply-1', name: 'Apply' },
          parallel: 4,
          ...order,
        },
        { ...place, ...changed },
        { done: () => {}, mayGoOn },
      );
      return Object.fromEntries(
        applied.map(({ functionArn, outcome, detail }) => [
          functionArn.split(':').at(-1),
          detail === '' ? outcome : `${outcome}: ${detail}`,
        ]),
      );
    },
  };
}

const isProtected = (snapshot: Snapshot | undefined) => snapshot?.layers.length === 1;

describe('applying a plan', () => {
  it('attaches, verifies and records, with what was there before', async () => {
    const command = createCommand();
    command.put('orders', { runtime: 'python3.7', handler: 'app.handler' });
    expect(await command.apply(await command.plan('orders'))).toEqual({ orders: 'attached' });
    const record = command.world.record();
    expect(record).toMatchObject({
      status: 'protected',
      action: 'attached',
      cause: { eventId: 'apply-1', eventName: 'Apply' },
      attachment: { before: { handler: 'app.handler' } },
      outbox: [],
    });
    expect(command.live('orders')?.handler).toBe('trend_app_protect_handler.handler');
  });

  it('tells a repair and an update from a first attachment', async () => {
    const command = createCommand();
    await command.world.protect();
    command.world.functions.put({ ...(command.live('orders') ?? snapshotOf()), layers: [] });
    expect(await command.apply(await command.plan('orders'))).toEqual({ orders: 'repaired' });
    command.world.setPolicy('agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }');
    expect(await command.apply(await command.plan('orders'))).toEqual({ orders: 'updated' });
  });

  it('releases what opted out', async () => {
    const command = createCommand();
    await command.world.protect();
    command.world.functions.put({ ...(command.live('orders') ?? snapshotOf()), tags: untagged });
    expect(await command.apply(await command.plan('orders'))).toEqual({ orders: 'released' });
    expect(command.live('orders')?.layers).toEqual([]);
  });

  it('tells what it did, also where a deployed Layerward has looked and written again since', async () => {
    const command = createCommand();
    await command.world.protect();
    command.world.functions.put({ ...(command.live('orders') ?? snapshotOf()), tags: untagged });
    const { records } = command.world.world;
    let isSeen = false;
    const seenByOthers: typeof records = {
      ...records,
      async find(functionArn) {
        const record = await records.find(functionArn);
        if (!isSeen && record?.status === 'released' && record.outbox.length === 0) {
          isSeen = true;
          const reported = { status: 'drifted', reason: 'layer-missing', action: 'reported' } as const;
          await records.save({ ...record, ...reported, version: record.version + 1 });
        }
        return records.find(functionArn);
      },
    };
    const planned = await command.plan('orders');
    expect(await command.apply(planned, { world: { records: seenByOthers } })).toEqual({ orders: 'released' });
  });

  it('refuses a function that has changed since, and leaves it alone', async () => {
    const command = createCommand();
    command.put('orders');
    const planned = await command.plan('orders');
    command.put('orders', { variables: { NEW: 'yes' } });
    expect(await command.apply(planned)).toEqual({
      orders: 'refused: it has changed since the plan was made: plan it again',
    });
    expect(isProtected(command.live('orders'))).toBe(false);
    expect(command.world.record()).toBeUndefined();
  });

  it('refuses where another update would be sent now: other credentials, another policy', async () => {
    const command = createCommand();
    command.put('orders');
    const planned = await command.plan('orders');
    command.world.setSecret({ found: { ...credentials, secret: 'rotated' } });
    expect((await command.apply(planned))['orders']).toMatch(/^refused: what would be sent is not what was planned/);
    command.world.setSecret({ found: credentials });
    const policy = policyOf('agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }');
    expect((await command.apply(planned, { policy }))['orders']).toMatch(/^refused: what would be sent/);
    expect(isProtected(command.live('orders'))).toBe(false);
  });

  it('refuses a function that changes just before the update, and sends no other one', async () => {
    const command = createCommand();
    command.put('orders');
    const planned = await command.plan('orders');
    const fairShare = {
      ...unshared,
      waitingUntil: async () => {
        command.put('orders', { variables: { NEW: 'yes' } });
        return undefined;
      },
    };
    const { functions } = command.world;
    const answer = await command.apply(planned, { world: { fairShare } });
    expect(answer['orders']).toMatch(/^refused: it has changed/);
    expect(functions.calls).toContain('UpdateFunctionConfiguration');
    expect(isProtected(command.live('orders'))).toBe(false);
  });

  it('sends no second update where somebody undoes the first one before it is verified', async () => {
    const command = createCommand();
    command.put('orders');
    const planned = await command.plan('orders');
    command.onSleep(() => command.put('orders'));
    expect((await command.apply(planned))['orders']).toMatch(/^refused: somebody changed it again/);
    expect(command.world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration')).toHaveLength(1);
  });

  it('finds nothing to do where somebody else was faster', async () => {
    const command = createCommand();
    command.put('orders');
    const planned = await command.plan('orders');
    await command.world.look();
    await command.world.settle();
    expect(await command.apply(planned)).toEqual({ orders: 'unchanged: all is in place already' });
  });

  it('changes nothing in audit mode, and leaves no record of it', async () => {
    const command = createCommand('mode: audit');
    command.put('orders');
    const planned = await command.plan('orders');
    expect((await command.apply(planned))['orders']).toMatch(/^skipped: the mode is audit/);
    expect(command.world.record()).toBeUndefined();
    expect(await command.apply(planned, { policy: policyOf() })).toEqual({ orders: 'attached' });
  });

  it('goes on where one of several fails, and says why', async () => {
    const command = createCommand();
    for (const name of ['one', 'two', 'three', 'full']) command.put(name);
    const planned = await command.plan('one', 'two', 'three', 'full');
    command.world.functions.answerOnce(() => ({
      accepted: false,
      reason: 'code-signing',
      detail: 'CodeVerificationFailedException: not signed',
    }));
    const answers = await command.apply(planned, { parallel: 1 });
    expect(answers).toEqual({
      one: 'blocked: code-signing: CodeVerificationFailedException: not signed',
      two: 'attached',
      three: 'attached',
      full: 'attached',
    });
  });

  it('ends where AWS refuses what it had accepted', async () => {
    const command = createCommand();
    command.put('orders');
    const planned = await command.plan('orders');
    command.onSleep(() => command.world.functions.settle('Failed', 'no ENI'));
    expect(await command.apply(planned)).toEqual({ orders: 'blocked: aws-refused: no ENI' });
  });

  it('waits until AWS is ready with a function, and only for so long until an update is verified', async () => {
    const command = createCommand();
    command.put('orders', { lastUpdateStatus: 'InProgress' });
    const live = command.live('orders');
    const planned = [{ functionArn: command.world.functionArn, revisionId: live?.revisionId ?? '', updateMark: '' }];
    command.put('later');
    const [later] = await command.plan('later');
    expect((await command.apply(planned))['orders']).toMatch(/^refused: what would be sent/);
    command.onSleep(() => {});
    expect((await command.apply(later ? [later] : []))['later']).toMatch(/^failed: AWS has not ended the update yet/);
  });

  it('tries again what passes, also where the answer to the update was lost', async () => {
    const command = createCommand();
    for (const name of ['throttled', 'lost']) command.put(name);
    const planned = await command.plan('throttled', 'lost');
    const [throttled = [], lost = []] = planned.map((one) => [one]);
    command.world.functions.answerOnce(() => new Throttled('slowly'));
    expect(await command.apply(throttled)).toEqual({ throttled: 'attached' });
    const { functions } = command.world.world;
    let isLost = false;
    const losing = {
      ...functions,
      update: async (plan: Parameters<typeof functions.update>[0]) => {
        const answer = await functions.update(plan);
        if (isLost) return answer;
        isLost = true;
        throw new ServiceUnavailable('the connection broke');
      },
    };
    expect(await command.apply(lost, { world: { functions: losing } })).toEqual({ lost: 'attached' });
  });

  it('names a function that is gone, and one that can’t be read', async () => {
    const command = createCommand();
    for (const name of ['gone', 'unreadable']) command.put(name);
    const planned = await command.plan('gone', 'unreadable');
    command.world.functions.remove(formatFunctionArn({ ...arn, functionName: 'gone' }));
    const { functions } = command.world.world;
    const read: typeof functions.read = async (at) => {
      if (at.functionName === 'unreadable') throw new ServiceUnavailable('reading failed');
      return functions.read(at);
    };
    expect(await command.apply(planned, { world: { functions: { ...functions, read } } })).toEqual({
      gone: 'refused: it does not exist any more',
      unreadable: 'failed: reading failed',
    });
  });

  it('has as many functions in hand as it may, and begins none once it is stopped', async () => {
    const command = createCommand();
    const names = Array.from({ length: 12 }, (_, n) => `fn-${n}`);
    for (const name of names) command.put(name);
    let most = 0;
    let now = 0;
    const { functions } = command.world.world;
    const update: typeof functions.update = async (plan) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return functions.update(plan);
    };
    let begun = 0;
    const answers = await command.apply(await command.plan(...names), {
      parallel: 3,
      mayGoOn: () => ++begun <= 6,
      world: { functions: { ...functions, update } },
    });
    expect(most).toBe(3);
    const outcomes = Object.values(answers);
    expect(outcomes.filter((outcome) => outcome === 'attached')).toHaveLength(6);
    expect(outcomes.filter((outcome) => outcome === 'stopped: before its turn')).toHaveLength(6);
  });

  it('does the same where nothing is kept', async () => {
    const command = createCommand();
    command.put('orders');
    const records = createUnkeptRecords();
    expect(await command.apply(await command.plan('orders'), { world: { records } })).toEqual({ orders: 'attached' });
    expect(command.world.record()).toBeUndefined();
  });

  it('tells nobody', async () => {
    const command = createCommand();
    command.put('orders');
    const silent = { announce: async () => {} };
    await command.apply(await command.plan('orders'), { world: { alerts: silent, events: silent } });
    expect(command.world.alerts).toEqual([]);
  });
});

describe('records that nobody keeps', () => {
  it('are refused where they do not build on the latest one', async () => {
    const command = createCommand();
    await command.world.protect();
    const record = command.world.record();
    if (!record) throw new Error('there is no record');
    const records = createUnkeptRecords();
    expect(await records.save({ ...record, version: 2 })).toBe('stale');
    expect(await records.save({ ...record, version: 1 })).toBe('saved');
    expect(await records.save({ ...record, version: 1 })).toBe('saved');
    expect(await records.save({ ...record, version: 1, reason: 'late' })).toBe('stale');
    expect(await records.forget({ ...record, version: 2 })).toBe('stale');
    expect(await records.forget({ ...record, version: 1 })).toBe('saved');
    expect(await records.find(record.functionArn)).toBeUndefined();
  });
});
