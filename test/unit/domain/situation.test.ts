import { describe, expect, it } from 'vitest';
import type { Agents } from '../../../src/domain/agent.ts';
import { type Attachment, rebuiltDetail } from '../../../src/domain/attachment.ts';
import { decide, rows } from '../../../src/domain/decide.ts';
import { type Policy, policySchema, select } from '../../../src/domain/policy.ts';
import { bearsTraces, type Situation, View, withRebuiltAttachment } from '../../../src/domain/situation.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { acmeGuard } from '../../fixtures/acme-guard.ts';
import { arn, snapshotOf as nodeSnapshot } from '../../fixtures/snapshot.ts';

const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:orders';
const layer = (name: string, version: number, account = '777788889999') =>
  `arn:aws:lambda:us-east-1:${account}:layer:${name}:${version}`;
const ours = layer('acme-node', 3);
const team = (n: number) => layer(`team-${n}`, 1, '111122223333');
const credentials = { key: 'planted-key', secret: 'planted-secret' };
const protectedVariables = {
  AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start',
  ACME_MODE: 'block',
  ACME_URL: 'https://one.example.com/',
  ACME_KEY: credentials.key,
  ACME_SECRET: credentials.secret,
};

const agents = (): Agents => new Map([['acme-guard', acmeGuard()]]);
const policyOf = (changes: Readonly<Record<string, unknown>> = {}): Policy =>
  policySchema.parse({
    version: 1,
    agent: 'acme-guard',
    groups: { default: { secret: 'layerward/groups/default', parameters: { site: 'one' } } },
    ...changes,
  });

/** An opted-in function that the agent serves, with nothing of ours on it. */
const snapshotOf = (changes: Parameters<typeof nodeSnapshot>[0] = {}) =>
  nodeSnapshot({ runtime: 'nodejs22.x', ...changes });

function situationOf(
  snapshot: Snapshot,
  { policy = policyOf(), ...changes }: Partial<Situation> & { readonly policy?: Policy } = {},
): Situation {
  return {
    snapshot,
    selection: select(policy, agents(), { arn: snapshot.arn, organizationalUnits: undefined }, snapshot.tags),
    contest: policy.contest,
    ownFunctionArns: ['arn:aws:lambda:us-east-1:111122223333:function:layerward-remediate'],
    attachment: undefined,
    repairs: [],
    credentials: { found: credentials },
    now: new Date('2026-11-23T12:00:00Z'),
    ...changes,
  };
}

const decided = (snapshot: Snapshot, changes: Parameters<typeof situationOf>[1] = {}) =>
  decide(situationOf(snapshot, changes));

/** The function with all of ours on it, and what the record says of that. */
const whole = (changes: Parameters<typeof snapshotOf>[0] = {}) =>
  snapshotOf({ layers: [ours], variables: protectedVariables, ...changes });
function attached(): Attachment {
  const decision = decided(snapshotOf());
  if (decision.status !== 'drifted' || !decision.plan.attachment) throw new Error(decision.status);
  return decision.plan.attachment;
}
const optedOut = { readable: true, values: {} } as const;

describe('the rows of the decision table', () => {
  it('are asked in this order', () => {
    expect(rows.map(({ name }) => name)).toEqual([
      'self',
      'tags-unreadable',
      'opted-out, excluded, not-opted-in',
      'container-image, lambda-edge, runtime, architecture, region',
      'environment-unreadable',
      'foreign-wrapper',
      'layer-limit',
      'environment-size',
      'credentials-missing',
      'original-handler-lost',
      'aws-refused',
      'compliant',
      'function-not-ready',
      'flapping',
      'drifted',
    ]);
  });

  it('ask these questions', () => {
    expect(rows.map(({ question }) => question)).toEqual([
      'Is it one of Layerward’s own functions?',
      'Could its tags not be read?',
      'Is it out of the policy’s scope?',
      'Is it something on which the agent can’t run?',
      'Could its environment not be read?',
      'Has another tool’s wrapper the place that the agent needs?',
      'Would it have more than 5 layers?',
      'Would its variables be more than 4 KB?',
      'Are the credentials of its group missing?',
      'Is its Handler redirected, and the original one known to nobody?',
      'Is all in place, but did AWS fail to bring the last update into effect?',
      'Does nothing differ?',
      'Is AWS still at work on it?',
      'Was it put right, and undone again, too often of late?',
      'Does something differ?',
    ]);
  });
});

describe('a decision', () => {
  it('to attach holds the drift, the update and what the record must know', () => {
    expect(decided(snapshotOf({ layers: [team(1)], variables: { STAGE: 'prod' } }))).toStrictEqual({
      status: 'drifted',
      reason: 'layer-missing',
      mode: 'enforce',
      drift: [
        { code: 'layer-missing', path: 'Layers', expected: ours },
        {
          code: 'wrapper-missing',
          path: 'Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER',
          expected: '/opt/acme/start',
        },
        { code: 'variable-missing', path: 'Environment.Variables.ACME_MODE', expected: 'block' },
        { code: 'variable-missing', path: 'Environment.Variables.ACME_URL', expected: 'https://one.example.com/' },
        { code: 'variable-missing', path: 'Environment.Variables.ACME_KEY' },
        { code: 'variable-missing', path: 'Environment.Variables.ACME_SECRET' },
      ],
      plan: {
        functionArn,
        revisionId: 'revision-1',
        update: {
          Layers: [team(1), ours],
          Environment: { Variables: { STAGE: 'prod', ...protectedVariables } },
        },
        attachment: {
          agent: 'acme-guard',
          variant: 'node',
          group: 'default',
          applied: {
            layerArn: ours,
            handler: 'index.handler',
            variables: {
              AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start',
              ACME_MODE: 'block',
              ACME_URL: 'https://one.example.com/',
            },
            secretVariables: ['ACME_KEY', 'ACME_SECRET'],
          },
          before: { handler: 'index.handler', layers: [], variables: {} },
        },
      },
    });
  });

  it('to do nothing holds what the record should know', () => {
    expect(decided(whole(), { attachment: attached() })).toStrictEqual({ status: 'compliant', attachment: attached() });
  });

  it('on a function of Layerward’s own is that it is out of scope', () => {
    const own = snapshotOf({ arn: { ...arn, functionName: 'layerward-remediate' } });
    expect(decided(own)).toStrictEqual({ status: 'out-of-scope', reason: 'self' });
  });

  it.each([
    ['not-opted-in', {}, { tags: optedOut }],
    ['excluded', { exclude: { functions: ['*'] } }, {}],
  ])('on a function to which nothing was attached, %s, is that it is out of scope', (reason, policy, changes) => {
    expect(decided(snapshotOf(changes), { policy: policyOf(policy) })).toStrictEqual({
      status: 'out-of-scope',
      reason,
    });
  });

  it('says what AWS said where it showed no tags', () => {
    expect(decided(whole({ tags: { readable: false, errorCode: 'AccessDenied' } }))).toStrictEqual({
      status: 'blocked',
      reason: 'tags-unreadable',
      detail: 'AWS did not show its tags (AccessDenied); no tag seen is not the same as not tagged',
    });
  });

  const unreadable = { readable: false, errorCode: 'AccessDenied' } as const;

  it('says what AWS said where it showed no variables, also where they would have to be released', () => {
    const blocked = {
      status: 'blocked',
      reason: 'environment-unreadable',
      detail: 'AWS did not show its variables (AccessDenied); writing would erase them',
    };
    expect(decided(snapshotOf({ environment: unreadable }))).toStrictEqual(blocked);
    const leaving = snapshotOf({ environment: unreadable, tags: optedOut });
    expect(decided(leaving, { attachment: attached() })).toStrictEqual(blocked);
  });

  it.each<[string, Partial<Snapshot>, string]>([
    ['container-image', { packageType: 'Image', runtime: undefined }, 'container images can’t have layers'],
    ['lambda-edge', { masterArn: `${functionArn}:1` }, 'Lambda@Edge allows neither layers nor variables'],
    ['runtime', { runtime: 'java21' }, 'Acme Guard does not run on java21'],
    ['architecture', { runtime: 'python3.13', architecture: 'arm64' }, 'Acme Guard does not run on arm64'],
    ['region', { arn: { ...arn, region: 'eu-west-2' } }, 'the layers are not published in eu-west-2'],
    ['region', { arn: { ...arn, partition: 'aws-cn' } }, 'the layers are not published in us-east-1'],
  ])('says why the agent can’t serve it: %s', (reason, changes, detail) => {
    expect(decided(snapshotOf(changes))).toStrictEqual({ status: 'unsupported', reason, detail });
  });

  it.each<[string, Partial<Snapshot>]>([
    ['container-image', { packageType: 'Image', runtime: undefined }],
    ['lambda-edge', { masterArn: `${functionArn}:1` }],
    ['region', { arn: { ...arn, region: 'eu-west-2' } }],
  ])('releases nothing for %s, which says nothing of what is on it', (reason, changes) => {
    expect(decided(whole(changes), { attachment: attached() })).toMatchObject({ status: 'unsupported', reason });
  });

  it('says which wrapper has the place', () => {
    expect(decided(snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } }))).toStrictEqual({
      status: 'blocked',
      reason: 'foreign-wrapper',
      detail: 'AWS_LAMBDA_EXEC_WRAPPER is /opt/other, and a function can have one wrapper only',
    });
  });

  it.each([
    ['that is empty', { AWS_LAMBDA_EXEC_WRAPPER: '' }],
    ['that is the agent’s already', { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start' }],
  ])('takes the place of a wrapper %s', (_, variables) => {
    expect(decided(snapshotOf({ variables })).status).toBe('drifted');
  });

  it('takes the place of a wrapper that it had put there under an earlier agent file', () => {
    const { applied, ...rest } = attached();
    const attachment = {
      ...rest,
      applied: { ...applied, variables: { ...applied.variables, AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/old' } },
    };
    const snapshot = whole({ variables: { ...protectedVariables, AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/old' } });
    expect(decided(snapshot, { attachment })).toMatchObject({ status: 'drifted', reason: 'wrapper-stale' });
    expect(decided(snapshot)).toMatchObject({ status: 'blocked', reason: 'foreign-wrapper' });
  });

  it('leaves a wrapper alone where the agent redirects the Handler', () => {
    const python = snapshotOf({ runtime: 'python3.13', variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } });
    expect(decided(python)).toMatchObject({
      status: 'drifted',
      plan: {
        update: { Handler: 'acme.handler', Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } } },
      },
    });
  });

  it('allows five layers, and no more', () => {
    const four = [team(1), team(2), team(3), team(4)];
    expect(decided(snapshotOf({ layers: four }))).toMatchObject({ status: 'drifted', reason: 'layer-missing' });
    expect(decided(snapshotOf({ layers: [...four, team(5)] }))).toStrictEqual({
      status: 'blocked',
      reason: 'layer-limit',
      detail: 'it has 5 layers already, and AWS allows no more',
    });
  });

  it('does not count the layers of a function on which all is in place', () => {
    const layers = [team(1), team(2), team(3), team(4), team(5), ours];
    expect(decided(whole({ layers })).status).toBe('compliant');
  });

  const bytesTaken = JSON.stringify({ LARGE: '', ...protectedVariables }).length;

  it('allows 4096 bytes of variables, counted as AWS counts them, and no more', () => {
    const room = 4096 - bytesTaken;
    expect(decided(snapshotOf({ variables: { LARGE: 'x'.repeat(room) } })).status).toBe('drifted');
    const detail = 'its variables would take 4097 bytes with the agent’s, and AWS allows 4096';
    for (const LARGE of ['x'.repeat(room + 1), `é${'x'.repeat(room - 1)}`, `"${'x'.repeat(room - 1)}`])
      expect(decided(snapshotOf({ variables: { LARGE } }))).toStrictEqual({
        status: 'blocked',
        reason: 'environment-size',
        detail,
      });
  });

  it('does not measure the variables of a function on which all is in place', () => {
    const variables = { LARGE: 'x'.repeat(4096), ...protectedVariables };
    expect(decided(whole({ variables })).status).toBe('compliant');
  });

  it('says why there are no credentials', () => {
    expect(decided(snapshotOf(), { credentials: { missing: 'the secret does not exist' } })).toStrictEqual({
      status: 'blocked',
      reason: 'credentials-missing',
      detail: 'the secret does not exist',
    });
    const values = { 'layerward:protect': 'on', 'layerward:group': 'none' };
    expect(decided(snapshotOf({ tags: { readable: true, values } }))).toStrictEqual({
      status: 'blocked',
      reason: 'credentials-missing',
      detail: 'the policy has no group none',
    });
  });

  it('says which Handler has lost its original', () => {
    expect(decided(snapshotOf({ runtime: 'python3.13', handler: 'acme.handler' }))).toStrictEqual({
      status: 'blocked',
      reason: 'original-handler-lost',
      detail: 'its Handler is acme.handler, and neither a variable nor the record knows the original one',
    });
  });

  it.each([
    ['no network interface', 'no network interface'],
    [undefined, 'its last update failed, and AWS does not say why'],
  ])('says why AWS did not bring an update into effect: %s', (lastUpdateStatusReason, detail) => {
    const snapshot = whole({ lastUpdateStatus: 'Failed', lastUpdateStatusReason });
    expect(decided(snapshot)).toStrictEqual({ status: 'blocked', reason: 'aws-refused', detail });
  });

  it('puts right what differs after an update that failed', () => {
    expect(decided(snapshotOf({ lastUpdateStatus: 'Failed' })).status).toBe('drifted');
  });

  it.each<[Partial<Snapshot>, string]>([
    [{ state: 'Pending' }, 'its State is Pending'],
    [{ lastUpdateStatus: 'InProgress' }, 'its LastUpdateStatus is InProgress'],
    [{ state: 'Pending', lastUpdateStatus: 'InProgress' }, 'its State is Pending'],
  ])('says what AWS is still at work on: %o', (changes, detail) => {
    const waiting = { status: 'waiting', reason: 'function-not-ready', detail };
    expect(decided(snapshotOf(changes))).toStrictEqual(waiting);
    const leaving = whole({ ...changes, tags: optedOut });
    expect(decided(leaving, { attachment: attached() })).toStrictEqual(waiting);
  });

  it('does not wait for AWS where nothing differs', () => {
    expect(decided(whole({ lastUpdateStatus: 'InProgress' })).status).toBe('compliant');
  });
});

describe('a contest', () => {
  const policy = policyOf({ contest: { repairs: 2, withinMinutes: 30 } });
  const putRight = (...repairs: string[]) => decided(snapshotOf(), { policy, repairs });

  it('is left to people, in words that say how often and for how long', () => {
    expect(putRight('2026-11-23T11:30:01Z', '2026-11-23T11:59:00Z')).toStrictEqual({
      status: 'contested',
      reason: 'flapping',
      detail: 'it was put right 2 times within 30 minutes, and undone each time',
      drift: expect.arrayContaining([{ code: 'layer-missing', path: 'Layers', expected: ours }]),
    });
  });

  it('is none where it was put right less often, or longer ago', () => {
    expect(putRight('2026-11-23T11:59:00Z').status).toBe('drifted');
    expect(putRight('2026-11-23T11:30:00Z', '2026-11-23T11:59:00Z').status).toBe('drifted');
  });

  it('is none in audit mode, in which nothing is put right', () => {
    const repairs = ['2026-11-23T11:58:00Z', '2026-11-23T11:59:00Z'];
    const audit = policyOf({ mode: 'audit', contest: { repairs: 2, withinMinutes: 30 } });
    expect(decided(snapshotOf(), { policy: audit, repairs })).toMatchObject({ status: 'drifted', mode: 'audit' });
  });
});

describe('a release', () => {
  const away = { Layers: [], Environment: { Variables: {} } };

  it.each<[string, Partial<Snapshot>, Readonly<Record<string, unknown>>, string]>([
    ['opted-out', { tags: optedOut }, {}, 'its opt-in tag was taken off'],
    ['excluded', {}, { exclude: { functions: ['orders'] } }, 'the policy leaves it out'],
    ['runtime', { runtime: 'java21' }, {}, 'it was moved to java21, on which the agent does not run'],
    ['architecture', { architecture: 'riscv' }, {}, 'it was moved to riscv, on which the agent does not run'],
  ])('takes off what was put on, and says why: %s', (reason, changes, policy, detail) => {
    const attachment = attached();
    const leaving = { attachment, policy: policyOf({ ...policy, mode: 'audit' }) };
    expect(decided(whole(changes), leaving)).toStrictEqual({
      status: 'release',
      reason,
      detail,
      mode: 'audit',
      plan: { functionArn, revisionId: 'revision-1', update: away, attachment },
    });
    expect(decided(snapshotOf({ ...changes, state: 'Pending' }), leaving)).toStrictEqual({
      status: 'release',
      reason,
      detail,
      mode: 'audit',
      plan: undefined,
    });
  });

  it('sends nothing where all of ours is off again', () => {
    const { before, ...attachment } = attached();
    const had = { ...attachment, before: { ...before, variables: { ACME_MODE: 'watch' } } };
    expect(decided(snapshotOf({ tags: optedOut }), { attachment: had })).toMatchObject({ plan: undefined });
  });

  it('takes off what leads into the layer, though the record does not know of it', () => {
    const { applied, ...attachment } = attached();
    const older = { ...attachment, applied: { ...applied, variables: {} } };
    const variables = { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start' };
    const left = snapshotOf({ tags: optedOut, layers: [ours], variables });
    expect(decided(left, { attachment: older })).toMatchObject({ plan: { update: away } });
    expect(decided(left, { attachment: { ...older, agent: 'other-guard' } })).toMatchObject({
      plan: { update: { Layers: [] } },
    });
    expect(decided(left, { attachment: { ...older, agent: 'other-guard' } })).not.toHaveProperty(
      'plan.update.Environment',
    );
  });

  it('says where the record was made anew', () => {
    const attachment = { ...attached(), isRebuilt: true } as const;
    expect(decided(whole({ tags: optedOut }), { attachment })).toMatchObject({
      detail: `its opt-in tag was taken off; ${rebuiltDetail}`,
    });
  });

  it('is none where nothing was attached', () => {
    expect(() => new View(situationOf(whole())).toRelease('opted-out')).toThrow(
      new TypeError('nothing was attached, so nothing can be released'),
    );
  });
});

describe('a view of a function', () => {
  it('has no goal where the agent can’t serve it', () => {
    expect(() => new View(situationOf(snapshotOf({ runtime: 'java21' }))).goal).toThrow(
      new TypeError('there is no goal for a function that the agent can’t serve'),
    );
  });

  it('works goal, target and drift out once', () => {
    const view = new View(situationOf(snapshotOf()));
    expect(view.goal).toBe(view.goal);
    expect(view.target).toBe(view.target);
    expect(view.drift).toBe(view.drift);
  });
});

describe('a function whose record is lost', () => {
  it('has what most likely is ours on it', () => {
    const situation = situationOf(whole({ layers: [team(1), layer('acme-node', 2)] }));
    expect(withRebuiltAttachment(situation)).toStrictEqual({
      ...situation,
      attachment: {
        agent: 'acme-guard',
        variant: 'node',
        group: 'default',
        isRebuilt: true,
        applied: {
          layerArn: layer('acme-node', 2),
          handler: 'index.handler',
          variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start' },
          secretVariables: ['ACME_KEY', 'ACME_SECRET'],
        },
        before: { handler: 'index.handler', layers: [], variables: {} },
      },
    });
  });

  it.each<[string, Partial<Snapshot>]>([
    ['the agent can’t serve it', { runtime: 'java21' }],
    ['AWS does not show its variables', { environment: { readable: false, errorCode: 'AccessDenied' } }],
  ])('is as it is where %s', (_, changes) => {
    const situation = situationOf(whole(changes));
    expect(withRebuiltAttachment(situation)).toBe(situation);
  });
});

describe('traces of an agent', () => {
  const bears = (snapshot: Snapshot, policy = policyOf()) => bearsTraces(snapshot, policy, agents());

  it.each<[string, Snapshot]>([
    ['a layer of the vendor’s', snapshotOf({ layers: [team(1), layer('acme-python', 9)] })],
    ['its wrapper', snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start' } })],
    ['its Handler', snapshotOf({ handler: 'acme.handler' })],
    ['a credential of its', snapshotOf({ variables: { ACME_KEY: '' } })],
    ['a variable that it sets', snapshotOf({ variables: { STAGE: 'prod', ACME_MODE: '' } })],
    ['a variable that begins as its own do', snapshotOf({ variables: { ACME_NEW: '' } })],
    ['variables that can’t be read', snapshotOf({ environment: { readable: false, errorCode: 'AccessDenied' } })],
  ])('are %s', (_, snapshot) => {
    expect(bears(snapshot)).toBe(true);
  });

  it.each<[string, Snapshot]>([
    ['nothing at all', snapshotOf()],
    [
      'a team’s layers, Handler and variables',
      snapshotOf({ layers: [team(1)], variables: { STAGE: 'prod', X_ACME_: '' } }),
    ],
    ['a layer of like name', snapshotOf({ layers: [layer('acme-node', 3, '111122223333')] })],
    ['another wrapper', snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } })],
    ['an empty wrapper', snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '' } })],
    ['a container image', snapshotOf({ packageType: 'Image', handler: undefined, runtime: undefined })],
  ])('are not seen in %s', (_, snapshot) => {
    expect(bears(snapshot)).toBe(false);
  });

  it('are wrapper and Handler of any variant', () => {
    const { variants, ...rest } = acmeGuard();
    const [node, python] = variants;
    if (!node || !python) throw new Error('Acme Guard has two variants');
    const wrapper = { type: 'exec-wrapper', script: '/opt/acme/other' } as const;
    const redirect = {
      type: 'handler-redirect',
      handler: 'acme.other',
      originalHandlerVariable: 'ACME_OTHER',
    } as const;
    const more = [...variants, { ...node, activation: wrapper }, { ...python, activation: redirect }];
    const several: Agents = new Map([['acme-guard', { ...rest, variants: more }]]);
    for (const changes of [
      { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start' } },
      { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/other' } },
      { handler: 'acme.handler' },
      { handler: 'acme.other' },
    ])
      expect(bearsTraces(snapshotOf(changes), policyOf(), several)).toBe(true);
  });

  it('are also layers of a mirror that the policy names', () => {
    const mirrored = snapshotOf({ layers: [layer('acme-node', 3, '444455556666')] });
    expect(bears(mirrored)).toBe(false);
    const policy = policyOf({ agents: { 'acme-guard': { layers: { account: '444455556666' } } } });
    expect(bears(mirrored, policy)).toBe(true);
  });

  it('are none where there are no agents', () => {
    expect(bearsTraces(whole(), policyOf(), new Map())).toBe(false);
  });
});
