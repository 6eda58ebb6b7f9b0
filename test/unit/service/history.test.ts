import { expect, it } from 'vitest';
import { snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

it('keeps every drift, also one that comes before the repair of the last one is verified', async () => {
  const world = createWorld();
  await world.protect();
  const strip = () =>
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [], lastUpdateStatus: 'Successful' });
  strip();
  await world.look(world.change({ actor: { type: 'IAMUser', name: 'mallory' } }));
  strip();
  await world.look(world.change({ actor: { type: 'IAMUser', name: 'trudy' } }));
  await world.settle();
  const seen = [...world.records.history.values()].filter(({ drift }) => drift.length === 1);
  expect(seen.map(({ status, cause }) => `${status} ${cause.actor?.name}`)).toEqual([
    'drifted mallory',
    'drifted trudy',
    'protected trudy',
  ]);
});
