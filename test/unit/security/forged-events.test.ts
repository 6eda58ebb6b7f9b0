import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/domain/change-message.ts';
import type { Plan } from '../../../src/domain/decision.ts';
import { StillWaiting } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { remediateBatch } from '../../../src/service/remediate-batch.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/*
 * Who can put events on the hub's bus or messages on its queue is a member of the organization, or of the hub's account,
 * and may write anything into them. Nothing of that is believed: a look is all that it can cause.
 */

const account = arn.accountId;
const ownRoles = [
  `arn:aws:iam::${account}:role/layerward-remediate`,
  // The members' role, in whichever account.
  'arn:aws:iam::*:role/layerward-member',
];
const here = { awsRegion: arn.region };
const untagged = { readable: true, values: {} } as const;

/** A world that keeps every update that is sent, and is given forged messages as the queue would give them. */
function createTarget(yaml = '') {
  const world = createWorld(yaml);
  const sent: Plan[] = [];
  const looks: string[] = [];
  const { functions } = world.world;
  const hub = {
    ...world.world,
    functions: {
      read: (of: Parameters<typeof functions.read>[0]) => {
        looks.push(formatFunctionArn(of));
        return functions.read(of);
      },
      update: (plan: Plan) => {
        sent.push(plan);
        return functions.update(plan);
      },
    },
  };
  return {
    ...world,
    sent,
    looks,
    deliver: (...events: readonly unknown[]) =>
      remediateBatch(
        events.map((event, index) => ({ messageId: `message-${index}`, body: JSON.stringify(event) })),
        (body) => readMessage(body, ownRoles),
        hub,
      ),
  };
}

const tampered = (world: ReturnType<typeof createTarget>, changes: Partial<Snapshot>) =>
  world.functions.put({ ...(world.live() ?? snapshotOf()), ...changes });

interface TargetState {
  readonly state: string;
  readonly prepare: (world: ReturnType<typeof createTarget>) => Promise<void>;
  readonly yaml?: string;
}

const handLayer = { tags: untagged, variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/trend_app_protect' } };

/** Functions in every state that a forger might like to have changed. */
const states: readonly TargetState[] = [
  { state: 'protected and whole', prepare: (world) => world.protect() },
  {
    state: 'protected and undone',
    prepare: async (world) => {
      await world.protect();
      tampered(world, { layers: [] });
    },
  },
  { state: 'not opted in', prepare: async (world) => world.functions.put(snapshotOf({ tags: untagged })) },
  {
    state: 'not opted in, and wrapped by hand',
    prepare: async (world) => world.functions.put(snapshotOf(handLayer)),
  },
  { state: 'opted in and new', prepare: async (world) => world.functions.put(snapshotOf()) },
  {
    state: 'opted out',
    prepare: async (world) => {
      await world.protect();
      tampered(world, { tags: untagged });
    },
  },
  {
    state: 'of unreadable tags',
    prepare: async (world) => {
      await world.protect();
      tampered(world, { tags: { readable: false, errorCode: 'AccessDenied' } });
    },
  },
  {
    state: 'left out by the policy',
    prepare: async (world) => world.functions.put(snapshotOf()),
    yaml: 'exclude: { functions: [orders] }',
  },
  { state: 'audited only', prepare: async (world) => world.functions.put(snapshotOf()), yaml: 'mode: audit' },
  { state: 'not there', prepare: async () => {} },
];

/** All that the queue has is worked off; what never gets further ends as a dead letter. */
async function settled(world: ReturnType<typeof createTarget>): Promise<Shape> {
  await world.settle().catch((error: unknown) => {
    if (!(error instanceof StillWaiting)) throw error;
  });
  return shapeOf(world.live());
}

type Shape = Pick<Snapshot, 'handler' | 'layers' | 'environment'> | undefined;

function shapeOf(snapshot: Snapshot | undefined): Shape {
  return snapshot && { handler: snapshot.handler, layers: snapshot.layers, environment: snapshot.environment };
}

const anyText = fc.oneof(
  fc.constantFrom(
    '',
    'on',
    'default',
    'layerward:protect',
    'layerward:group',
    '$LATEST',
    '*',
    '__proto__',
    'constructor',
  ),
  fc.string({ maxLength: 12 }),
);
const anyName = fc.constantFrom(
  'orders',
  'orders:7',
  `${account}:function:orders`,
  formatFunctionArn(arn),
  `${formatFunctionArn(arn)}:live`,
  'other',
);
const anyTime = fc.constantFrom('1970-01-01T00:00:00Z', '2026-11-23T12:00:00Z', '2999-12-31T23:59:59Z');
const anyTags = fc.dictionary(fc.constantFrom('layerward:protect', 'layerward:group', 'team'), anyText);
const anyRecord = fc
  .record({
    eventName: fc.constantFrom(
      'CreateFunction20150331',
      'UpdateFunctionConfiguration20150331v2',
      'UpdateFunctionCode20150331v2',
      'DeleteFunction20150331',
      'TagResource20170331v2',
      'UntagResource20170331v2',
    ),
    eventTime: anyTime,
    eventID: fc.uuid(),
    userAgent: anyText,
    sourceIPAddress: anyText,
    userIdentity: fc.constantFrom(...Object.values(trail.identities), null),
    requestParameters: fc.record({
      functionName: anyName,
      resource: fc.constant(formatFunctionArn(arn)),
      tags: anyTags,
      tagKeys: fc.array(anyText, { maxLength: 3 }),
      layers: fc.array(fc.constantFrom('arn:aws:lambda:us-east-1:999988887777:layer:evil:1')),
      handler: anyText,
      runtime: fc.constantFrom('python3.8', 'nodejs14.x'),
      environment: fc.record({ variables: fc.dictionary(anyText, anyText) }),
    }),
    responseElements: fc.record({ functionArn: fc.constant(formatFunctionArn(arn)), layers: fc.constant([]) }),
  })
  .map((changes) => trail.eventBridgeEvent(trail.otherRecord(changes.eventName, { ...here, ...changes })));
const anyTagChange = fc
  .tuple(fc.array(anyText, { maxLength: 3 }), anyTime)
  .map(([keys, time]) => trail.tagChangeEvent(keys, { resource: formatFunctionArn(arn) }, { time }));
const anyLaterLook = fc
  .record({
    kind: fc.constantFrom('created', 'configured', 'tagged', 'deleted', 'swept', 'asked'),
    eventTime: anyTime,
    eventId: anyText,
    eventName: anyText,
    touched: fc.array(anyText, { maxLength: 3 }),
    tagKeys: fc.array(anyText, { maxLength: 3 }),
    actor: fc.record({ type: anyText, name: anyText }),
    purpose: fc.constantFrom('verify', 'not-ready', 'throttled', 'turn', 'turn-taken', 'tags-unreadable'),
    attempt: fc.integer({ min: 1, max: 13 }),
  })
  .map(({ purpose, attempt, ...detail }) => ({
    source: 'layerward',
    'detail-type': 'Layerward Look',
    detail: { ...detail, functionArn: formatFunctionArn(arn), followUp: { purpose, attempt } },
  }));

describe('forged events', () => {
  it.each(states)('about a function $state cause no update but the one that its own state gets', async (target) => {
    const { prepare, yaml } = target;
    // What a look gives that nobody forged anything for.
    const honest = createTarget(yaml);
    await prepare(honest);
    await honest.look(honest.change({ kind: 'asked', touched: [] }));
    const due = await settled(honest);

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anyRecord, anyTagChange, anyLaterLook), { minLength: 1, maxLength: 4 }),
        async (events) => {
          const world = createTarget(yaml);
          await prepare(world);
          const before = shapeOf(world.live());
          await world.deliver(...events);
          expect([before, due]).toContainEqual(await settled(world));
          for (const { functionArn } of world.sent) expect(functionArn).toBe(formatFunctionArn(arn));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('about 10,000 distinct functions cost a look each, and leave no record, no alert, no update and no message', async () => {
    const world = createTarget();
    const total = 10_000;
    const names = Array.from({ length: total }, (__, index) => `forged-${index}`);
    for (let start = 0; start < total; start += 10) {
      const batch = names
        .slice(start, start + 10)
        .map((name) =>
          trail.eventBridgeEvent(trail.createFunctionRecord({ name, tags: { 'layerward:protect': 'on' } }, here)),
        );
      expect(await world.deliver(...batch)).toEqual([]);
    }
    expect(world.looks).toHaveLength(total);
    expect(new Set(world.looks).size).toBe(total);
    expect(world.sent).toEqual([]);
    expect(world.records.records.size).toBe(0);
    expect(world.records.history.size).toBe(0);
    expect([...world.alerts, ...world.events, ...world.queue]).toEqual([]);
  });

  it('by the thousand about one function are one look for each batch, and use up none of its repairs', async () => {
    const world = createTarget();
    await world.protect();
    tampered(world, { layers: [] });
    // Each as somebody's change of the very part that is missing, and none after another.
    for (let batch = 0; batch < 100; batch++)
      await world.deliver(
        ...Array.from({ length: 10 }, (__, index) =>
          trail.eventBridgeEvent(
            trail.updateConfigurationRecord({ layers: [] }, { ...here, eventID: `forged-${batch}-${index}` }),
          ),
        ),
      );
    expect(world.looks).toHaveLength(100);
    expect(world.sent).toHaveLength(1);
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired', repairs: { length: 1 } });
  });

  it('that a function was deleted are believed only where AWS says so too', async () => {
    const world = createTarget();
    await world.protect();
    await world.deliver(trail.eventBridgeEvent(trail.deleteFunctionRecord(here)));
    expect(world.record()).toMatchObject({ status: 'protected' });
    expect(world.alerts).toEqual([]);
  });

  it.each(['1970-01-01T00:00:00Z', '2999-12-31T23:59:59Z'])(
    'of the time %s are looked at like any other, and kept under the time of the look',
    async (eventTime) => {
      const world = createTarget();
      await world.protect();
      tampered(world, { layers: [] });
      const asked: (Date | undefined)[] = [];
      const { policies } = world.world;
      const current = policies.current;
      policies.current = (asOf) => {
        asked.push(asOf);
        return current(asOf);
      };
      await world.deliver(
        trail.eventBridgeEvent(trail.updateConfigurationRecord({ layers: [] }, { ...here, eventTime })),
      );
      await world.settle();
      expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired' });
      // Neither policy nor credentials are asked for anew because of it.
      expect(new Set(asked)).toEqual(new Set([undefined]));
      const [outcome] = world.alerts;
      expect(outcome?.durationMs).toBeGreaterThanOrEqual(0);
      expect(outcome?.at.slice(0, 10)).toBe('2026-11-23');
    },
  );

  it.each([
    ['a region that is a host', { awsRegion: 'evil.example.com' }],
    ['a region that is a path', { awsRegion: 'us-east-1/../x' }],
    ['a region that is an address', { awsRegion: '127.0.0.1:80' }],
    ['an account that is none', { recipientAccountId: '1111222233334' }],
    ['a name that is a path', { requestParameters: { functionName: '../layers/x' } }],
    ['a name of another service', { requestParameters: { functionName: `arn:aws:iam::${account}:role/admin` } }],
  ])('that name %s are refused before anything is asked', async (_, changes) => {
    const world = createTarget();
    const event = trail.eventBridgeEvent(trail.updateConfigurationRecord({}, { ...here, ...changes }));
    expect(await world.deliver(event)).toEqual(['message-0']);
    expect(world.looks).toEqual([]);
  });
});

describe('events of a member’s administrator', () => {
  const member = '444455556666';
  const victim = formatFunctionArn(arn);
  const record = trail.updateConfigurationRecord({ name: victim }, here);
  const inMember = { account: member };

  it.each<[string, unknown]>([
    ['by the ARN in the parameters', trail.eventBridgeEvent({ ...record, recipientAccountId: member }, inMember)],
    [
      'by a partial ARN',
      trail.eventBridgeEvent(
        trail.updateConfigurationRecord(
          { name: `${account}:function:orders` },
          { ...here, recipientAccountId: member },
        ),
        inMember,
      ),
    ],
    ['by recipientAccountId', trail.eventBridgeEvent({ ...record, recipientAccountId: account }, inMember)],
    [
      'by recipientAccountId and a bare name',
      trail.eventBridgeEvent(trail.updateConfigurationRecord({}, here), inMember),
    ],
    ['without recipientAccountId', trail.eventBridgeEvent({ ...record, recipientAccountId: undefined }, inMember)],
    [
      'by the ARN in the answer',
      trail.eventBridgeEvent(
        { ...record, recipientAccountId: member, requestParameters: {}, responseElements: { functionArn: victim } },
        inMember,
      ),
    ],
    [
      'by tags that were set',
      trail.eventBridgeEvent(
        trail.tagResourceRecord(victim, { 'layerward:protect': 'on' }, { ...here, recipientAccountId: member }),
        inMember,
      ),
    ],
    [
      'by tags that were taken off',
      trail.eventBridgeEvent(trail.untagResourceRecord(victim, ['layerward:protect'], here), inMember),
    ],
    ['by a tag change', trail.tagChangeEvent(['layerward:protect'], { resource: victim }, inMember)],
    ['by a deletion', trail.eventBridgeEvent(trail.deleteFunctionRecord(here), inMember)],
  ])('reach no other account’s function %s', async (_, event) => {
    const world = createTarget();
    await world.protect();
    const before = structuredClone([...world.records.records]);
    tampered(world, { layers: [] });
    world.looks.length = 0;
    expect(await world.deliver(event)).toEqual([]);
    expect(world.looks).toEqual([]);
    expect([...world.records.records]).toEqual(before);
    expect(world.logs.at(-1)).toMatchObject({ dropped: 'other-account' });
  });

  it('reach their own', async () => {
    const world = createTarget();
    const own = trail.updateConfigurationRecord({ name: 'theirs' }, { ...here, recipientAccountId: member });
    await world.deliver(trail.eventBridgeEvent(own, inMember));
    expect(world.looks).toEqual([`arn:aws:lambda:us-east-1:${member}:function:theirs`]);
  });

  it('that claim to be Layerward’s own are ignored, and hide a change until the next sweep at most', async () => {
    const world = createTarget();
    await world.protect();
    tampered(world, { layers: [] });
    world.looks.length = 0;
    for (const role of ['layerward-remediate', 'layerward-member'])
      await world.deliver(
        trail.eventBridgeEvent(
          trail.updateConfigurationRecord(
            { layers: [] },
            { ...here, userIdentity: trail.assumedRole(role, 'layerward') },
          ),
        ),
      );
    expect(world.looks).toEqual([]);
    await world.look(world.change({ kind: 'swept', touched: [] }));
    await world.settle();
    expect(world.live()?.layers).toHaveLength(1);
  });

  it('are not Layerward’s own by a role of its name in another account than the function’s', async () => {
    const world = createTarget();
    const identity = structuredClone(trail.assumedRole('layerward-member', 'layerward'));
    identity.sessionContext.sessionIssuer.arn = `arn:aws:iam::${member}:role/layerward-member`;
    for (const role of ['layerward-member', 'path/layerward-member', 'layerward-member-2']) {
      identity.sessionContext.sessionIssuer.arn = `arn:aws:iam::${member}:role/${role}`;
      await world.deliver(
        trail.eventBridgeEvent(trail.updateConfigurationRecord({}, { ...here, userIdentity: identity })),
      );
    }
    expect(world.looks).toHaveLength(3);
  });
});
