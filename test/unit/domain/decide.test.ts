import { describe, expect, it } from 'vitest';
import type { Attachment } from '../../../src/domain/attachment.ts';
import { decide, rows } from '../../../src/domain/decide.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { Situation } from '../../../src/domain/situation.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { applied, arn, credentials, situationOf, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';

const nineVariables = {
  TREND_AP_READY_TIMEOUT: '30',
  TREND_AP_TRANSACTION_FINISH_TIMEOUT: '10',
  TREND_AP_MIN_REPORT_SIZE: '1',
  TREND_AP_INITIAL_DELAY_MS: '1',
  TREND_AP_MAX_DELAY_MS: '100',
  TREND_AP_HTTP_TIMEOUT: '5',
  TREND_AP_PREFORK_MODE: 'False',
  TREND_AP_CACHE_DIR: '/tmp/trend_cache',
  TREND_AP_LOG_FILE: 'STDERR',
};
const allVariables = {
  ...nineVariables,
  TREND_AP_HELLO_URL: 'https://agents.us-1.application.cloudone.trendmicro.com/',
  TREND_AP_KEY: credentials.key,
  TREND_AP_SECRET: credentials.secret,
};
const wrapper = { AWS_LAMBDA_EXEC_WRAPPER: '/opt/trend_app_protect' };
const redirect = 'trend_app_protect_handler.handler';

/** What a decision puts on a function. */
function attached(snapshot: Snapshot): { snapshot: Snapshot; attachment: Attachment } {
  const decision = decide(situationOf(snapshot));
  if (decision.status !== 'drifted' || !decision.plan.attachment) throw new Error(`not attached: ${decision.status}`);
  return { snapshot: applied(snapshot, decision.plan.update), attachment: decision.plan.attachment };
}

const summary = (decision: Decision) =>
  'reason' in decision ? `${decision.status}: ${decision.reason}` : decision.status;
const untagged = { readable: true, values: {} } as const;
const python37 = { runtime: 'python3.7', handler: 'app.handler' } as const;
const node = attached(snapshotOf({ layers: [vendorLayer('team')], variables: { STAGE: 'prod' } }));
const python = attached(snapshotOf(python37));
const fiveLayers = [1, 2, 3, 4, 5].map((n) => `arn:aws:lambda:us-east-1:111122223333:layer:team-${n}:1`);
const repairs = [1, 2, 3, 4, 5].map((n) => `2026-11-23T11:5${n}:00Z`);

interface Case {
  readonly title: string;
  readonly snapshot: Snapshot;
  readonly situation?: Partial<Situation> & { readonly yaml?: string };
  readonly expected: string;
}

const cases: Case[] = [
  {
    title: 'one of Layerward’s own functions',
    snapshot: snapshotOf({ arn: { ...arn, functionName: 'layerward-remediate' } }),
    expected: 'out-of-scope: self',
  },
  {
    title: 'tags that can’t be read',
    snapshot: snapshotOf({ tags: { readable: false, errorCode: 'AccessDenied' } }),
    expected: 'blocked: tags-unreadable',
  },
  {
    title: 'tags that can’t be read, on a function that we attached to: nothing is released',
    snapshot: { ...node.snapshot, tags: { readable: false, errorCode: 'AccessDenied' } },
    situation: { attachment: node.attachment },
    expected: 'blocked: tags-unreadable',
  },
  ...['accounts: ["111122223333"]', 'regions: [us-east-1]', 'functions: [ord*]'].map((place) => ({
    title: `a function that the policy leaves out by ${place}`,
    snapshot: snapshotOf(),
    situation: { yaml: `exclude: { ${place} }` },
    expected: 'out-of-scope: excluded',
  })),
  { title: 'no opt-in tag', snapshot: snapshotOf({ tags: untagged }), expected: 'out-of-scope: not-opted-in' },
  {
    title: 'an opt-in tag with another value',
    snapshot: snapshotOf({ tags: { readable: true, values: { 'layerward:protect': 'On' } } }),
    expected: 'out-of-scope: not-opted-in',
  },
  {
    title: 'no opt-in tag and the agent attached by hand: left alone',
    snapshot: { ...node.snapshot, tags: untagged },
    expected: 'out-of-scope: not-opted-in',
  },
  {
    title: 'a function that opted out',
    snapshot: { ...node.snapshot, tags: untagged },
    situation: { attachment: node.attachment },
    expected: 'release: opted-out',
  },
  {
    title: 'a function that the policy leaves out now',
    snapshot: node.snapshot,
    situation: { attachment: node.attachment, yaml: 'exclude: { functions: [orders] }' },
    expected: 'release: excluded',
  },
  {
    title: 'a release that an unreadable environment holds up',
    snapshot: { ...node.snapshot, tags: untagged, environment: { readable: false, errorCode: 'AccessDenied' } },
    situation: { attachment: node.attachment },
    expected: 'blocked: environment-unreadable',
  },
  {
    title: 'a release that an update in progress holds up',
    snapshot: { ...node.snapshot, tags: untagged, lastUpdateStatus: 'InProgress' },
    situation: { attachment: node.attachment },
    expected: 'waiting: function-not-ready',
  },
  {
    title: 'a function that was moved to a runtime that the agent can’t serve',
    snapshot: { ...python.snapshot, runtime: 'python3.9' },
    situation: { attachment: python.attachment },
    expected: 'release: runtime',
  },
  {
    title: 'a function that was moved to an architecture that the agent can’t serve',
    snapshot: { ...node.snapshot, architecture: 'arm64' },
    situation: { attachment: node.attachment },
    expected: 'release: architecture',
  },
  {
    title: 'a container image',
    snapshot: snapshotOf({ packageType: 'Image', runtime: undefined, handler: undefined }),
    expected: 'unsupported: container-image',
  },
  {
    title: 'a Lambda@Edge replica',
    snapshot: snapshotOf({ masterArn: 'arn:aws:lambda:us-east-1:111122223333:function:edge:1' }),
    expected: 'unsupported: lambda-edge',
  },
  ...['python3.6', 'python3.9', 'nodejs16.x', 'java11', 'go1.x', 'provided.al2', 'dotnet6', 'ruby2.7'].map(
    (runtime) => ({
      title: `the runtime ${runtime}`,
      snapshot: snapshotOf({ runtime }),
      expected: 'unsupported: runtime',
    }),
  ),
  { title: 'arm64', snapshot: snapshotOf({ architecture: 'arm64' }), expected: 'unsupported: architecture' },
  {
    title: 'a region without the layers',
    snapshot: snapshotOf({ arn: { ...arn, region: 'af-south-1' } }),
    expected: 'unsupported: region',
  },
  {
    title: 'another partition',
    snapshot: snapshotOf({ arn: { ...arn, partition: 'aws-us-gov', region: 'us-gov-west-1' } }),
    expected: 'unsupported: region',
  },
  {
    title: 'an unreadable environment',
    snapshot: snapshotOf({ environment: { readable: false, errorCode: 'AccessDeniedException' } }),
    expected: 'blocked: environment-unreadable',
  },
  {
    title: 'another tool’s wrapper',
    snapshot: snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-handler' } }),
    expected: 'blocked: foreign-wrapper',
  },
  {
    title: 'five layers of the team’s',
    snapshot: snapshotOf({ layers: fiveLayers }),
    expected: 'blocked: layer-limit',
  },
  {
    title: 'variables that leave no room',
    snapshot: snapshotOf({ variables: { LARGE: 'x'.repeat(3_600) } }),
    expected: 'blocked: environment-size',
  },
  {
    title: 'a secret that is missing',
    snapshot: snapshotOf(),
    situation: { credentials: { missing: 'the secret layerward/groups/default does not exist' } },
    expected: 'blocked: credentials-missing',
  },
  {
    title: 'a group that the policy does not know',
    snapshot: snapshotOf({
      tags: { readable: true, values: { 'layerward:protect': 'on', 'layerward:group': 'none' } },
    }),
    expected: 'blocked: credentials-missing',
  },
  {
    title: 'a redirected Handler whose original nobody knows',
    snapshot: snapshotOf({ runtime: 'python3.7', handler: redirect }),
    expected: 'blocked: original-handler-lost',
  },
  {
    title: 'all in place, but the last update failed',
    snapshot: { ...node.snapshot, lastUpdateStatus: 'Failed', lastUpdateStatusReason: 'no ENI' },
    situation: { attachment: node.attachment },
    expected: 'blocked: aws-refused',
  },
  { title: 'all in place', snapshot: node.snapshot, situation: { attachment: node.attachment }, expected: 'compliant' },
  { title: 'all in place by hand', snapshot: node.snapshot, expected: 'compliant' },
  {
    title: 'a function that is being created',
    snapshot: snapshotOf({ state: 'Pending' }),
    expected: 'waiting: function-not-ready',
  },
  {
    title: 'a function that is being updated',
    snapshot: snapshotOf({ lastUpdateStatus: 'InProgress' }),
    expected: 'waiting: function-not-ready',
  },
  {
    title: 'a function that was put right five times within the hour',
    snapshot: snapshotOf(),
    situation: { repairs },
    expected: 'contested: flapping',
  },
  {
    title: 'a function that was put right five times before that',
    snapshot: snapshotOf(),
    situation: { repairs: repairs.map((at) => at.replace('T11', 'T10')) },
    expected: 'drifted: layer-missing',
  },
  {
    title: 'a function that was put right often, in audit mode',
    snapshot: snapshotOf(),
    situation: { repairs, yaml: 'mode: audit' },
    expected: 'drifted: layer-missing',
  },
  { title: 'nothing of ours on it', snapshot: snapshotOf(), expected: 'drifted: layer-missing' },
];

describe('the decision table', () => {
  it.each(cases)('answers $expected for $title', ({ snapshot, situation, expected }) => {
    expect(summary(decide(situationOf(snapshot, situation)))).toBe(expected);
  });

  it('has a case for every row', () => {
    const answered = cases.map(({ snapshot, situation }) => {
      const decision = decide(situationOf(snapshot, situation));
      return 'reason' in decision ? decision.reason : decision.status;
    });
    const names = rows.flatMap(({ name }) => name.split(', ')).filter((name) => name !== 'drifted');
    expect(names.filter((name) => !answered.includes(name as never))).toEqual([]);
  });

  it('says nothing of credentials, whatever it decides', () => {
    for (const { snapshot, situation } of cases) {
      const decision = decide(situationOf(snapshot, situation));
      const shown = JSON.stringify({ ...decision, plan: undefined });
      expect(shown).not.toContain(credentials.key);
      expect(shown).not.toContain(credentials.secret);
      if ('plan' in decision) expect(JSON.stringify(decision.plan?.attachment)).not.toContain(credentials.key);
    }
  });
});

describe('what is attached', () => {
  it.each([
    ['python3.8', 'python'],
    ['nodejs10.x', 'nodejs10_x'],
    ['nodejs12.x', 'nodejs12_x'],
    ['nodejs14.x', 'nodejs14_x'],
  ])('on %s is the layer %s and the wrapper, with the Handler left alone', (runtime, layer) => {
    const { snapshot } = attached(snapshotOf({ runtime }));
    expect(snapshot.layers).toEqual([vendorLayer(layer)]);
    expect(snapshot.handler).toBe('index.handler');
    expect(snapshot.environment).toEqual({ readable: true, variables: { ...wrapper, ...allVariables } });
  });

  it('on python3.7 is the layer and the redirected Handler, without a wrapper', () => {
    const { snapshot } = attached(snapshotOf(python37));
    expect(snapshot.layers).toEqual([vendorLayer('python')]);
    expect(snapshot.handler).toBe(redirect);
    expect(snapshot.environment).toEqual({
      readable: true,
      variables: { TREND_AP_HANDLER: 'app.handler', ...allVariables },
    });
  });

  it.each([
    'eu-north-1',
    'ap-south-1',
    'eu-west-1',
    'eu-west-2',
    'eu-west-3',
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-southeast-1',
    'ap-southeast-2',
    'sa-east-1',
    'ca-central-1',
    'eu-central-1',
    'us-east-1',
    'us-east-2',
    'us-west-1',
    'us-west-2',
  ])('in %s is the layer of that region', (region) => {
    const { snapshot } = attached(snapshotOf({ arn: { ...arn, region } }));
    expect(snapshot.layers).toEqual([vendorLayer('nodejs14_x', 1, region)]);
  });

  it('keeps the team’s layers and variables, and goes to the end', () => {
    const team = [
      'arn:aws:lambda:us-east-1:111122223333:layer:zebra:7',
      'arn:aws:lambda:us-east-1:111122223333:layer:ant:3',
    ];
    const { snapshot } = attached(snapshotOf({ layers: team, variables: { Z: '1', A: '2' } }));
    expect(snapshot.layers).toEqual([...team, vendorLayer('nodejs14_x')]);
    expect(snapshot.environment.readable && Object.entries(snapshot.environment.variables).slice(0, 2)).toEqual([
      ['Z', '1'],
      ['A', '2'],
    ]);
  });

  it('is a mirrored layer in another account and version where the policy says so', () => {
    const yaml = `agents: { trend-application-security: { layers: { account: "444455556666", versions: { CloudOne-ApplicationSecurity-nodejs14_x: 3 } } } }`;
    const decision = decide(situationOf(snapshotOf({ layers: [vendorLayer('nodejs14_x')] }), { yaml }));
    expect(decision).toMatchObject({
      status: 'drifted',
      reason: 'layer-version',
      plan: { update: { Layers: [vendorLayer('nodejs14_x', 3, 'us-east-1', '444455556666')] } },
    });
  });

  it('leaves settings to the team where the policy does, and puts right all others', () => {
    const yaml = `agents: { trend-application-security: { variables: { TREND_AP_LOG_LEVEL: warn }, teamVariables: [TREND_AP_LOG_LEVEL] } }`;
    const variables = { TREND_AP_LOG_LEVEL: 'debug', TREND_AP_LOG_FILE: 'STDERR"' };
    const decision = decide(situationOf(snapshotOf({ variables }), { yaml }));
    expect(decision).toMatchObject({
      plan: { update: { Environment: { Variables: { TREND_AP_LOG_LEVEL: 'debug', TREND_AP_LOG_FILE: 'STDERR' } } } },
    });
  });
});

describe('drift', () => {
  const without = (snapshot: Snapshot, ...names: string[]): Snapshot => ({
    ...snapshot,
    environment: {
      readable: true,
      variables: Object.fromEntries(
        Object.entries(snapshot.environment.readable ? snapshot.environment.variables : {}).filter(
          ([name]) => !names.includes(name),
        ),
      ),
    },
  });
  const having = (snapshot: Snapshot, variables: Record<string, string>): Snapshot => ({
    ...snapshot,
    environment: {
      readable: true,
      variables: { ...(snapshot.environment.readable ? snapshot.environment.variables : {}), ...variables },
    },
  });

  it.each([
    ['layer-missing', { ...node.snapshot, layers: [] }, node],
    ['layer-version', { ...node.snapshot, layers: [vendorLayer('nodejs14_x', 2)] }, node],
    ['layer-of-other-variant', { ...node.snapshot, layers: [vendorLayer('nodejs12_x')] }, node],
    ['layer-of-other-variant', { ...node.snapshot, layers: [...node.snapshot.layers, vendorLayer('python')] }, node],
    ['wrapper-missing', without(node.snapshot, 'AWS_LAMBDA_EXEC_WRAPPER'), node],
    ['wrapper-stale', having(python.snapshot, wrapper), python],
    ['handler-not-redirected', { ...python.snapshot, handler: 'app.new' }, python],
    ['handler-stale', having({ ...node.snapshot, handler: redirect }, { TREND_AP_HANDLER: 'index.handler' }), node],
    ['variable-missing', without(node.snapshot, 'TREND_AP_LOG_FILE'), node],
    ['variable-missing', without(node.snapshot, 'TREND_AP_KEY'), node],
    ['variable-missing', without(python.snapshot, 'TREND_AP_HANDLER'), python],
    ['variable-changed', having(node.snapshot, { TREND_AP_PREFORK_MODE: 'True' }), node],
    ['variable-changed', having(node.snapshot, { TREND_AP_AGENT_ENABLED: 'OFF' }), node],
    ['credentials-changed', having(node.snapshot, { TREND_AP_SECRET: 'another' }), node],
  ] as const)('%s is seen and put right', (code, snapshot, { snapshot: whole, attachment }) => {
    const decision = decide(situationOf(snapshot, { attachment }));
    expect(summary(decision)).toBe(`drifted: ${code}`);
    if (decision.status !== 'drifted') return;
    const repaired = applied(snapshot, decision.plan.update);
    expect(summary(decide(situationOf(repaired, { attachment: decision.plan.attachment })))).toBe('compliant');
    const strangers = (layers: readonly string[]) => layers.filter((layer) => !layer.includes(':800880067056:'));
    expect(strangers(repaired.layers)).toEqual(strangers(snapshot.layers));
    expect(repaired.environment).toEqual(
      whole.environment.readable && code === 'handler-not-redirected'
        ? having(whole, { TREND_AP_HANDLER: 'app.new' }).environment
        : whole.environment,
    );
  });

  it('leaves the values of variables out, since they may be anything', () => {
    const decision = decide(
      situationOf(having(node.snapshot, { TREND_AP_CACHE_DIR: 'pasted-password' }), { attachment: node.attachment }),
    );
    expect(JSON.stringify('drift' in decision && decision.drift)).not.toContain('pasted-password');
  });

  it('is not seen in a layer of like name that another account publishes', () => {
    const alike = vendorLayer('python', 9, 'us-east-1', '999988887777');
    const decision = decide(
      situationOf({ ...node.snapshot, layers: [alike, ...node.snapshot.layers] }, { attachment: node.attachment }),
    );
    expect(decision.status).toBe('compliant');
  });

  it('is repaired in the place that an older version of ours had', () => {
    const layers = [vendorLayer('nodejs14_x', 2), 'arn:aws:lambda:us-east-1:111122223333:layer:team:1'];
    const decision = decide(situationOf(snapshotOf({ layers })));
    expect(decision).toMatchObject({ plan: { update: { Layers: [vendorLayer('nodejs14_x'), layers[1]] } } });
  });
});

describe('a runtime change', () => {
  it('from python3.7 to 3.8 gives the Handler back and sets the wrapper, in one update', () => {
    const moved = { ...python.snapshot, runtime: 'python3.8' };
    const decision = decide(situationOf(moved, { attachment: python.attachment }));
    expect(decision).toMatchObject({ status: 'drifted', plan: { update: { Handler: 'app.handler' } } });
    if (decision.status !== 'drifted') return;
    const { environment } = applied(moved, decision.plan.update);
    expect(environment).toEqual({ readable: true, variables: { ...wrapper, ...allVariables } });
  });

  it('from python3.8 to 3.7 redirects the Handler and takes the wrapper off', () => {
    const eight = attached(snapshotOf({ runtime: 'python3.8', handler: 'app.handler' }));
    const moved = { ...eight.snapshot, runtime: 'python3.7' };
    const decision = decide(situationOf(moved, { attachment: eight.attachment }));
    expect(decision).toMatchObject({
      status: 'drifted',
      reason: 'wrapper-stale',
      plan: { update: { Handler: redirect } },
    });
    if (decision.status !== 'drifted') return;
    expect(applied(moved, decision.plan.update).environment).toEqual({
      readable: true,
      variables: { TREND_AP_HANDLER: 'app.handler', ...allVariables },
    });
  });

  it('from nodejs12.x to 14.x swaps the layer in its place', () => {
    const twelve = attached(snapshotOf({ runtime: 'nodejs12.x' }));
    const layers = [...twelve.snapshot.layers, 'arn:aws:lambda:us-east-1:111122223333:layer:team:1'];
    const decision = decide(
      situationOf({ ...twelve.snapshot, layers, runtime: 'nodejs14.x' }, { attachment: twelve.attachment }),
    );
    expect(decision).toMatchObject({
      reason: 'layer-of-other-variant',
      plan: { update: { Layers: [vendorLayer('nodejs14_x'), layers[1]] } },
    });
  });
});

describe('a redeploy', () => {
  it('with a new Handler makes that the original, also for a release', () => {
    const redeployed = { ...python.snapshot, handler: 'app.new' };
    const decision = decide(situationOf(redeployed, { attachment: python.attachment }));
    if (decision.status !== 'drifted') throw new Error(decision.status);
    const repaired = applied(redeployed, decision.plan.update);
    expect(repaired.handler).toBe(redirect);
    const release = decide(situationOf({ ...repaired, tags: untagged }, { attachment: decision.plan.attachment }));
    expect(release).toMatchObject({ status: 'release', plan: { update: { Handler: 'app.new' } } });
  });

  it('with a Handler that only the record knows is put right from the record', () => {
    const { TREND_AP_HANDLER: _, ...variables } = python.snapshot.environment.readable
      ? python.snapshot.environment.variables
      : {};
    const decision = decide(
      situationOf(
        { ...python.snapshot, environment: { readable: true, variables } },
        { attachment: python.attachment },
      ),
    );
    expect(decision).toMatchObject({
      status: 'drifted',
      plan: { update: { Environment: { Variables: { TREND_AP_HANDLER: 'app.handler' } } } },
    });
  });
});
