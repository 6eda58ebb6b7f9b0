import { describe, expect, it } from 'vitest';
import { Throttled } from '../../../src/domain/errors.ts';
import { snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

describe('a function whose turn comes later', () => {
  it('keeps its turn on the queue, writes nothing ahead, and is updated when it comes', async () => {
    const world = createWorld();
    let reserved = 0;
    Object.assign(world.world.fairShare, {
      reserve: async () => {
        reserved++;
        return 90_000;
      },
    });
    world.functions.put(snapshotOf());
    await world.look();
    expect(world.record()).toBeUndefined();
    expect(world.queue).toMatchObject([{ change: { followUp: { purpose: 'turn' } }, delaySeconds: 90 }]);
    await world.settle();
    expect(world.record()?.status).toBe('protected');
    expect(reserved).toBe(1);
  });

  it('slows everybody down where AWS throttles us all the same', async () => {
    const world = createWorld();
    const slowed: unknown[] = [];
    Object.assign(world.world.fairShare, {
      slowDown: async (...words: unknown[]) => void slowed.push(words),
    });
    world.functions.put(snapshotOf());
    world.functions.answerOnce(() => new Throttled('429', { retryAfterSeconds: 3 }));
    await world.look();
    expect(slowed).toMatchObject([[{ accountId: '111122223333', region: 'us-east-1' }, 3]]);
  });
});
