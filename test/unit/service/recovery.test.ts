import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../../src/domain/attachment.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { FunctionRecord } from '../../../src/domain/record.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { credentials, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/*
 * The table of records is lost, or comes back as it was yesterday. What is on functions is the truth, and records are
 * rebuilt from it by the next sweep; nothing is put on, and nothing taken off, because of what a record no longer knows.
 * docs/operations.md, "The table is lost", tells people what can't come back.
 */

type World = ReturnType<typeof createWorld>;
const tagged = { readable: true, values: { 'layerward:protect': 'on' } } as const;
const untagged = { readable: true, values: {} } as const;
const redirected = { runtime: 'python3.7', handler: 'app.handler', variables: { STAGE: 'production' } } as const;

/** What a sweep sends, which finds a function that differs from its record. */
async function sweep(world: World): Promise<void> {
  await world.look(world.change({ kind: 'swept', eventName: 'Sweep', touched: [] }));
  await world.settle();
}

async function optOut(world: World): Promise<void> {
  put(world, { tags: untagged });
  await world.look(
    world.change({ kind: 'tagged', eventName: 'UntagResource20170331v2', touched: [], tagKeys: ['layerward:protect'] }),
  );
  await world.settle();
}

/** The team changes something of its function. */
function put(world: World, changes: Partial<Snapshot>): void {
  const live = world.live();
  if (!live) throw new Error('there is no function');
  world.functions.put({ ...live, ...changes });
}

/** What counts of a function; revisions and states aside. */
function shape(world: World) {
  const live = world.live();
  return live && { handler: live.handler, layers: live.layers, environment: live.environment };
}

const updates = ({ functions }: World) =>
  functions.calls.filter((call) => call === 'UpdateFunctionConfiguration').length;

function restore(world: World, backup: FunctionRecord | undefined): void {
  world.records.records.clear();
  if (backup) world.records.records.set(backup.functionArn, structuredClone(backup));
}

describe('a table that is lost', () => {
  it.each([
    ['a Node function', {}],
    ['a function whose Handler is redirected', redirected],
  ])(
    'leaves %s protected: the next sweep finds it in order, sends nothing, and has a record again',
    async (_, team) => {
      const world = createWorld();
      await world.protect(team);
      const [before, sent] = [shape(world), updates(world)];
      restore(world, undefined);
      await sweep(world);
      expect(shape(world)).toEqual(before);
      expect(updates(world)).toBe(sent);
      expect(world.record()).toMatchObject({ status: 'protected', action: 'none' });
    },
  );

  it('is told to nobody function by function: nothing has happened to any of them', async () => {
    const world = createWorld();
    await world.protect();
    world.alerts.length = 0;
    restore(world, undefined);
    await sweep(world);
    expect(world.alerts).toEqual([]);
  });

  it('does not keep what is taken off later from being put back', async () => {
    const world = createWorld();
    await world.protect(redirected);
    const whole = shape(world);
    restore(world, undefined);
    await sweep(world);
    put(world, { layers: [], handler: 'app.handler' });
    await world.look(world.change());
    await world.settle();
    expect(shape(world)).toEqual(whole);
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired' });
  });

  it('makes a release leave what was there when the record was made anew, since nobody knows whose it was', async () => {
    const world = createWorld();
    await world.protect({ variables: { TREND_AP_LOG_FILE: '/tmp/of-the-team' } });
    const whole = shape(world);
    restore(world, undefined);
    await sweep(world);
    await optOut(world);
    expect(shape(world)).toEqual(whole);
    expect(world.record()).toMatchObject({ status: 'released' });
  });

  it('leaves a function alone that opted out before anybody looked again', async () => {
    const world = createWorld();
    await world.protect();
    const whole = shape(world);
    restore(world, undefined);
    await optOut(world);
    expect(shape(world)).toEqual(whole);
    expect(world.record()).toBeUndefined();
  });

  it('does not stop what is blocked from being blocked, and told again', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/theirs' } }));
    await world.look();
    restore(world, undefined);
    world.alerts.length = 0;
    await sweep(world);
    expect(world.record()).toMatchObject({ status: 'blocked', reason: 'foreign-wrapper' });
    expect(world.alerts).toMatchObject([{ status: 'blocked' }]);
  });
});

describe('a table that is lost, once somebody has said so', () => {
  /** A world whose records are lost after all this; the next sweep makes them anew. */
  async function lost(team: Parameters<typeof snapshotOf>[0], live: (world: World) => Promise<void> = async () => {}) {
    const world = createWorld();
    await world.protect(team);
    restore(world, undefined);
    await world.records.sayLost();
    await live(world);
    world.alerts.length = 0;
    return world;
  }
  const wrapped = { variables: { STAGE: 'production' } } as const;
  const bare = (handler: string) => ({
    handler,
    layers: [],
    environment: { readable: true, variables: { STAGE: 'production' } },
  });

  it.each([
    ['a Node function', wrapped, 'index.handler'],
    ['a function whose Handler is redirected', redirected, 'app.handler'],
  ])('gets a record of what is on %s, and a release takes that off', async (_, team, handler) => {
    const world = await lost(team);
    const [before, sent] = [shape(world), updates(world)];
    await sweep(world);
    expect(shape(world)).toEqual(before);
    expect(updates(world)).toBe(sent);
    expect(world.alerts).toEqual([]);
    expect(world.record()).toMatchObject({ status: 'protected', action: 'none', attachment: { isRebuilt: true } });
    await optOut(world);
    expect(shape(world)).toEqual(bare(handler));
    expect(world.record()).toMatchObject({ status: 'released', action: 'released' });
  });

  it('says in the record, and of the release, what can’t come back', async () => {
    const world = await lost({ variables: { ...wrapped.variables, TREND_AP_LOG_FILE: '/tmp/of-the-team' } });
    await sweep(world);
    const words = /its record was lost and made anew: what the team had in the agent’s places before is not given back/;
    expect(world.record()?.detail).toMatch(words);
    expect(world.events.at(-1)?.detail).toMatch(words);
    await optOut(world);
    expect(shape(world)).toEqual(bare('index.handler'));
    expect(world.record()?.detail).toMatch(words);
    expect(world.alerts).toMatchObject([{ status: 'released', detail: expect.stringMatching(words) }]);
  });

  it('makes records that repairs and new policies build on', async () => {
    const world = await lost(redirected);
    await sweep(world);
    const whole = shape(world);
    put(world, { layers: [], handler: 'moved.handler' });
    await world.look(world.change());
    await world.settle();
    expect(shape(world)).toMatchObject({ layers: whole?.layers, handler: whole?.handler });
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired' });
    expect(world.record()?.detail).toMatch(/its record was lost/);
    world.setPolicy('agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }');
    await sweep(world);
    expect(world.record()).toMatchObject({ status: 'protected', action: 'updated', attachment: { isRebuilt: true } });
    await optOut(world);
    expect(shape(world)).toEqual(bare('moved.handler'));
  });

  it('puts right what was taken off meanwhile, and a release takes all of ours off', async () => {
    const world = await lost(redirected, async (living) => put(living, { layers: [] }));
    await sweep(world);
    expect(world.live()?.layers).toEqual([vendorLayer('python')]);
    expect(world.record()).toMatchObject({ status: 'protected', attachment: { isRebuilt: true } });
    await optOut(world);
    expect(shape(world)).toEqual(bare('app.handler'));
  });

  it('takes for the team’s what the team has set otherwise since', async () => {
    const world = await lost(wrapped, async (living) => {
      const { variables } = shapeOf(living.live() ?? snapshotOf());
      put(living, { environment: { readable: true, variables: { ...variables, TREND_AP_LOG_FILE: '/tmp/theirs' } } });
    });
    await sweep(world);
    await optOut(world);
    expect(world.live()?.environment).toMatchObject({
      variables: { STAGE: 'production', TREND_AP_LOG_FILE: '/tmp/theirs' },
    });
  });

  it('follows a function that moved to another runtime meanwhile', async () => {
    const world = await lost(redirected, async (living) => put(living, { runtime: 'python3.8' }));
    await sweep(world);
    expect(shape(world)).toMatchObject({ handler: 'app.handler', layers: [vendorLayer('python')] });
    await optOut(world);
    expect(shape(world)).toEqual(bare('app.handler'));
  });

  it('can’t find a Handler that the function itself does not have any more, and says so', async () => {
    const world = await lost(redirected, async (living) => {
      const { TREND_AP_HANDLER: _, ...variables } = shapeOf(living.live() ?? snapshotOf()).variables;
      put(living, { environment: { readable: true, variables } });
    });
    await sweep(world);
    expect(world.record()).toMatchObject({ status: 'blocked', reason: 'original-handler-lost' });
    expect(world.alerts).toMatchObject([{ reason: 'original-handler-lost' }]);
  });

  it('leaves a function alone that opted out meanwhile, until it opts in and out again', async () => {
    const world = await lost(wrapped);
    const whole = shape(world);
    await optOut(world);
    await sweep(world);
    expect(shape(world)).toEqual(whole);
    expect(world.record()).toBeUndefined();
    put(world, { tags: tagged });
    await sweep(world);
    await optOut(world);
    expect(shape(world)).toEqual(bare('index.handler'));
  });

  it('leaves a function alone that has the agent by hand and never opted in', async () => {
    const world = createWorld();
    await world.protect(wrapped);
    put(world, { tags: untagged });
    restore(world, undefined);
    await world.records.sayLost();
    const whole = shape(world);
    await world.look();
    await sweep(world);
    expect(shape(world)).toEqual(whole);
    expect(world.record()).toBeUndefined();
  });

  it('asks whether records are lost only where a function has none and bears traces', async () => {
    const world = createWorld();
    await world.protect(wrapped);
    world.records.calls.length = 0;
    await world.look();
    expect(world.records.calls).toEqual(['GetItem']);
    restore(world, undefined);
    await world.look();
    expect(world.records.calls.slice(0, 3)).toEqual(['GetItem', 'GetItem', 'GetItem']);
  });

  it('keeps no credential in what it makes anew', async () => {
    const world = await lost(wrapped);
    await sweep(world);
    const kept = JSON.stringify([world.record(), [...world.records.history.values()], world.events]);
    expect(kept).not.toContain(credentials.key);
    expect(kept).not.toContain(credentials.secret);
  });
});

describe('a record of yesterday', () => {
  /** A world that was backed up when the function was protected, lived on, and has its former record back. */
  async function sinceYesterday(team: Parameters<typeof snapshotOf>[0], live: (world: World) => Promise<void>) {
    const world = createWorld();
    await world.protect(team);
    const backup = structuredClone(world.record());
    await live(world);
    world.alerts.length = 0;
    restore(world, backup);
    return world;
  }
  const event = async (world: World, change: Partial<Change> = {}) => {
    await world.look(world.change(change));
    await world.settle();
  };

  it('of a function whose team set a new Handler since gives that one back, and takes off what was put on since', async () => {
    const world = await sinceYesterday(redirected, async (lived) => {
      put(lived, { handler: 'moved.handler' });
      await event(lived);
    });
    const sent = updates(world);
    await sweep(world);
    expect(updates(world)).toBe(sent);
    await optOut(world);
    expect(world.live()?.handler).toBe('moved.handler');
    expect(world.live()?.layers).toEqual([]);
    expect(world.live()?.environment).toEqual({ readable: true, variables: { STAGE: 'production' } });
  });

  it('of a function that was released since changes nothing of it, and says released again', async () => {
    const world = await sinceYesterday(redirected, optOut);
    const [whole, sent] = [shape(world), updates(world)];
    await sweep(world);
    expect(shape(world)).toEqual(whole);
    expect(updates(world)).toBe(sent);
    expect(world.record()).toMatchObject({ status: 'released' });
  });

  it('of a function that has another layer of ours since takes that one off', async () => {
    const mirror = `agents: { trend-application-security: { layers: { account: "444455556666", regions: [us-east-1], versions: { CloudOne-ApplicationSecurity-nodejs14_x: 3 } } } }`;
    const theirs = 'arn:aws:lambda:us-east-1:111122223333:layer:team:1';
    const world = await sinceYesterday({ layers: [theirs] }, async (lived) => {
      lived.setPolicy(mirror);
      await event(lived);
      expect(lived.live()?.layers.join()).toContain('444455556666');
    });
    await sweep(world);
    await optOut(world);
    expect(world.live()?.layers).toEqual([theirs]);
    expect(world.live()?.environment).toEqual({ readable: true, variables: {} });
  });

  it('of a function whose variables follow a newer policy since takes those off too', async () => {
    const world = await sinceYesterday({}, async (lived) => {
      lived.setPolicy(
        'agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9", TREND_AP_LOG_LEVEL: debug } } }',
      );
      await event(lived);
      expect(shape(lived)).toMatchObject({ environment: { variables: { TREND_AP_HTTP_TIMEOUT: '9' } } });
    });
    await sweep(world);
    await optOut(world);
    expect(world.live()?.environment).toEqual({ readable: true, variables: {} });
  });

  it('of a function whose team set one of the agent’s variables since gives that value back', async () => {
    const world = await sinceYesterday({}, async (lived) => {
      const { variables } = shapeOf(lived.live() ?? snapshotOf());
      put(lived, { environment: { readable: true, variables: { ...variables, TREND_AP_LOG_FILE: '/tmp/theirs' } } });
    });
    await sweep(world);
    await optOut(world);
    expect(world.live()?.environment).toEqual({ readable: true, variables: { TREND_AP_LOG_FILE: '/tmp/theirs' } });
  });

  describe.each([
    ['a sweep', sweep],
    ['no sweep', async () => {}],
  ] as const)('before %s', (_, between) => {
    it('of a function that starts the agent another way since leaves no wrapper without its layer', async () => {
      const world = await sinceYesterday(redirected, async (lived) => {
        put(lived, { runtime: 'python3.8' });
        await event(lived);
        expect(shape(lived)).toMatchObject({
          handler: 'app.handler',
          environment: { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/trend_app_protect' } },
        });
      });
      await between(world);
      await optOut(world);
      expect(shape(world)).toEqual({
        handler: 'app.handler',
        layers: [],
        environment: { readable: true, variables: { STAGE: 'production' } },
      });
    });

    it('of a function whose Handler is redirected since leaves it with its own', async () => {
      const wrapped = { ...redirected, runtime: 'python3.8' };
      const world = await sinceYesterday(wrapped, async (lived) => {
        put(lived, { runtime: 'python3.7' });
        await event(lived);
        expect(lived.live()?.handler).toBe('trend_app_protect_handler.handler');
      });
      await between(world);
      await optOut(world);
      expect(shape(world)).toEqual({
        handler: 'app.handler',
        layers: [],
        environment: { readable: true, variables: { STAGE: 'production' } },
      });
    });

    it('of a function that was released since puts nothing on it that its team took off', async () => {
      const own = vendorLayer('nodejs14_x', 7);
      const disabled = { TREND_AP_AGENT_ENABLED: 'false' };
      const world = await sinceYesterday({ layers: [own], variables: disabled }, async (lived) => {
        await optOut(lived);
        expect(shape(lived)).toMatchObject({ layers: [own], environment: { variables: disabled } });
        put(lived, { layers: [], environment: { readable: true, variables: { STAGE: 'production' } } });
      });
      await between(world);
      await optOut(world);
      expect(shape(world)).toMatchObject({ layers: [], environment: { variables: { STAGE: 'production' } } });
      expect(world.record()).toMatchObject({ status: 'released' });
    });
  });

  it('of a function that was deleted and made anew without the tag leaves the new one alone', async () => {
    const anew = snapshotOf({ tags: untagged, handler: 'anew.handler', variables: { NEW: 'yes' } });
    const world = await sinceYesterday(redirected, async (lived) => {
      lived.functions.remove(lived.functionArn);
      lived.functions.put(anew);
    });
    const [whole, sent] = [shape(world), updates(world)];
    await sweep(world);
    expect(shape(world)).toEqual(whole);
    expect(updates(world)).toBe(sent);
    expect(world.record()).toMatchObject({ status: 'released' });
  });

  it('of a function that was made anew with the tag gives back all that the new one had', async () => {
    const anew = snapshotOf({ ...redirected, handler: 'anew.handler', tags: tagged, variables: { NEW: 'yes' } });
    const world = await sinceYesterday(redirected, async (lived) => {
      lived.functions.remove(lived.functionArn);
      lived.functions.put(anew);
      await event(lived, { kind: 'created', eventName: 'CreateFunction20150331' });
    });
    await sweep(world);
    await optOut(world);
    expect(shape(world)).toMatchObject({
      handler: 'anew.handler',
      layers: [],
      environment: { variables: { NEW: 'yes' } },
    });
  });

  it('of a function that is gone says so', async () => {
    const world = await sinceYesterday({}, async (lived) => {
      lived.functions.remove(lived.functionArn);
    });
    await sweep(world);
    expect(world.record()).toMatchObject({ status: 'deleted' });
  });

  it('that says released, of a function that opted in again since, takes nothing for the team’s that is in its place', async () => {
    const world = createWorld();
    await world.protect(redirected);
    await optOut(world);
    const backup = structuredClone(world.record());
    put(world, { tags: tagged });
    await event(world, {
      kind: 'tagged',
      eventName: 'TagResource20170331v2',
      touched: [],
      tagKeys: ['layerward:protect'],
    });
    const [whole, sent] = [shape(world), updates(world)];
    restore(world, backup);
    await sweep(world);
    expect(shape(world)).toEqual(whole);
    expect(updates(world)).toBe(sent);
    expect(world.record()).toMatchObject({ status: 'protected' });
  });

  it('never writes with the revision that it remembers', async () => {
    const world = await sinceYesterday({}, async (lived) => {
      put(lived, { layers: [] });
    });
    await sweep(world);
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired' });
    expect(world.queue).toEqual([]);
  });
});
