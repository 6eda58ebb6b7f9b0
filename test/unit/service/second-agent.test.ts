import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { select } from '../../../src/domain/policy.ts';
import type { Situation } from '../../../src/domain/situation.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { agentsFolder, readAgents, readPolicyDocument } from '../../../src/service/agent-files.ts';
import { applied, arn, credentials, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/* A second vendor, added as a file and nothing else: Node by a redirected Handler, on both architectures. */

const acme = `
name: acme-guard
title: Acme Guard
layerAccount: "444455556666"
regions: [us-east-1, eu-west-1]
credentials: { ACME_TOKEN: secret }
parameters: { acmeSite: [north, south] }
variables: { ACME_SITE: "\${acmeSite}", ACME_MODE: block }
settings: { prefix: ACME_ }
variants:
  - name: node-x86
    runtimes: [nodejs20.x, nodejs22.x, nodejs24.x]
    architectures: [x86_64]
    layer: { name: acme-guard-node, version: 7 }
    activation: &redirect { type: handler-redirect, handler: /opt/acme/guard.handler, originalHandlerVariable: ACME_HANDLER }
  - name: node-arm
    runtimes: [nodejs20.x, nodejs22.x, nodejs24.x]
    architectures: [arm64]
    layer: { name: acme-guard-node-arm64, version: 9 }
    activation: *redirect
`;

const folder = mkdtempSync(join(tmpdir(), 'layerward-agents-'));
writeFileSync(join(folder, 'acme-guard.yaml'), acme);
copyFileSync(join(agentsFolder, 'trend-application-security.yaml'), join(folder, 'trend-application-security.yaml'));
afterAll(() => rmSync(folder, { recursive: true }));

const agents = readAgents(folder);
const policy = readPolicyDocument(
  `version: 1
agent: trend-application-security
groups: { default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1, acmeSite: north } } }
rules: [{ match: { functions: [orders] }, agent: acme-guard }]
`,
  'policy.yaml',
  agents,
);

const x86Layer = 'arn:aws:lambda:us-east-1:444455556666:layer:acme-guard-node:7';
const armLayer = 'arn:aws:lambda:us-east-1:444455556666:layer:acme-guard-node-arm64:9';
const teamLayer = 'arn:aws:lambda:us-east-1:111122223333:layer:metrics:3';
const handler = '/opt/acme/guard.handler';
const team = { runtime: 'nodejs22.x', layers: [teamLayer], variables: { STAGE: 'prod' } };
const untagged = { readable: true, values: {} } as const;

function decideOn(snapshot: Snapshot, attachment?: Situation['attachment']): Decision {
  return decide({
    snapshot,
    selection: select(policy, agents, { arn, organizationalUnits: undefined }, snapshot.tags),
    contest: policy.contest,
    ownFunctionArns: [],
    attachment,
    repairs: [],
    credentials: { found: credentials },
    now: new Date('2026-11-23T12:00:00Z'),
  });
}

function planOf(decision: Decision) {
  if ((decision.status !== 'drifted' && decision.status !== 'release') || !decision.plan)
    throw new Error(`there is no plan: ${decision.status}`);
  return decision.plan;
}

describe('an agent that is added as a file', () => {
  it('stands beside the one that is shipped', () => {
    expect([...agents.keys()]).toEqual(['acme-guard', 'trend-application-security']);
  });

  it.each([
    ['x86_64', x86Layer],
    ['arm64', armLayer],
  ])('is attached on %s: layer, Handler, variables, credentials', (architecture, layer) => {
    const decision = decideOn(snapshotOf({ ...team, architecture }));
    expect(decision).toMatchObject({ status: 'drifted', reason: 'layer-missing', mode: 'enforce' });
    expect(planOf(decision).update).toEqual({
      Handler: handler,
      Layers: [teamLayer, layer],
      Environment: {
        Variables: {
          STAGE: 'prod',
          ACME_HANDLER: 'index.handler',
          ACME_SITE: 'north',
          ACME_MODE: 'block',
          ACME_TOKEN: credentials.secret,
        },
      },
    });
  });

  it('is compliant once it is attached, repaired where it was taken off, and released to the byte', () => {
    const before = snapshotOf({ ...team, architecture: 'arm64' });
    const plan = planOf(decideOn(before));
    const attached = applied(before, plan.update);
    expect(decideOn(attached, plan.attachment)).toMatchObject({ status: 'compliant' });

    const undone = { ...attached, handler: 'index.other' };
    const repair = decideOn(undone, plan.attachment);
    expect(repair).toMatchObject({ status: 'drifted', reason: 'handler-not-redirected' });
    const repaired = applied(undone, planOf(repair).update);
    expect(repaired.environment).toMatchObject({ variables: { ACME_HANDLER: 'index.other' } });

    const release = decideOn({ ...attached, tags: untagged }, plan.attachment);
    expect(release).toMatchObject({ status: 'release', reason: 'opted-out' });
    const { handler: given, layers, environment } = applied(attached, planOf(release).update);
    expect({ given, layers, environment }).toEqual({
      given: before.handler,
      layers: before.layers,
      environment: before.environment,
    });
  });

  it('moves with the function to another architecture, and gives it up on a runtime that it can’t serve', () => {
    const before = snapshotOf({ ...team, architecture: 'x86_64' });
    const plan = planOf(decideOn(before));
    const attached = applied(before, plan.update);
    const moved = decideOn({ ...attached, architecture: 'arm64' }, plan.attachment);
    expect(moved).toMatchObject({ status: 'drifted', reason: 'layer-of-other-variant' });
    expect(planOf(moved).update).toEqual({ Layers: [teamLayer, armLayer] });
    expect(decideOn({ ...attached, runtime: 'python3.8' }, plan.attachment)).toMatchObject({
      status: 'release',
      reason: 'runtime',
    });
  });

  it('takes the place of the other agent in one update, and gives back what that one had replaced', () => {
    const shipped = select({ ...policy, rules: [] }, agents, { arn, organizationalUnits: undefined }, untagged);
    const before = snapshotOf({ runtime: 'python3.8', handler: 'app.handler' });
    const trend = decide({
      snapshot: before,
      selection: { ...shipped, scope: 'in' },
      contest: policy.contest,
      ownFunctionArns: [],
      attachment: undefined,
      repairs: [],
      credentials: { found: credentials },
      now: new Date(0),
    });
    const attached = applied(before, planOf(trend).update);
    const switched = decideOn({ ...attached, runtime: 'nodejs22.x' }, planOf(trend).attachment);
    const { handler: left, layers, environment } = applied(attached, planOf(switched).update);
    expect({ left, layers }).toEqual({ left: handler, layers: [x86Layer] });
    expect(environment.readable && Object.keys(environment.variables).sort()).toEqual(
      ['ACME_HANDLER', 'ACME_MODE', 'ACME_SITE', 'ACME_TOKEN'].sort(),
    );
  });
});

describe('an agent that is added as a file, through the whole service', () => {
  it('attaches, repairs, and releases', async () => {
    const world = createWorld('', { agents, policy });
    const before = snapshotOf({ ...team, architecture: 'arm64' });
    await world.protect({ ...team, architecture: 'arm64' });
    expect(world.record()).toMatchObject({ status: 'protected', agent: 'acme-guard', variant: 'node-arm' });
    expect(world.live()).toMatchObject({ handler, layers: [teamLayer, armLayer] });

    world.functions.put({ ...(world.live() ?? before), layers: [teamLayer], handler: 'index.handler' });
    await world.look(world.change({ touched: ['Layers', 'Handler'] }));
    await world.settle();
    expect(world.live()).toMatchObject({ handler, layers: [teamLayer, armLayer] });
    expect(world.alerts).toMatchObject([{ status: 'protected', action: 'repaired', agent: 'acme-guard' }]);

    world.functions.put({ ...(world.live() ?? before), tags: untagged });
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'released', reason: 'opted-out' });
    expect(world.live()).toMatchObject({
      handler: 'index.handler',
      layers: [teamLayer],
      environment: { readable: true, variables: { STAGE: 'prod' } },
    });
    const kept = JSON.stringify([...world.records.history.values(), ...world.alerts, ...world.events, ...world.logs]);
    expect(kept).not.toContain(credentials.secret);
  });

  it('finds what it left on a function that is opted in no more, by its traces', async () => {
    const world = createWorld('', { agents, policy });
    await world.protect(team);
    world.functions.put({ ...(world.live() ?? snapshotOf()), tags: untagged });
    // A change that says nothing of tags.
    await world.look(world.change({ touched: [] }));
    await world.settle();
    expect(world.record()?.status).toBe('released');
  });
});
