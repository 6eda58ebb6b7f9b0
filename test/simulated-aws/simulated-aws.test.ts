import { describe, expect, it } from 'vitest';
import { type EpisodeOptions, playEpisode } from './episode.ts';
import { shrinkFailure } from './shrink.ts';
import { tellFailure } from './story.ts';

/* A failure names its seed; `npm run simulate:aws -- --seed S` repeats it. Many more steps: `-- --steps 1000000`. */

const seeds = Array.from({ length: 12 }, (_, index) => 1 + index);
const usual = { functions: 24, actions: 300 };

/** Plays a seed, and fails with the shortest story of what went wrong, if anything does. */
async function expectNoViolation(options: EpisodeOptions): Promise<void> {
  const episode = await playEpisode(options);
  if ('failure' in episode) throw new Error(tellFailure(options, await shrinkFailure(options, episode.failure)));
  const { updates, steps } = episode.result;
  expect(updates.attached).toBeGreaterThan(0);
  expect(steps).toBeGreaterThan(options.actions);
}

describe('Layerward, from its messages to the calls of its SDK clients, among teams, deployers, attackers and faults', () => {
  it.each(seeds)('holds every invariant, and comes right at rest: seed %i', async (seed) => {
    await expectNoViolation({ seed, ...usual });
  });

  it('does so with hundreds of functions', async () => {
    await expectNoViolation({ seed: 1, functions: 300, actions: 600 });
  });

  it('is the same for the same seed, to the byte', async () => {
    expect(await playEpisode({ seed: 7, ...usual })).toEqual(await playEpisode({ seed: 7, ...usual }));
  });
});
