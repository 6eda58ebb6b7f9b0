import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../../src/domain/attachment.ts';
import {
  FunctionBusy,
  LayerwardError,
  RevisionChanged,
  ServiceUnavailable,
  Throttled,
} from '../../../src/domain/errors.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const untagged = { readable: true, values: {} } as const;
const teamLayer = (name: string) => `arn:aws:lambda:us-east-1:111122223333:layer:${name}:1`;

/** Policies that want different things of the same function. */
const policies = [
  '',
  'agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9", TREND_AP_TAGS: "a=b" } } }',
  'agents: { trend-application-security: { layers: { account: "444455556666" } } }',
  'agents: { trend-application-security: { layers: { versions: { CloudOne-ApplicationSecurity-python: 2 } } } }',
];

/** What AWS may do with an update. */
const answers = ['accepted', 'throttled', 'busy', 'revision', 'lost', 'lost after it took effect', 'refused'] as const;

const step = fc.oneof(
  fc.record({ policy: fc.constantFrom(...policies) }),
  fc.record({ runtime: fc.constantFrom('python3.7', 'python3.8') }),
  fc.record({ handler: fc.constantFrom('app.one', 'app.two') }),
  fc.record({ variable: fc.constantFrom('one', 'two') }),
  fc.record({ layer: fc.constantFrom('x', 'y') }),
  fc.record({ settle: fc.constant(true) }),
);

const story = fc.array(fc.tuple(step, fc.constantFrom(...answers)), { maxLength: 8 });

type World = ReturnType<typeof createWorld>;

async function lookWith(world: World, answer: (typeof answers)[number]): Promise<void> {
  const { update } = world.functions.port;
  const errors = {
    throttled: new Throttled('429'),
    busy: new FunctionBusy('409'),
    revision: new RevisionChanged('412'),
    lost: new ServiceUnavailable('no answer'),
  };
  world.functions.port.update = async (plan) => {
    if (answer === 'accepted') return update(plan);
    if (answer === 'refused') return { accepted: false, reason: 'aws-refused', detail: 'no' };
    if (answer !== 'lost after it took effect') throw errors[answer];
    await update(plan);
    throw new ServiceUnavailable('no answer');
  };
  try {
    await world.look();
  } catch (error) {
    if (!(error instanceof LayerwardError)) throw error;
  } finally {
    world.functions.port.update = update;
  }
}

describe('whatever AWS does with our updates, and whatever the policy and the team do meanwhile', () => {
  it('a release gives the function back as the team has it', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const world = createWorld('contest: { repairs: 100 }');
        const start = snapshotOf({ runtime: 'python3.7', handler: 'app.zero', variables: { STAGE: 'prod' } });
        world.functions.put(start);
        let team = {
          handler: 'app.zero',
          layers: [] as string[],
          variables: { STAGE: 'prod' } as Record<string, string>,
        };
        const live = (): Snapshot => world.live() ?? start;
        const deploy = (changes: Partial<Snapshot>) =>
          world.functions.put({ ...live(), lastUpdateStatus: 'Successful', ...changes });
        await lookWith(world, 'accepted');
        for (const [action, answer] of steps) {
          if ('policy' in action) world.setPolicy(`contest: { repairs: 100 }\n${action.policy}`);
          else if ('runtime' in action) deploy({ runtime: action.runtime });
          else if ('handler' in action) {
            team = { ...team, handler: action.handler };
            deploy({ handler: action.handler });
          } else if ('variable' in action) {
            team = { ...team, variables: { ...team.variables, STAGE: action.variable } };
            deploy({
              environment: { readable: true, variables: { ...shapeOf(live()).variables, STAGE: action.variable } },
            });
          } else if ('layer' in action) {
            const layer = teamLayer(action.layer);
            if (team.layers.includes(layer)) continue;
            team = { ...team, layers: [...team.layers, layer] };
            deploy({ layers: [...live().layers, layer] });
          } else await world.settle();
          await lookWith(world, answer);
        }
        world.queue.length = 0;
        deploy({ tags: untagged });
        await world.look(world.change({ kind: 'tagged', tagKeys: ['layerward:protect'], touched: ['Tags'] }));
        await world.settle();
        expect(shapeOf(live())).toEqual(team);
        expect(['released', undefined]).toContain(world.record()?.status);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a function that stays opted in is protected once AWS takes updates again', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const world = createWorld('contest: { repairs: 100 }');
        world.functions.put(snapshotOf({ runtime: 'python3.7', handler: 'app.zero' }));
        for (const [action, answer] of steps) {
          if ('policy' in action) world.setPolicy(`contest: { repairs: 100 }\n${action.policy}`);
          await lookWith(world, answer);
        }
        world.functions.settle();
        await world.look();
        await world.settle();
        expect(world.record()).toMatchObject({ status: 'protected', pending: [], outbox: [] });
      }),
      { numRuns: 500 },
    );
  });
});

describe('whoever undoes an update before it is verified', () => {
  it('is left alone in the end, too', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    for (let round = 0; round < 8; round++) {
      await world.look();
      world.functions.put({
        ...(world.live() ?? snapshotOf()),
        layers: [],
        environment: { readable: true, variables: {} },
        lastUpdateStatus: 'Successful',
      });
    }
    await world.look();
    expect(world.record()).toMatchObject({ status: 'contested' });
  });
});
