import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { shapeOf } from '../../src/domain/attachment.ts';
import type { Change } from '../../src/domain/change.ts';
import { followUpMessage, readMessage } from '../../src/domain/change-message.ts';
import { createRandom } from '../../src/sandbox/random.ts';
import { remediateBatch } from '../../src/service/remediate-batch.ts';
import * as trail from '../fixtures/cloudtrail.ts';
import { arn, credentials, snapshotOf } from '../fixtures/situation.ts';
import { createWorld } from '../fixtures/world.ts';
import { holdChange, seedRecords } from './cloudtrail-records.ts';
import { hostileTexts, mutateText, mutateValue } from './mutation.ts';
import { hold, refused, type Target, type Verdict } from './target.ts';

/* Bodies of SQS messages, in batches, all the way: what is read is looked at, in a world with one protected function. */

const here = { awsRegion: arn.region };
const functionArn = `arn:aws:lambda:${arn.region}:${arn.accountId}:function:${arn.functionName}`;

const later: Change = {
  functionArn: arn,
  kind: 'configured',
  eventId: '5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69',
  eventName: 'UpdateFunctionConfiguration',
  eventTime: '2026-11-23T11:59:58.000Z',
  actor: { type: 'IAMUser', name: 'alice' },
  touched: ['Layers'],
  tagKeys: [],
  followUp: { purpose: 'verify', attempt: 3 },
};

const seedEvents: readonly [object, ...object[]] = [
  trail.eventBridgeEvent(trail.updateConfigurationRecord({ layers: [] }, here)),
  trail.eventBridgeEvent(trail.deleteFunctionRecord(here)),
  trail.eventBridgeEvent(trail.untagResourceRecord(functionArn, ['layerward:protect'], here)),
  trail.tagChangeEvent(['layerward:protect'], { resource: functionArn }),
  ...seedRecords.map((record) => trail.eventBridgeEvent({ ...record })),
  JSON.parse(followUpMessage(later)),
  JSON.parse(followUpMessage({ ...later, kind: 'swept', followUp: { purpose: 'not-ready', attempt: 14 } })),
];

const seedBodies = seedEvents.map((one) => JSON.stringify(one)) as [string, ...string[]];

const body = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seed) => {
      const random = createRandom(seed);
      switch (random.below(5)) {
        case 0:
          return random.pick(seedBodies);
        case 1:
        case 2:
          return JSON.stringify(mutateValue(random.pick(seedEvents), random));
        default:
          return mutateText(random.pick(seedBodies), seedBodies, random);
      }
    }),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.constantFrom(...hostileTexts) },
);

/** A world in which one function is protected. */
async function createProtected() {
  const world = createWorld();
  await world.protect({ runtime: 'python3.7', handler: 'app.main', variables: { STAGE: 'prod' } });
  return world;
}

/** A world is used for so many batches: it keeps everything that it ever said. */
const batchesInAWorld = 500;

export const queueMessages: Target<readonly string[]> = {
  name: 'queue-messages',
  about: 'bodies of SQS messages, in batches, and the looks that they lead to',
  inputs: fc.array(body, { minLength: 1, maxLength: 4 }),
  async open() {
    let world = await createProtected();
    let batches = 0;
    const protectedShape = JSON.stringify(shapeOf(world.live() ?? snapshotOf()));
    return {
      async give(bodies) {
        if (++batches % batchesInAWorld === 0) world = await createProtected();
        const verdicts = bodies.map(readOne);
        const messages = bodies.map((one, index) => ({ messageId: String(index), body: one }));
        const failed = await remediateBatch(messages, (one) => readMessage(one, []), world.world);
        const unread = verdicts.flatMap((verdict, index) => (verdict === 'refused' ? [String(index)] : []));
        const lookedAt = new Set(failed.filter((id) => !unread.includes(id)));
        hold(
          unread.every((id) => failed.includes(id)),
          'what could not be read was taken for done',
        );
        // A later look that was the last one allowed ends in the dead letters, with all that came with it.
        for (const id of lookedAt)
          hold(/"attempt":/.test(bodies[Number(id)] ?? '') || bodies.some(isLast), 'a look failed');
        hold(JSON.stringify(shapeOf(world.live() ?? snapshotOf())) === protectedShape, 'a message changed a function');
        const told = JSON.stringify([world.logs.splice(0), world.queue.splice(0), world.alerts.splice(0)]);
        hold(!told.includes('"unexpected"'), 'an error that is none of ours');
        hold(!told.includes(credentials.secret) && !told.includes(credentials.key), 'a secret was told');
        world.events.length = 0;
        world.functions.calls.length = 0;
        world.records.calls.length = 0;
        return verdicts.includes('accepted') ? 'accepted' : 'refused';
      },
      close: async () => {},
    };
  },
};

const isLast = (one: string) => /"attempt":\s*\d{2,}/.test(one);

function readOne(one: string): Verdict {
  try {
    const reading = readMessage(one, []);
    const again = readMessage(one, []);
    hold(isDeepStrictEqual(reading, again), 'the same message says two things');
    if ('dropped' in reading) {
      hold(/\w{3}/.test(reading.detail) && reading.detail.length < 2_000, 'dropped without a reason');
      return 'accepted';
    }
    holdChange(reading.change);
    return 'accepted';
  } catch (error) {
    return refused(error);
  }
}
