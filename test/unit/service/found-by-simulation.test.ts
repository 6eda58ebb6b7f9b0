import { describe, expect, it } from 'vitest';
import { ServiceUnavailable } from '../../../src/domain/errors.ts';
import { snapshotOf, vendorLayer } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/* What `npm run simulate` found; each story in its shortest form. */

const untagged = { readable: true, values: {} } as const;

describe('a deleted function', () => {
  it('whose end could not be told is told of by the next look', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.remove(world.functionArn);
    Object.assign(world.world.events, {
      announce: () => Promise.reject(new ServiceUnavailable('EventBridge does not answer')),
    });
    const gone = world.change({ kind: 'deleted', eventName: 'DeleteFunction' });
    await expect(world.look(gone)).rejects.toThrow('EventBridge does not answer');
    expect(world.record()).toMatchObject({ status: 'deleted', outbox: [{ status: 'deleted' }] });
    const told: unknown[] = [];
    Object.assign(world.world.events, { announce: async (outcome: unknown) => void told.push(outcome) });
    await world.look(gone);
    expect(told).toMatchObject([{ status: 'deleted' }]);
    expect(world.record()?.outbox).toEqual([]);
  });
});

describe('a function that opted out without an event', () => {
  it('and on which nothing was ever put is forgotten by the sweep that misses its tag', async () => {
    const world = createWorld();
    world.setSecret({ missing: 'there is no secret' });
    world.functions.put(snapshotOf());
    await world.look();
    expect(world.record()?.status).toBe('blocked');
    world.functions.put(snapshotOf({ tags: untagged }));
    await world.look(world.change({ kind: 'swept', eventName: 'Sweep', touched: [] }));
    expect(world.record()).toBeUndefined();
  });
});

describe('an update that never took effect', () => {
  /** Written ahead, and never sent: the function opted out meanwhile. */
  async function createPending() {
    const world = createWorld();
    world.functions.put(snapshotOf());
    world.functions.answerOnce(() => new ServiceUnavailable('Lambda does not answer'));
    await expect(world.look()).rejects.toThrow('Lambda does not answer');
    expect(world.record()?.pending).toHaveLength(1);
    world.functions.put(snapshotOf({ tags: untagged }));
    return world;
  }
  const sweep = (world: ReturnType<typeof createWorld>) =>
    world.look(world.change({ kind: 'swept', eventName: 'Sweep', touched: [] }));

  it('is forgotten once it can’t arrive any more', async () => {
    const world = await createPending();
    world.pass(3_600);
    await sweep(world);
    expect(world.record()).toBeUndefined();
  });

  it('is not forgotten as long as it may be on its way', async () => {
    const world = await createPending();
    world.pass(60);
    await sweep(world);
    expect(world.record()?.pending).toHaveLength(1);
  });
});

/** What AWS and the team make of the function of a world, without an event. */
function edit(world: ReturnType<typeof createWorld>, changes: Parameters<typeof snapshotOf>[0]) {
  const live = world.live();
  if (!live) throw new Error('there is no function');
  const { variables = live.environment.readable ? live.environment.variables : {}, ...others } = changes ?? {};
  world.functions.put({ ...live, ...others, environment: { readable: true, variables } });
}

const variablesOf = (world: ReturnType<typeof createWorld>) => {
  const environment = world.live()?.environment;
  return environment?.readable ? environment.variables : {};
};

describe('a strip while a new policy rolls out', () => {
  const changed = 'agents: { trend-application-security: { variables: { TREND_AP_LOG_LEVEL: debug } } }';

  it('is repaired, and people are told of it', async () => {
    const world = createWorld();
    await world.protect();
    world.setPolicy(changed);
    edit(world, { layers: [] });
    await world.look();
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired', repairs: [{}] });
    expect(world.alerts).toMatchObject([{ status: 'protected', action: 'repaired' }]);
  });

  it('is repaired, where all that is gone is a variable that the new policy changes, too', async () => {
    const world = createWorld('agents: { trend-application-security: { variables: { TREND_AP_LOG_LEVEL: warn } } }');
    await world.protect();
    world.setPolicy(changed);
    edit(world, { variables: { ...variablesOf(world), TREND_AP_LOG_LEVEL: 'off' } });
    await world.look();
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired' });
  });

  it('is no strip where nobody took anything off', async () => {
    const world = createWorld();
    await world.protect();
    world.setPolicy(changed);
    await world.look();
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'updated', repairs: [] });
    expect(world.alerts).toEqual([]);
  });
});

describe('a repair that new credentials follow before it is verified', () => {
  it('is told of as a repair', async () => {
    const world = createWorld();
    await world.protect();
    edit(world, { layers: [] });
    await world.look();
    world.functions.settle();
    world.queue.splice(0);
    world.setSecret({ found: { key: 'planted-key-new', secret: 'planted-secret-new' } });
    await world.look(world.change({ kind: 'swept', eventName: 'Sweep', touched: [] }));
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired', repairs: [{}] });
    expect(world.alerts).toMatchObject([{ status: 'protected', action: 'repaired' }]);
  });
});

describe('a variable that a new policy lets the team set', () => {
  const settings = (value: string, teamVariables = '') =>
    `agents: { trend-application-security: { variables: { TREND_AP_LOG_LEVEL: ${value} }${teamVariables} } }`;
  const free = ', teamVariables: [TREND_AP_LOG_LEVEL]';

  async function open(variables: Record<string, string>) {
    const world = createWorld(settings('warn'));
    await world.protect({ variables });
    world.setPolicy(settings('debug', free));
    await world.look();
    await world.settle();
    return world;
  }

  it('has the policy’s new value where the old one was ours, and no choice of the team’s', async () => {
    const world = await open({});
    expect(variablesOf(world)).toMatchObject({ TREND_AP_LOG_LEVEL: 'debug' });
    edit(world, { tags: untagged });
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    expect(variablesOf(world)).toEqual({});
  });

  it('has the value again that the team had before us', async () => {
    expect(variablesOf(await open({ TREND_AP_LOG_LEVEL: 'error' }))).toMatchObject({ TREND_AP_LOG_LEVEL: 'error' });
  });
});

describe('the variable that keeps the original Handler', () => {
  it('is taken off by the release, whatever somebody pointed it to while they set a Handler of their own', async () => {
    const world = createWorld();
    await world.protect({ runtime: 'python3.7', handler: 'app.handler' });
    edit(world, { handler: 'app.other', variables: { ...variablesOf(world), TREND_AP_HANDLER: 'app.elsewhere' } });
    await world.look();
    await world.settle();
    expect(variablesOf(world)).toMatchObject({ TREND_AP_HANDLER: 'app.other' });
    edit(world, { tags: untagged });
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    expect(world.live()?.handler).toBe('app.other');
    expect(variablesOf(world)).toEqual({});
  });

  it('is what the team gets back, also after a move to a runtime that is not redirected', async () => {
    const world = createWorld();
    await world.protect({ runtime: 'python3.7', handler: 'app.handler' });
    edit(world, { variables: { ...variablesOf(world), TREND_AP_HANDLER: 'app.other' } });
    await world.look();
    edit(world, { runtime: 'python3.8' });
    await world.look();
    await world.settle();
    expect(world.live()?.handler).toBe('app.other');
    edit(world, { tags: untagged });
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    expect(world.live()?.handler).toBe('app.other');
  });

  it('stays off where the team had one of its own before, and has taken it off', async () => {
    const world = createWorld();
    await world.protect({ runtime: 'python3.7', handler: 'app.handler', variables: { TREND_AP_HANDLER: 'app.mine' } });
    const { TREND_AP_HANDLER: _, ...variables } = variablesOf(world);
    edit(world, { variables, tags: untagged });
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    expect(world.live()?.handler).toBe('app.handler');
    expect(variablesOf(world)).toEqual({});
  });
});

describe('a release after the team has put layers in the place of ours', () => {
  const teamLayer = 'arn:aws:lambda:us-east-1:111122223333:layer:team:1';
  const optOut = async (world: ReturnType<typeof createWorld>, layers: readonly string[]) => {
    edit(world, { layers, tags: untagged });
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    return world.live()?.layers;
  };

  it('leaves the version of the agent’s layer that the team attached itself', async () => {
    const world = createWorld();
    await world.protect({ layers: [teamLayer] });
    const theirs = [teamLayer, vendorLayer('nodejs14_x', 3)];
    expect(await optOut(world, theirs)).toEqual(theirs);
    expect(variablesOf(world)).toEqual({});
  });

  it('leaves the team’s order where its own layer of the agent’s is back', async () => {
    const world = createWorld();
    await world.protect({ layers: [teamLayer, vendorLayer('nodejs14_x', 2)] });
    expect(world.live()?.layers).toEqual([teamLayer, vendorLayer('nodejs14_x')]);
    const theirs = [vendorLayer('nodejs14_x', 2), teamLayer];
    expect(await optOut(world, theirs)).toEqual(theirs);
  });

  it('gives no layer back that the team has taken off', async () => {
    const world = createWorld();
    await world.protect({ layers: [teamLayer, vendorLayer('nodejs14_x', 2)] });
    expect(await optOut(world, [teamLayer])).toEqual([teamLayer]);
  });
});

describe('a function that is undone again and again', () => {
  const strip = (world: ReturnType<typeof createWorld>) => edit(world, { layers: [] });
  const updates = (world: ReturnType<typeof createWorld>) =>
    world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration').length;

  it('is put right no more often than the policy allows, also where no update lasts until it is verified', async () => {
    const world = createWorld('contest: { repairs: 2 }');
    await world.protect();
    world.pass(60);
    const before = updates(world);
    strip(world);
    await world.look();
    for (let round = 0; round < 4; round++) {
      world.functions.settle();
      strip(world);
      const [verification] = world.queue.splice(0);
      if (verification) await world.look(verification.change);
    }
    expect(updates(world) - before).toBe(2);
    expect(world.record()).toMatchObject({ status: 'contested', reason: 'flapping', repairs: [{}, {}] });
  });

  it('is counted by whichever look verifies it, whatever event that is of', async () => {
    const world = createWorld();
    await world.protect();
    world.pass(60);
    strip(world);
    await world.look();
    world.queue.splice(0);
    // AWS is still at work on our update: this event comes back to verify it.
    await world.look(world.change({ eventTime: '2026-11-23T12:00:30Z' }));
    const [verification] = world.queue.splice(0);
    expect(verification?.change.followUp?.purpose).toBe('verify');
    world.functions.settle();
    strip(world);
    if (verification) await world.look(verification.change);
    expect(world.record()).toMatchObject({ status: 'drifted', action: 'sent', repairs: [{}] });
  });

  it('is counted also where an event comes a second time, after another one', async () => {
    const world = createWorld();
    await world.protect();
    const [first, second] = [world.change(), world.change()];
    for (const event of [first, second, first]) {
      world.pass(60);
      strip(world);
      await world.look(event);
      await world.settle();
    }
    expect(world.record()?.repairs).toHaveLength(3);
  });
});

describe('a function that moves to a runtime without the agent before anything on it was verified', () => {
  it('is released, and nothing that was written ahead stays on record', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    await world.look();
    world.functions.settle();
    world.queue.splice(0);
    world.pass(60);
    world.functions.put({ ...(world.live() ?? snapshotOf()), runtime: 'python3.9' });
    await world.look(world.change({ touched: ['Runtime'] }));
    expect(world.record()).toMatchObject({ status: 'release', action: 'sent', pending: [{}] });
    await world.settle();
    expect(world.live()?.layers).toEqual([]);
    expect(world.record()).toMatchObject({ status: 'unsupported', reason: 'runtime', pending: [] });
    expect(world.record()?.attachment).toBeUndefined();
  });
});
