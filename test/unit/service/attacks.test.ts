import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/domain/change-message.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import { readPolicyDocument } from '../../../src/service/agent-files.ts';
import { remediateBatch } from '../../../src/service/remediate-batch.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { agents, arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/*
 * What somebody could try who wants Layerward to do harm for them. docs/security.md, "Threats", says of each what it
 * comes to at most; these are the tests that it names.
 */

type World = ReturnType<typeof createWorld>;
const untagged = { readable: true, values: {} } as const;
const place = { awsRegion: arn.region };
const ownRole = 'arn:aws:iam::111122223333:role/layerward-remediate';

const deliver = ({ world }: World, ...records: readonly Readonly<Record<string, unknown>>[]) =>
  remediateBatch(
    records.map((record, index) => ({
      messageId: String(index),
      body: JSON.stringify(trail.eventBridgeEvent(record)),
    })),
    (body) => readMessage(body, [ownRole]),
    world,
  );

const calls = ({ functions }: World, name: string) => functions.calls.filter((call) => call === name).length;
const updates = (world: World) => calls(world, 'UpdateFunctionConfiguration');

describe('a forged event', () => {
  it('about a function that is in order causes one look, and nothing else', async () => {
    const world = createWorld();
    await world.protect();
    const [whole, sent, reads] = [world.live(), updates(world), calls(world, 'GetFunction')];
    world.alerts.length = 0;
    await deliver(world, trail.updateConfigurationRecord({ name: arn.functionName }, { ...place, eventID: 'forged' }));
    expect(world.live()).toEqual(whole);
    expect(updates(world)).toBe(sent);
    expect(calls(world, 'GetFunction')).toBe(reads + 1);
    expect(world.alerts).toEqual([]);
    expect(world.queue).toEqual([]);
  });

  it.each([
    ['the tag was taken off', () => trail.untagResourceRecord(formatFunctionArn(arn), ['layerward:protect'], place)],
    [
      'the function was deleted',
      () => trail.deleteFunctionRecord({ ...place, requestParameters: { functionName: arn.functionName } }),
    ],
  ])('that says that %s releases nothing, and forgets nothing: AWS is asked', async (_, forge) => {
    const world = createWorld();
    await world.protect();
    const [whole, record] = [world.live(), world.record()];
    await deliver(world, forge());
    expect(world.live()).toEqual(whole);
    expect(world.record()).toEqual(record);
  });

  it('that says that a function has the tag attaches nothing to one that has none', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ tags: untagged }));
    const tags = { 'layerward:protect': 'on' };
    await deliver(world, trail.createFunctionRecord({ tags, name: arn.functionName }, place));
    expect(updates(world)).toBe(0);
    expect(world.record()).toBeUndefined();
  });

  it('that pretends to be a call of Layerward’s own is dropped, and hides nothing from the next look', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    const identity = trail.assumedRole('layerward-remediate', 'layerward');
    const forged = trail.updateConfigurationRecord({ name: arn.functionName }, { ...place, userIdentity: identity });
    await deliver(world, forged);
    await world.look(world.change({ kind: 'swept', eventName: 'Sweep', touched: [] }));
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired' });
  });

  it('about functions that are not there costs one read each, and leaves no record and no alert', async () => {
    const world = createWorld();
    const records = Array.from({ length: 500 }, (_, index) =>
      trail.updateConfigurationRecord({ name: `made-up-${index}` }, { ...place, eventID: `forged-${index}` }),
    );
    expect(await deliver(world, ...records)).toEqual([]);
    expect(world.functions.calls).toHaveLength(500);
    expect(world.records.records.size).toBe(0);
    expect([world.alerts, world.queue]).toEqual([[], []]);
  });

  it('can put a false name into the history, cut to a length, and no change', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    const userName = `mallory${'x'.repeat(5_000)}`;
    const userIdentity = { ...trail.identities.iamUser, userName };
    const tags = { 'layerward:protect': 'on' };
    await deliver(world, trail.createFunctionRecord({ tags, name: arn.functionName }, { ...place, userIdentity }));
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'attached' });
    expect(world.record()?.cause.actor?.name).toBe(userName.slice(0, 256));
  });

  it('of a time to come is not believed: an older policy or older credentials are never used because of it', async () => {
    const world = createWorld();
    await world.protect();
    const whole = world.live();
    await deliver(
      world,
      trail.updateConfigurationRecord({ name: arn.functionName }, { ...place, eventTime: '2199-01-01T00:00:00Z' }),
    );
    await world.settle();
    expect(world.live()).toEqual(whole);
  });
});

describe('whoever may tag', () => {
  const policy = readPolicyDocument(
    `version: 1
agent: trend-application-security
groups:
  default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } }
  payments: { secret: layerward/groups/payments, parameters: { cloudOneRegion: us-1 }, accounts: ["444455556666"] }`,
    'policy.yaml',
    agents,
  );

  it('can’t have the credentials of a group that is not for the account', async () => {
    const asked: string[] = [];
    const world = createWorld('', { policy });
    Object.assign(world.world.credentials, {
      find: async (secret: string) => {
        asked.push(secret);
        return { found: { key: 'k', secret: 's' } };
      },
    });
    world.functions.put(
      snapshotOf({
        tags: { readable: true, values: { 'layerward:protect': 'on', 'layerward:group': 'payments' } },
      }),
    );
    await world.look();
    expect(world.record()).toMatchObject({ status: 'blocked', reason: 'credentials-missing' });
    expect(asked).toEqual([]);
    expect(updates(world)).toBe(0);
  });

  it.each([
    ['a Cyrillic о in the key', { 'layerward:prоtect': 'on' }],
    ['a full-width n in the value', { 'layerward:protect': 'oｎ' }],
    ['another case', { 'Layerward:Protect': 'on' }],
    ['white space', { 'layerward:protect': 'on ' }],
    ['an invisible character', { 'layerward:protect': 'o\u200bn' }],
    ['a name that all objects have', { constructor: 'on', toString: 'on' }],
  ])('opts nothing in by what only looks like the tag: %s', async (_, values) => {
    const world = createWorld();
    world.functions.put(snapshotOf({ tags: { readable: true, values } }));
    await world.look();
    expect(updates(world)).toBe(0);
    expect(world.record()).toBeUndefined();
  });

  it('can’t opt in what the policy leaves out', async () => {
    const world = createWorld('exclude: { functions: ["ord*"] }');
    world.functions.put(snapshotOf());
    await world.look();
    expect(updates(world)).toBe(0);
  });
});

describe('whatever is on a function', () => {
  it('no update ever has a layer that is neither the team’s nor the agent’s, nor a variable that is neither', async () => {
    const text = fc.string({ maxLength: 12 });
    const layer = fc
      .tuple(
        fc.constantFrom('111122223333', '800880067056', '666677778888'),
        fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
      )
      .map(([account, name]) => `arn:aws:lambda:us-east-1:${account}:layer:${name}:1`);
    const agent = agents.get('trend-application-security');
    const agentLayers = (agent?.variants ?? []).map(
      (one) => `arn:aws:lambda:us-east-1:${agent?.layerAccount}:layer:${one.layer.name}:${one.layer.version}`,
    );
    const handlers = (agent?.variants ?? []).flatMap(({ activation }) =>
      activation.type === 'handler-redirect' ? [activation.handler] : [],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          layers: fc.uniqueArray(layer, { maxLength: 4 }),
          variables: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{1,20}$/), text, { maxKeys: 6 }),
          tags: fc.dictionary(text, text, { maxKeys: 4 }),
          handler: fc.stringMatching(/^[a-z./]{1,20}$/),
          runtime: fc.constantFrom('python3.7', 'python3.8', 'nodejs14.x'),
        }),
        async ({ tags, ...team }) => {
          const world = createWorld();
          const values = { ...tags, 'layerward:protect': 'on' };
          world.functions.put(snapshotOf({ ...team, tags: { readable: true, values } }));
          await world.look();
          await world.settle();
          const live = world.live();
          expect(live?.layers.filter((one) => !team.layers.includes(one) && !agentLayers.includes(one))).toEqual([]);
          expect([team.handler, ...handlers]).toContain(live?.handler);
          const variables = live?.environment.readable ? Object.keys(live.environment.variables) : [];
          const foreign = variables.filter(
            (name) => !Object.hasOwn(team.variables, name) && !/^(TREND_AP_|AWS_LAMBDA_EXEC_WRAPPER$)/.test(name),
          );
          expect(foreign).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('Layerward’s own functions', () => {
  it('are never changed, whatever their tags say', async () => {
    const world = createWorld();
    const own = { ...arn, functionName: 'layerward-remediate' };
    world.functions.put(snapshotOf({ arn: own }));
    await deliver(world, trail.updateConfigurationRecord({ name: own.functionName }, place));
    expect(updates(world)).toBe(0);
    expect(world.records.records.has(formatFunctionArn(own))).toBe(false);
  });
});
