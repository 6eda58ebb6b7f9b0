import { describe, expect, it } from 'vitest';
import type { Agent, Variant } from '../../../src/domain/agent.ts';
import type { Attachment, Shape } from '../../../src/domain/attachment.ts';
import { attachmentFor, type Goal, goalFor, rebuildAttachment, targetFor } from '../../../src/domain/goal.ts';
import type { Selection } from '../../../src/domain/policy.ts';
import { acmeGuard } from '../../fixtures/acme-guard.ts';
import { arn } from '../../fixtures/snapshot.ts';

type Variables = Readonly<Record<string, string>>;

const layer = (name: string, version: number, account = '777788889999') =>
  `arn:aws:lambda:us-east-1:${account}:layer:${name}:${version}`;
const ours = layer('acme-node', 3);
const team = (n: number) => layer(`team-${n}`, 1, '111122223333');
const credentials = { key: 'planted-key', secret: 'planted-secret' };
const secrets = { ACME_KEY: credentials.key, ACME_SECRET: credentials.secret };
const start = '/opt/acme/start';
const wrapped = { AWS_LAMBDA_EXEC_WRAPPER: start, ACME_MODE: 'block', ACME_URL: 'https://one.example.com/' };
const redirected = {
  ACME_MODE: 'block',
  ACME_URL: 'https://one.example.com/',
  ACME_REGION_URL: 'https://one.example.com/one',
};

function variantNamed(name: string): Variant {
  const variant = acmeGuard().variants.find((one) => one.name === name);
  if (!variant) throw new Error(`there is no variant ${name}`);
  return variant;
}

function selectionOf(changes: Partial<Selection> = {}): Selection {
  const group = { secret: 'layerward/groups/default', parameters: { site: 'one' } };
  return {
    scope: 'in',
    mode: 'enforce',
    agent: acmeGuard(),
    layerSource: { accountId: '777788889999', partition: 'aws', regions: ['us-east-1'], versions: {} },
    settings: { variables: {}, teamVariables: [] },
    groupName: 'default',
    group: { found: group },
    ...changes,
  };
}

function goalOf(variant = 'node', changes: Partial<Selection> = {}): Goal {
  const selection = selectionOf(changes);
  const group = 'found' in selection.group ? selection.group.found : undefined;
  return goalFor(arn, selection, variantNamed(variant), group, credentials);
}
const withSettings = (variables: Variables, teamVariables: readonly string[] = []) => ({
  settings: { variables, teamVariables },
});
/** A goal of an agent that differs from Acme Guard by this. */
const goalOfAgent = (changes: Partial<Agent>, variant = 'node') => ({
  ...goalOf(variant),
  agent: { ...acmeGuard(), ...changes },
});

const shapeOf = (changes: Partial<Shape> = {}): Shape => ({
  handler: 'index.handler',
  layers: [],
  variables: {},
  ...changes,
});

/** What is on a function once it was attached to, and what the record holds of that. */
function attached(current: Shape, goal: Goal = goalOf(), attachment?: Attachment) {
  const { shape } = targetFor(goal, current, attachment);
  return { shape, attachment: attachmentFor(goal, shape, current, attachment) };
}
const variablesAfter = (goal: Goal, variables: Variables, attachment?: Attachment) =>
  targetFor(goal, shapeOf({ variables }), attachment).shape.variables;
const layersAfter = (layers: readonly string[], attachment?: Attachment, goal = goalOf()) =>
  targetFor(goal, shapeOf({ layers }), attachment).shape.layers;
function changed(
  attachment: Attachment,
  {
    applied = {},
    before = {},
    ...rest
  }: { applied?: Partial<Attachment['applied']>; before?: Partial<Attachment['before']> } & {
    agent?: string;
    isRebuilt?: true;
  },
): Attachment {
  return {
    ...attachment,
    ...rest,
    applied: { ...attachment.applied, ...applied },
    before: { ...attachment.before, ...before },
  };
}

describe('a goal', () => {
  it('is the layer, the wrapper, the filled variables and the credentials', () => {
    expect(goalOf()).toStrictEqual({
      agent: acmeGuard(),
      variant: variantNamed('node'),
      groupName: 'default',
      layerSource: { accountId: '777788889999', partition: 'aws', regions: ['us-east-1'], versions: {} },
      layerArn: ours,
      variables: wrapped,
      secrets,
      teamVariables: [],
    });
  });

  it('of a variant that redirects the Handler has no wrapper, and says the region where it must', () => {
    expect(goalOf('python')).toMatchObject({ layerArn: layer('acme-python', 2), secrets });
    expect(goalOf('python').variables).toStrictEqual(redirected);
  });

  it('takes the layer from where the policy says, in the version that it pins', () => {
    const layerSource = {
      accountId: '444455556666',
      partition: 'aws-cn',
      regions: ['cn-north-1'],
      versions: { 'acme-node': 9, 'acme-python': 8 },
    };
    expect(goalOf('node', { layerSource }).layerArn).toBe('arn:aws-cn:lambda:us-east-1:444455556666:layer:acme-node:9');
    const other = { ...layerSource, versions: { 'acme-python': 8 } };
    expect(goalOf('node', { layerSource: other }).layerArn).toMatch(/:layer:acme-node:3$/);
  });

  it('takes the policy’s values as they are, before those of the agent', () => {
    const goal = goalOf('node', withSettings({ ACME_MODE: `\${site}`, ACME_LEVEL: 'low' }, ['ACME_LEVEL']));
    expect(goal.variables).toStrictEqual({ ...wrapped, ACME_MODE: `\${site}`, ACME_LEVEL: 'low' });
    expect(goal.teamVariables).toStrictEqual(['ACME_LEVEL']);
  });

  it('fills nothing in without a group, and has no credentials where there are none', () => {
    const bare = goalFor(arn, selectionOf(), variantNamed('node'), undefined, undefined);
    expect(bare.variables).toStrictEqual({ AWS_LAMBDA_EXEC_WRAPPER: start });
    expect(bare.secrets).toStrictEqual({});
  });
});

describe('what a function should look like', () => {
  it('is what the team has, with the goal on top', () => {
    const current = shapeOf({ layers: [team(1)], variables: { STAGE: 'prod', ACME_KEY: 'other', ACME_MODE: 'watch' } });
    expect(targetFor(goalOf(), current, undefined)).toStrictEqual({
      shape: {
        handler: 'index.handler',
        layers: [team(1), ours],
        variables: { STAGE: 'prod', ...wrapped, ...secrets },
      },
      originalHandlerLost: false,
    });
  });

  it('is redirected, and keeps the team’s Handler in a variable', () => {
    expect(targetFor(goalOf('python'), shapeOf({ handler: 'app.handler' }), undefined)).toStrictEqual({
      shape: {
        handler: 'acme.handler',
        layers: [layer('acme-python', 2)],
        variables: { ACME_HANDLER: 'app.handler', ...redirected, ...secrets },
      },
      originalHandlerLost: false,
    });
  });

  it('is the same once it is reached', () => {
    for (const variant of ['node', 'python']) {
      const { shape, attachment } = attached(
        shapeOf({ layers: [team(1)], variables: { STAGE: 'x' } }),
        goalOf(variant),
      );
      expect(targetFor(goalOf(variant), shape, attachment).shape).toStrictEqual(shape);
      expect(targetFor(goalOf(variant), shape, undefined).shape).toStrictEqual(shape);
    }
  });
});

describe('the team’s Handler', () => {
  const python = () => attached(shapeOf({ handler: 'app.handler' }), goalOf('python'));
  const handlerOf = (current: Partial<Shape>, attachment?: Attachment, goal = goalOf()) =>
    targetFor(goal, shapeOf(current), attachment).shape.handler;

  it('is the one on the function', () => {
    expect(handlerOf({ handler: 'app.new' }, python().attachment)).toBe('app.new');
  });

  it('is the one in the variable of the agent, where the function is redirected', () => {
    expect(handlerOf({ handler: 'acme.handler', variables: { ACME_HANDLER: 'app.kept' } })).toBe('app.kept');
    expect(handlerOf({ handler: 'acme.handler', variables: { ACME_HANDLER: 'app.kept' } }, python().attachment)).toBe(
      'app.kept',
    );
  });

  it('is the one that the record put into that variable, where it is gone or points to itself', () => {
    expect(handlerOf({ handler: 'acme.handler' }, python().attachment)).toBe('app.handler');
    for (const kept of ['', 'acme.handler'])
      expect(handlerOf({ handler: 'acme.handler', variables: { ACME_HANDLER: kept } }, python().attachment)).toBe(
        'app.handler',
      );
  });

  it('is the one that the record had from before, where it knows no other', () => {
    const attachment = changed(python().attachment, { applied: { variables: {} } });
    expect(handlerOf({ handler: 'acme.handler' }, attachment)).toBe('app.handler');
  });

  it('is found in the variable that an earlier file of the agent named', () => {
    const attachment = changed(python().attachment, {
      applied: { handler: 'old.handler', handlerVariable: 'ACME_OLD', variables: { ACME_OLD: 'app.recorded' } },
      before: { handler: 'app.before' },
    });
    expect(handlerOf({ handler: 'old.handler', variables: { ACME_OLD: 'app.kept' } }, attachment)).toBe('app.kept');
    expect(handlerOf({ handler: 'old.handler' }, attachment)).toBe('app.recorded');
  });

  it('is none of the agent’s, whichever variant’s', () => {
    const [node, python] = [variantNamed('node'), variantNamed('python')];
    const activation = {
      type: 'handler-redirect',
      handler: 'acme.other',
      originalHandlerVariable: 'ACME_HANDLER',
    } as const;
    const goal = goalOfAgent({ variants: [node, python, { ...python, activation }] });
    for (const handler of ['acme.handler', 'acme.other'])
      expect(handlerOf({ handler, variables: { ACME_HANDLER: 'app.kept' } }, undefined, goal)).toBe('app.kept');
  });

  it('is left as the agent’s variable has it, where nobody knows the original', () => {
    const current = shapeOf({ handler: 'acme.handler', variables: { ACME_HANDLER: '' } });
    expect(targetFor(goalOf('python'), current, undefined).shape.variables).toHaveProperty('ACME_HANDLER', '');
  });

  it('is its own where we left it and never redirected it', () => {
    const { attachment } = attached(shapeOf());
    expect(handlerOf({ handler: 'index.handler' }, attachment)).toBe('index.handler');
  });

  it.each(['acme.handler', '', undefined])('is lost where the function has %s and nobody knows another', (handler) => {
    for (const variant of ['node', 'python'])
      expect(targetFor(goalOf(variant), shapeOf({ handler }), undefined)).toMatchObject({
        shape: { handler: variant === 'python' ? 'acme.handler' : undefined },
        originalHandlerLost: true,
      });
    expect(variablesAfter(goalOf('python'), {})).toHaveProperty('ACME_HANDLER', 'index.handler');
    expect(targetFor(goalOf('python'), shapeOf({ handler }), undefined).shape.variables).not.toHaveProperty(
      'ACME_HANDLER',
    );
  });
});

describe('the layers that a function should have', () => {
  it('are the team’s in their order, and ours at the end', () => {
    expect(layersAfter([team(2), team(1)])).toStrictEqual([team(2), team(1), ours]);
  });

  it('have ours where it is', () => {
    expect(layersAfter([team(2), ours, team(1)])).toStrictEqual([team(2), ours, team(1)]);
    expect(layersAfter([ours, team(1)])).toStrictEqual([ours, team(1)]);
  });

  it('have ours in the place of the first other one of the agent’s, of which none is left', () => {
    const [python, older] = [layer('acme-python', 2), layer('acme-node', 2)];
    expect(layersAfter([python, team(1), older])).toStrictEqual([ours, team(1)]);
    expect(layersAfter([team(1), older, team(2), python])).toStrictEqual([team(1), ours, team(2)]);
    expect(layersAfter([older, team(1), ours])).toStrictEqual([team(1), ours]);
  });

  it('have ours in the place of the one that we put when the policy named another mirror', () => {
    const mirrored = layer('acme-node', 3, '444455556666');
    const attachment = changed(attached(shapeOf()).attachment, { applied: { layerArn: mirrored } });
    expect(layersAfter([mirrored, team(1)], attachment)).toStrictEqual([ours, team(1)]);
    expect(layersAfter([layer('acme-node', 2, '444455556666'), team(1)], attachment)).toStrictEqual([ours, team(1)]);
    expect(layersAfter([mirrored, team(1)])).toStrictEqual([mirrored, team(1), ours]);
  });

  it('have what is no ARN of a layer, as it is', () => {
    expect(layersAfter(['x'], attached(shapeOf()).attachment)).toStrictEqual(['x', ours]);
    const attachment = changed(attached(shapeOf()).attachment, { applied: { layerArn: 'no layer' } });
    expect(layersAfter(['x'], attachment)).toStrictEqual(['x', ours]);
    expect(layersAfter(['no layer', 'x'], attachment)).toStrictEqual(['no layer', 'x', ours]);
  });
});

describe('the variables that a function should have', () => {
  it('have no wrapper of the agent’s, and no kept Handler, of another variant', () => {
    expect(variablesAfter(goalOf('python'), { AWS_LAMBDA_EXEC_WRAPPER: start })).not.toHaveProperty([
      'AWS_LAMBDA_EXEC_WRAPPER',
    ]);
    expect(variablesAfter(goalOf('python'), { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' })).toHaveProperty(
      ['AWS_LAMBDA_EXEC_WRAPPER'],
      '/opt/other',
    );
    expect(variablesAfter(goalOf(), { ACME_HANDLER: 'app.kept' })).not.toHaveProperty('ACME_HANDLER');
  });

  it('have no wrapper of any of the agent’s variants', () => {
    const node = variantNamed('node');
    const arm = { ...node, name: 'arm', activation: { type: 'exec-wrapper' as const, script: '/opt/acme/start-arm' } };
    const goal = goalOfAgent({ variants: [node, arm, variantNamed('python')] }, 'python');
    for (const script of [start, '/opt/acme/start-arm'])
      expect(variablesAfter(goal, { AWS_LAMBDA_EXEC_WRAPPER: script })).not.toHaveProperty('AWS_LAMBDA_EXEC_WRAPPER');
    expect(variablesAfter(goal, { AWS_LAMBDA_EXEC_WRAPPER: '/opt/theirs' })).toMatchObject({
      AWS_LAMBDA_EXEC_WRAPPER: '/opt/theirs',
    });
  });

  it('keep a wrapper that the policy itself wants', () => {
    const goal = goalOf('python', withSettings({ AWS_LAMBDA_EXEC_WRAPPER: start }));
    expect(variablesAfter(goal, { AWS_LAMBDA_EXEC_WRAPPER: start })).toMatchObject({ AWS_LAMBDA_EXEC_WRAPPER: start });
  });

  it('have what an earlier goal set no more, but the team’s value from before', () => {
    const earlier = goalOf('node', withSettings({ ACME_LEVEL: 'low', ACME_TAG: 'x' }));
    const { shape, attachment } = attached(shapeOf({ variables: { ACME_LEVEL: 'high' } }), earlier);
    expect(shape.variables).toMatchObject({ ACME_LEVEL: 'low', ACME_TAG: 'x' });
    const after = variablesAfter(goalOf(), shape.variables, attachment);
    expect(after).toStrictEqual({ ACME_LEVEL: 'high', ...wrapped, ...secrets });
  });

  it('keep what the team changed of an earlier goal’s', () => {
    const { shape, attachment } = attached(shapeOf(), goalOf('node', withSettings({ ACME_LEVEL: 'low' })));
    expect(variablesAfter(goalOf(), { ...shape.variables, ACME_LEVEL: 'high' }, attachment)).toHaveProperty(
      'ACME_LEVEL',
      'high',
    );
  });

  it('keep what an earlier goal set, where the team had set it and nobody put it', () => {
    expect(variablesAfter(goalOf(), { ACME_LEVEL: 'low' })).toHaveProperty('ACME_LEVEL', 'low');
  });

  it('have a credential that the agent names no more, no more', () => {
    const { shape, attachment } = attached(shapeOf());
    const goal = { ...goalOf(), secrets: { ACME_KEY: credentials.key } };
    expect(variablesAfter(goal, shape.variables, attachment)).toStrictEqual({ ...wrapped, ACME_KEY: credentials.key });
    expect(variablesAfter(goal, shape.variables)).toHaveProperty('ACME_SECRET');
  });

  it.each([
    ['ACME_ENABLED', 'off', false],
    ['ACME_ENABLED', 'OFF', false],
    ['ACME_ENABLED', '0', false],
    ['ACME_ENABLED', 'on', true],
    ['ACME_ENABLED', '', true],
    ['ACME_SKIP', 'anything', false],
    ['ACME_SKIP', '', false],
  ])('of what disables the agent, %s as "%s" is kept: %s', (name, value, isKept) => {
    expect(Object.hasOwn(variablesAfter(goalOf(), { [name]: value }), name)).toBe(isKept);
  });

  it('keep what disables the agent where the policy wants it or lets the team choose', () => {
    expect(
      variablesAfter(goalOf('node', withSettings({ ACME_ENABLED: 'off' })), { ACME_ENABLED: 'off' }),
    ).toHaveProperty('ACME_ENABLED', 'off');
    expect(variablesAfter(goalOf('node', withSettings({}, ['ACME_ENABLED'])), { ACME_ENABLED: 'off' })).toHaveProperty(
      'ACME_ENABLED',
      'off',
    );
  });

  it('have what the team chose, where it may, else what the policy says', () => {
    const goal = goalOf('node', withSettings({ ACME_LEVEL: 'low' }, ['ACME_LEVEL']));
    expect(variablesAfter(goal, {})).toHaveProperty('ACME_LEVEL', 'low');
    expect(variablesAfter(goal, { ACME_LEVEL: 'high', ACME_MODE: 'watch' })).toMatchObject({
      ACME_LEVEL: 'high',
      ACME_MODE: 'block',
    });
  });

  it('take what we put there before the team could choose for no choice of theirs', () => {
    const { shape, attachment } = attached(shapeOf(), goalOf('node', withSettings({ ACME_LEVEL: 'low' })));
    const goal = goalOf('node', withSettings({ ACME_LEVEL: 'high' }, ['ACME_LEVEL']));
    expect(variablesAfter(goal, shape.variables, attachment)).toHaveProperty('ACME_LEVEL', 'high');
    expect(variablesAfter(goal, { ...shape.variables, ACME_LEVEL: 'off' }, attachment)).toHaveProperty(
      'ACME_LEVEL',
      'off',
    );
    const off = attached(shapeOf({ variables: { ACME_ENABLED: 'off' } }));
    expect(off.shape.variables).not.toHaveProperty('ACME_ENABLED');
    const free = goalOf('node', withSettings({ ACME_ENABLED: 'on' }, ['ACME_ENABLED']));
    expect(variablesAfter(free, off.shape.variables, off.attachment)).toHaveProperty('ACME_ENABLED', 'off');
    const had = attached(
      shapeOf({ variables: { ACME_LEVEL: 'own' } }),
      goalOf('node', withSettings({ ACME_LEVEL: 'low' })),
    );
    expect(variablesAfter(goal, had.shape.variables, had.attachment)).toHaveProperty('ACME_LEVEL', 'own');
  });
});

describe('a function that another agent was attached to', () => {
  it('is first as it was without that', () => {
    const { shape, attachment } = attached(shapeOf({ variables: { ACME_MODE: 'own' } }));
    const goal = goalOfAgent({ name: 'other-guard', layerAccount: '999988887777' });
    const other = {
      ...goal,
      layerArn: layer('acme-node', 1, '999988887777'),
      variables: { ACME_TAG: 'x' },
      secrets: {},
    };
    const target = targetFor(other, shape, attachment).shape;
    expect(target).toStrictEqual({
      handler: 'index.handler',
      layers: [other.layerArn],
      variables: { ACME_MODE: 'own', ACME_TAG: 'x' },
    });
    expect(attachmentFor(other, target, shape, attachment)).toStrictEqual({
      agent: 'other-guard',
      variant: 'node',
      group: 'default',
      applied: {
        layerArn: other.layerArn,
        handler: 'index.handler',
        variables: { ACME_TAG: 'x' },
        secretVariables: [],
      },
      before: { handler: 'index.handler', layers: [], variables: {} },
    });
  });
});

describe('a function that another agent was attached to, over the team’s own layer of that', () => {
  it('has that layer back as one of the team’s', () => {
    const own = layer('acme-node', 1);
    const { shape, attachment } = attached(shapeOf({ layers: [own] }));
    const goal = goalOfAgent({ name: 'other-guard', layerAccount: '999988887777' });
    const layerArn = layer('acme-node', 1, '999988887777');
    const layerSource = { ...goal.layerSource, accountId: '999988887777' };
    expect(targetFor({ ...goal, layerArn, layerSource }, shape, attachment).shape.layers).toStrictEqual([
      own,
      layerArn,
    ]);
  });
});

describe('what the record knows of what was put on', () => {
  it('is what is ours, and what the team had in its places', () => {
    const current = shapeOf({
      layers: [team(1), layer('acme-node', 1), team(2), layer('acme-python', 1)],
      variables: { STAGE: 'prod', ACME_MODE: 'watch', ACME_SKIP: 'all', ACME_KEY: 'own' },
    });
    expect(attached(current).attachment).toStrictEqual({
      agent: 'acme-guard',
      variant: 'node',
      group: 'default',
      applied: {
        layerArn: ours,
        handler: 'index.handler',
        variables: wrapped,
        secretVariables: ['ACME_KEY', 'ACME_SECRET'],
      },
      before: {
        handler: 'index.handler',
        layers: [
          { arn: layer('acme-node', 1), ahead: 1 },
          { arn: layer('acme-python', 1), ahead: 2 },
        ],
        variables: { ACME_MODE: 'watch', ACME_SKIP: 'all' },
      },
    });
  });

  it('is the variable that keeps the Handler, where that is redirected', () => {
    const { attachment } = attached(shapeOf({ handler: 'app.handler' }), goalOf('python'));
    expect(attachment).toStrictEqual({
      agent: 'acme-guard',
      variant: 'python',
      group: 'default',
      applied: {
        layerArn: layer('acme-python', 2),
        handler: 'acme.handler',
        handlerVariable: 'ACME_HANDLER',
        variables: { ACME_HANDLER: 'app.handler', ...redirected },
        secretVariables: ['ACME_KEY', 'ACME_SECRET'],
      },
      before: { handler: 'app.handler', layers: [], variables: {} },
    });
  });

  it('has no Handler where there is none', () => {
    const { applied, before } = attached(shapeOf({ handler: undefined })).attachment;
    expect(applied).not.toHaveProperty('handler');
    expect(before).not.toHaveProperty('handler');
  });

  it('does not claim what the team chose by right', () => {
    const goal = goalOf('node', withSettings({ ACME_LEVEL: 'low' }, ['ACME_LEVEL']));
    expect(attached(shapeOf({ variables: { ACME_LEVEL: 'high' } }), goal).attachment).toMatchObject({
      applied: { variables: wrapped },
      before: { variables: {} },
    });
    expect(
      attached(shapeOf({ variables: { ACME_LEVEL: 'high' } }), goal).attachment.applied.variables,
    ).not.toHaveProperty('ACME_LEVEL');
  });

  it('claims credentials that it put, not those that the team had put itself', () => {
    const { attachment } = attached(shapeOf({ variables: { ACME_KEY: credentials.key } }));
    expect(attachment.applied.secretVariables).toStrictEqual(['ACME_SECRET']);
    const { shape, attachment: first } = attached(shapeOf());
    expect(attached(shape, goalOf(), first).attachment.applied.secretVariables).toStrictEqual([
      'ACME_KEY',
      'ACME_SECRET',
    ]);
  });

  it('never holds a value of a sensitive setting', () => {
    const goal = goalOf('node', withSettings({ ACME_PROXY_PASSWORD: 'planted' }));
    const { attachment } = attached(shapeOf({ variables: { ACME_PROXY_PASSWORD: 'own-password' } }), goal);
    expect(JSON.stringify(attachment)).not.toMatch(/planted|own-password/);
  });

  it('says that it was made anew for as long as that holds', () => {
    const { shape, attachment } = attached(shapeOf());
    const rebuilt = changed(attachment, { isRebuilt: true });
    expect(attached(shape, goalOf(), rebuilt).attachment.isRebuilt).toBe(true);
    expect(attached(shape, goalOf(), attachment).attachment).not.toHaveProperty('isRebuilt');
    expect(attached(shape, goalOf(), changed(rebuilt, { agent: 'other' })).attachment).not.toHaveProperty('isRebuilt');
  });
});

describe('what the team had before', () => {
  const had = shapeOf({ handler: 'app.handler', layers: [team(1)], variables: { ACME_MODE: 'watch' } });
  const again = (goal: Goal, change: (shape: Shape) => Shape) => {
    const first = attached(had, goal);
    return attached(change(first.shape), goal, first.attachment).attachment.before;
  };
  const setting =
    (variables: Variables) =>
    (shape: Shape): Shape => ({ ...shape, variables: { ...shape.variables, ...variables } });

  it('stays what it was where the team left all as it is', () => {
    for (const variant of ['node', 'python'])
      expect(again(goalOf(variant), (shape) => shape)).toStrictEqual({
        handler: 'app.handler',
        layers: [],
        variables: { ACME_MODE: 'watch' },
      });
  });

  it('is the team’s later value where that changed a variable of ours', () => {
    expect(again(goalOf(), setting({ ACME_MODE: 'later' })).variables).toStrictEqual({ ACME_MODE: 'later' });
    expect(again(goalOf(), setting({ ACME_URL: 'https://own.example.com/' })).variables).toStrictEqual({
      ACME_MODE: 'watch',
      ACME_URL: 'https://own.example.com/',
    });
  });

  it('is nothing where the team took a variable of ours off', () => {
    const off = again(goalOf(), (shape) => {
      const { ACME_MODE: _, ...variables } = shape.variables;
      return { ...shape, variables };
    });
    expect(off.variables).toStrictEqual({});
  });

  it('is no value of the variable that keeps the Handler', () => {
    expect(again(goalOf('python'), setting({ ACME_HANDLER: 'app.elsewhere' })).variables).toStrictEqual({
      ACME_MODE: 'watch',
    });
  });

  it('is no value of that variable once the function moved to a variant that redirects nothing', () => {
    const first = attached(had, goalOf('python'));
    const moved = setting({ ACME_HANDLER: 'app.elsewhere' })(first.shape);
    expect(attached(moved, goalOf(), first.attachment).attachment.before.variables).toStrictEqual({
      ACME_MODE: 'watch',
    });
  });

  it('stays what it was where we left a value that is no longer wanted', () => {
    const first = attached(had);
    const newer = goalOf('node', withSettings({ ACME_MODE: 'strict' }));
    expect(attached(first.shape, newer, first.attachment).attachment.before.variables).toStrictEqual({
      ACME_MODE: 'watch',
    });
  });

  it('is not told by a value that is as we want it now, though the record is older', () => {
    const first = attached(had);
    const newer = goalOf('node', withSettings({ ACME_MODE: 'strict' }));
    const shape = setting({ ACME_MODE: 'strict' })(first.shape);
    expect(attached(shape, newer, first.attachment).attachment.before.variables).toStrictEqual({ ACME_MODE: 'watch' });
  });

  it('is the team’s new Handler where that deployed one', () => {
    for (const variant of ['node', 'python'])
      expect(again(goalOf(variant), (shape) => ({ ...shape, handler: 'app.new' })).handler).toBe('app.new');
  });

  it('is the Handler that the record knows, where the function is redirected by a look that the record missed', () => {
    const first = attached(had);
    const shape = { ...first.shape, handler: 'acme.handler' };
    expect(attached(shape, goalOf('python'), first.attachment).attachment.before.handler).toBe('app.handler');
    expect(attached(shape, goalOf('python')).attachment.before.handler).toBe('acme.handler');
  });

  it('is the Handler that the record knows, where an earlier file of the agent redirected the function', () => {
    const first = attached(had, goalOf('python'));
    const former = changed(first.attachment, { applied: { handler: 'old.handler' } });
    const shape = { ...first.shape, handler: 'old.handler' };
    for (const variant of ['node', 'python'])
      expect(attached(shape, goalOf(variant), former).attachment.before.handler).toBe('app.handler');
  });

  it('is the Handler that the agent was last pointed to, whatever the function is moved to', () => {
    const first = attached(had, goalOf('python'));
    const shape = setting({ ACME_HANDLER: 'app.pointed' })(first.shape);
    for (const variant of ['node', 'python'])
      expect(attached(shape, goalOf(variant), first.attachment).attachment.before.handler).toBe('app.pointed');
  });

  it('is no Handler where there is none any more', () => {
    const first = attached(had);
    const none = attached({ ...first.shape, handler: undefined }, goalOf(), first.attachment);
    expect(none.attachment.before).not.toHaveProperty('handler');
  });

  it('is the layers that the record knows, where ours alone is there', () => {
    const own = shapeOf({ layers: [layer('acme-node', 1), team(1)] });
    const first = attached(own);
    const known = [{ arn: layer('acme-node', 1), ahead: 0 }];
    expect(first.attachment.before.layers).toStrictEqual(known);
    expect(attached(first.shape, goalOf(), first.attachment).attachment.before.layers).toStrictEqual(known);
    const newer = { ...goalOf(), layerArn: layer('acme-node', 4) };
    expect(attached(first.shape, newer, first.attachment).attachment.before.layers).toStrictEqual(known);
    const shape = { ...first.shape, layers: [layer('acme-node', 4), team(1)] };
    expect(attached(shape, newer, first.attachment).attachment.before.layers).toStrictEqual(known);
  });

  it('is the layers of the agent’s that the team put there since', () => {
    const first = attached(shapeOf({ layers: [team(1)] }));
    const layersSince = (layers: readonly string[]) =>
      attached({ ...first.shape, layers }, goalOf(), first.attachment).attachment.before.layers;
    expect(layersSince([team(1), layer('acme-node', 9)])).toStrictEqual([{ arn: layer('acme-node', 9), ahead: 1 }]);
    expect(layersSince([layer('acme-node', 9), team(1), ours])).toStrictEqual([
      { arn: layer('acme-node', 9), ahead: 0 },
      { arn: ours, ahead: 1 },
    ]);
    expect(layersSince([ours, team(1), layer('acme-node', 9)])).toStrictEqual([
      { arn: ours, ahead: 0 },
      { arn: layer('acme-node', 9), ahead: 1 },
    ]);
    expect(layersSince([team(1)])).toStrictEqual([]);
    expect(attached(first.shape).attachment.before.layers).toStrictEqual([{ arn: ours, ahead: 1 }]);
  });
});

describe('a record that is made anew', () => {
  it('names what leads to the agent on a function, and the credentials', () => {
    const { shape } = attached(shapeOf({ layers: [team(1)] }));
    expect(rebuildAttachment(goalOf(), shape)).toStrictEqual({
      agent: 'acme-guard',
      variant: 'node',
      group: 'default',
      isRebuilt: true,
      applied: {
        layerArn: ours,
        handler: 'index.handler',
        variables: { AWS_LAMBDA_EXEC_WRAPPER: start },
        secretVariables: ['ACME_KEY', 'ACME_SECRET'],
      },
      before: { handler: 'index.handler', layers: [], variables: {} },
    });
  });

  it('knows the Handler of the team from the variable that keeps it', () => {
    const { shape } = attached(shapeOf({ handler: 'app.handler' }), goalOf('python'));
    expect(rebuildAttachment(goalOf('python'), shape)).toMatchObject({
      applied: { handler: 'acme.handler', handlerVariable: 'ACME_HANDLER', variables: { ACME_HANDLER: 'app.handler' } },
      before: { handler: 'app.handler' },
    });
    const lost = rebuildAttachment(goalOf('python'), { ...shape, variables: {} });
    expect(lost.before).not.toHaveProperty('handler');
  });

  it('names the layer of the agent that is there, else the one that should be', () => {
    const layerOf = (layers: readonly string[]) => rebuildAttachment(goalOf(), shapeOf({ layers })).applied.layerArn;
    expect(layerOf([team(1), layer('acme-node', 1)])).toBe(layer('acme-node', 1));
    expect(layerOf([team(1)])).toBe(ours);
  });

  it('has no Handler where there is none', () => {
    const { applied, before } = rebuildAttachment(goalOf(), shapeOf({ handler: undefined }));
    expect(applied).not.toHaveProperty('handler');
    expect(before).not.toHaveProperty('handler');
  });
});
