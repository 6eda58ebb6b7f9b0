import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

describe('an update that is accepted and still in progress', () => {
  it('does not make a function protected', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    await world.look();
    await world.look(world.change({ followUp: { purpose: 'verify', attempt: 1 } }));
    expect(world.record()).toMatchObject({ status: 'drifted', action: 'sent' });
    expect(world.queue.at(-1)?.change.followUp).toEqual({ purpose: 'verify', attempt: 2 });
    await world.settle();
    expect(world.record()?.status).toBe('protected');
  });

  it('does not make a function released', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), tags: { readable: true, values: {} } });
    const untag = { kind: 'tagged', tagKeys: ['layerward:protect'], touched: ['Tags'] } as const;
    await world.look(world.change(untag));
    await world.look(world.change({ ...untag, followUp: { purpose: 'verify', attempt: 1 } }));
    expect(world.record()).toMatchObject({ status: 'release', action: 'sent' });
    await world.settle();
    expect(world.record()?.status).toBe('released');
  });
});
