import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.ts';
import { select } from '../../../src/domain/policy.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { agents, arn, policyOf, situationOf, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';

/*
 * A layer is code that runs with the function's role. Which one is attached follows from the agent, the policy and the
 * function's region and runtime; from nothing that a team, a tag or an event says.
 */

const evil = (name: string, version = 1, account = '999988887777') =>
  `arn:aws:lambda:us-east-1:${account}:layer:${name}:${version}`;
const names = ['CloudOne-ApplicationSecurity-nodejs14_x', 'CloudOne-ApplicationSecurity-python', 'evil'] as const;
const foreignLayer = fc
  .tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 99 }), fc.constantFrom('999988887777', arn.accountId))
  .map(([name, version, account]) => evil(name, version, account));
const layer = fc.oneof(
  foreignLayer,
  fc.constantFrom(vendorLayer('nodejs14_x'), vendorLayer('nodejs12_x'), vendorLayer('nodejs14_x', 7), 'not-an-arn'),
);
const text = fc.oneof(fc.constantFrom(evil('evil'), '/opt/evil', 'evil.handler', ''), fc.string({ maxLength: 12 }));
const variables = fc.dictionary(
  fc.constantFrom(
    'AWS_LAMBDA_EXEC_WRAPPER',
    'TREND_AP_HANDLER',
    'TREND_AP_LAYER',
    'LAYERS',
    'LD_PRELOAD',
    'NODE_OPTIONS',
  ),
  text,
);
const tags = fc
  .dictionary(fc.constantFrom('layerward:layer', 'layerward:agent', 'layer', 'agent'), text)
  .map((values) => ({ readable: true as const, values: { ...values, 'layerward:protect': 'on' } }));

const functions: fc.Arbitrary<Snapshot> = fc
  .record({
    runtime: fc.constantFrom('nodejs14.x', 'nodejs12.x', 'python3.8', 'python3.7'),
    handler: fc.constantFrom('index.handler', 'trend_app_protect_handler.handler', evil('evil')),
    layers: fc.uniqueArray(layer, { maxLength: 4 }),
    variables,
    tags,
  })
  .map((parts) => snapshotOf(parts));

const layerOf: Readonly<Record<string, string>> = {
  'nodejs14.x': vendorLayer('nodejs14_x'),
  'nodejs12.x': vendorLayer('nodejs12_x'),
  'python3.8': vendorLayer('python'),
  'python3.7': vendorLayer('python'),
};

describe('the layer that is attached', () => {
  it('is the agent’s own, whatever the function’s tags, layers, variables and Handler say', () => {
    let attached = 0;
    fc.assert(
      fc.property(functions, (snapshot) => {
        const decision = decide(situationOf(snapshot));
        if (decision.status !== 'drifted') return;
        const { Layers = [] } = decision.plan.update;
        const added = Layers.filter((one) => !snapshot.layers.includes(one));
        if (Layers.length > 0) attached++;
        const wanted = layerOf[snapshot.runtime ?? ''];
        expect(added.filter((one) => one !== wanted)).toEqual([]);
        expect(decision.plan.attachment?.applied.layerArn).toBe(wanted);
      }),
      { numRuns: 3_000 },
    );
    expect(attached).toBeGreaterThan(300);
  });

  it.each([
    ['another account’s layer of the same name', evil('CloudOne-ApplicationSecurity-nodejs14_x')],
    ['the team’s own layer of the same name', evil('CloudOne-ApplicationSecurity-nodejs14_x', 1, arn.accountId)],
    ['a name that only begins the same', `${vendorLayer('nodejs14_x').slice(0, -2)}-2:1`],
    ['the vendor’s account as a name', evil('800880067056')],
    ['another partition', vendorLayer('nodejs14_x').replace('arn:aws:', 'arn:aws-cn:')],
  ])('is never taken to be there because of %s', (_, lookalike) => {
    const decision = decide(situationOf(snapshotOf({ layers: [lookalike] })));
    expect(decision).toMatchObject({
      status: 'drifted',
      plan: { update: { Layers: expect.arrayContaining([vendorLayer('nodejs14_x')]) } },
    });
  });

  it('is another account’s only where the policy mirrors it, which is the security team’s to write', () => {
    const yaml = 'agents: { trend-application-security: { layers: { account: "444455556666" } } }';
    const policy = policyOf(yaml);
    const snapshot = snapshotOf();
    const selection = select(policy, agents, { arn, organizationalUnits: undefined }, snapshot.tags);
    const decision = decide(situationOf(snapshot, { selection }));
    expect(decision).toMatchObject({
      plan: { update: { Layers: [vendorLayer('nodejs14_x', 1, 'us-east-1', '444455556666')] } },
    });
  });

  it.each([
    'layers: { account: "arn:aws:lambda:us-east-1:999988887777:layer:evil:1" }',
    'layers: { account: "*" }',
    'layers: { versions: { evil: 1 } }',
    'layers: { versions: { CloudOne-ApplicationSecurity-nodejs14_x: latest } }',
    'layers: { name: evil }',
    'layers: ["arn:aws:lambda:us-east-1:999988887777:layer:evil:1"]',
    'layer: evil',
  ])('has no other name because of a policy with %s, which is refused', (wrong) => {
    expect(() => policyOf(`agents: { trend-application-security: { ${wrong} } }`)).toThrow(/^policy\.yaml:/);
  });
});
