import { describe, expect, it } from 'vitest';
import { playEpisode } from './episode.ts';

/*
 * A fixed set of seeds, and fresh ones each time: a million steps in all. A failure names its seed; `npm run simulate --
 * --seed S` repeats it. Many more steps: `npm run simulate -- --steps 1000000`.
 */

const fixed = Array.from({ length: 24 }, (_, index) => 101 + index);
const fresh = Array.from({ length: 12 }, (_, index) => (Date.now() % 1_000_000_007) + index);
const chaosSteps = 15_000;

describe('Layerward’s service code, among teams, Terraform, attackers and faults', () => {
  it.each([...fixed, ...fresh])('holds every invariant, and comes right at rest: seed %i', async (seed) => {
    const { steps, updates, functions } = await playEpisode(seed, chaosSteps);
    expect(steps).toBeGreaterThan(chaosSteps);
    expect(functions).toBeGreaterThan(20);
    expect(updates).toBeGreaterThan(50);
  });

  it('is the same for the same seed', async () => {
    expect(await playEpisode(7, chaosSteps)).toEqual(await playEpisode(7, chaosSteps));
  });
});
