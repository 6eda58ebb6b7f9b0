import { describe, expect, it } from 'vitest';
import type { Variant } from '../../../src/domain/agent.ts';
import type { Shape } from '../../../src/domain/attachment.ts';
import { driftBetween, driftCodes } from '../../../src/domain/drift.ts';
import type { Goal } from '../../../src/domain/goal.ts';
import { acmeGuard } from '../../fixtures/acme-guard.ts';

const layer = (name: string, version: number, account = '777788889999') =>
  `arn:aws:lambda:us-east-1:${account}:layer:${name}:${version}`;
const ours = layer('acme-node', 3);
const team = layer('team', 1, '111122223333');

function variantNamed(name: string): Variant {
  const variant = acmeGuard().variants.find((one) => one.name === name);
  if (!variant) throw new Error(`there is no variant ${name}`);
  return variant;
}

function goalOf(changes: Partial<Goal> = {}): Goal {
  return {
    agent: acmeGuard(),
    variant: variantNamed('node'),
    groupName: 'default',
    layerSource: { accountId: '777788889999', partition: 'aws', regions: ['us-east-1'], versions: {} },
    layerArn: ours,
    variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start', ACME_MODE: 'block' },
    secrets: { ACME_KEY: 'planted-key' },
    teamVariables: [],
    ...changes,
  };
}

const target: Shape = {
  handler: 'index.handler',
  layers: [team, ours],
  variables: { STAGE: 'prod', AWS_LAMBDA_EXEC_WRAPPER: '/opt/acme/start', ACME_MODE: 'block', ACME_KEY: 'planted-key' },
};

/** The drift of a function that differs from its target by this, toward a goal that differs by that. */
const driftOf = (current: Partial<Shape>, goal: Partial<Goal> = {}) =>
  driftBetween({ ...target, ...current }, target, goalOf(goal));
const having = (variables: Readonly<Record<string, string>>) => ({ variables: { ...target.variables, ...variables } });
function without(name: string) {
  const { [name]: _, ...variables } = target.variables;
  return { variables };
}

describe('drift', () => {
  it('is none where a function is as it should be', () => {
    expect(driftOf({})).toEqual([]);
  });

  it('has codes that are stored, and so never renamed', () => {
    expect(driftCodes).toEqual([
      'layer-missing',
      'layer-version',
      'layer-of-other-variant',
      'wrapper-missing',
      'wrapper-stale',
      'handler-not-redirected',
      'handler-stale',
      'variable-missing',
      'variable-changed',
      'credentials-changed',
    ]);
  });

  it('is listed in the order of its codes, whatever the function was changed in first', () => {
    const variables = { STAGE: 'test', ACME_KEY: 'other', ACME_MODE: 'watch', AWS_LAMBDA_EXEC_WRAPPER: '/opt/x' };
    expect(driftOf({ handler: 'app.x', layers: [team], variables }).map(({ code }) => code)).toEqual([
      'layer-missing',
      'wrapper-stale',
      'handler-stale',
      'variable-changed',
      'variable-changed',
      'credentials-changed',
    ]);
  });
});

describe('drift of layers', () => {
  it('is a layer that is missing, whether there are others or not', () => {
    const missing = { code: 'layer-missing', path: 'Layers', expected: ours };
    expect(driftOf({ layers: [team] })).toStrictEqual([missing]);
    expect(driftOf({ layers: [] })).toStrictEqual([missing]);
  });

  it('is another version in its place, wherever that stands', () => {
    const other = layer('acme-node', 2);
    const version = { code: 'layer-version', path: 'Layers', expected: ours, actual: other };
    expect(driftOf({ layers: [team, other] })).toStrictEqual([version]);
    expect(driftOf({ layers: [other, team] })).toStrictEqual([version]);
  });

  it('is the layer of another variant in its place', () => {
    const other = layer('acme-python', 2);
    expect(driftOf({ layers: [other, team] })).toStrictEqual([
      { code: 'layer-of-other-variant', path: 'Layers', expected: ours, actual: other },
    ]);
  });

  it('is the layer of another variant beside it, where nothing is expected', () => {
    const others = [layer('acme-python', 2), layer('acme-go', 1)];
    expect(driftOf({ layers: [...others, team, ours] })).toStrictEqual(
      others.map((actual) => ({ code: 'layer-of-other-variant', path: 'Layers', actual })),
    );
  });

  it('is first of all the other version, where layers of other variants are there too', () => {
    const [python, version, go] = [layer('acme-python', 2), layer('acme-node', 2), layer('acme-go', 1)];
    expect(driftOf({ layers: [python, version, go, team] })).toStrictEqual([
      { code: 'layer-version', path: 'Layers', expected: ours, actual: version },
      { code: 'layer-of-other-variant', path: 'Layers', actual: python },
      { code: 'layer-of-other-variant', path: 'Layers', actual: go },
    ]);
  });

  it('takes what is no ARN of a layer for something else', () => {
    expect(driftOf({ layers: ['acme-node', team] })).toStrictEqual([
      { code: 'layer-of-other-variant', path: 'Layers', expected: ours, actual: 'acme-node' },
    ]);
  });
});

describe('drift of the Handler', () => {
  it('is one that is not redirected, where it should be', () => {
    expect(driftOf({ handler: 'app.x' }, { variant: variantNamed('python') })).toStrictEqual([
      { code: 'handler-not-redirected', path: 'Handler', expected: 'index.handler', actual: 'app.x' },
    ]);
  });

  it('is one that is still redirected, where it should not be', () => {
    expect(driftOf({ handler: 'acme.handler' })).toStrictEqual([
      { code: 'handler-stale', path: 'Handler', expected: 'index.handler', actual: 'acme.handler' },
    ]);
  });

  it('shows no Handler that is not there', () => {
    expect(driftOf({ handler: undefined })).toStrictEqual([
      { code: 'handler-stale', path: 'Handler', expected: 'index.handler' },
    ]);
    const lost = { ...target, handler: undefined };
    expect(driftBetween({ ...target, handler: 'acme.handler' }, lost, goalOf())).toStrictEqual([
      { code: 'handler-stale', path: 'Handler', actual: 'acme.handler' },
    ]);
  });

  it('is a variable of it that is left over', () => {
    expect(driftOf(having({ ACME_HANDLER: 'index.handler' }))).toStrictEqual([
      { code: 'handler-stale', path: 'Environment.Variables.ACME_HANDLER' },
    ]);
  });

  it('is a variable of it that is left over, whichever variant’s', () => {
    const [node, python] = [variantNamed('node'), variantNamed('python')];
    const activation = { type: 'handler-redirect', handler: 'acme.two', originalHandlerVariable: 'ACME_TWO' } as const;
    const agent = { ...acmeGuard(), variants: [node, python, { ...python, activation }] };
    for (const name of ['ACME_HANDLER', 'ACME_TWO'])
      expect(driftOf(having({ [name]: 'index.handler' }), { agent })).toMatchObject([{ code: 'handler-stale' }]);
  });

  it('is a changed variable where it is redirected', () => {
    const redirected = { ...target, variables: { ACME_HANDLER: 'index.handler' } };
    const changed = { ...target, variables: { ACME_HANDLER: 'app.x' } };
    expect(driftBetween(changed, redirected, goalOf({ variant: variantNamed('python') }))).toStrictEqual([
      { code: 'variable-changed', path: 'Environment.Variables.ACME_HANDLER' },
    ]);
  });
});

describe('drift of the wrapper', () => {
  const path = 'Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER';

  it('shows both scripts where it is another one', () => {
    expect(driftOf(having({ AWS_LAMBDA_EXEC_WRAPPER: '/opt/x' }))).toStrictEqual([
      { code: 'wrapper-stale', path, expected: '/opt/acme/start', actual: '/opt/x' },
    ]);
  });

  it('shows what should be there where it is missing', () => {
    expect(driftOf(without('AWS_LAMBDA_EXEC_WRAPPER'))).toStrictEqual([
      { code: 'wrapper-missing', path, expected: '/opt/acme/start' },
    ]);
  });

  it('shows what is there where nothing should be', () => {
    const none = { ...target, ...without('AWS_LAMBDA_EXEC_WRAPPER') };
    expect(driftBetween(target, none, goalOf())).toStrictEqual([
      { code: 'wrapper-stale', path, actual: '/opt/acme/start' },
    ]);
  });
});

describe('drift of variables', () => {
  it('shows what the goal wants, and never what is there', () => {
    expect(driftOf(having({ ACME_MODE: 'pasted-password' }))).toStrictEqual([
      { code: 'variable-changed', path: 'Environment.Variables.ACME_MODE', expected: 'block' },
    ]);
    expect(driftOf(without('ACME_MODE'))).toStrictEqual([
      { code: 'variable-missing', path: 'Environment.Variables.ACME_MODE', expected: 'block' },
    ]);
  });

  it('shows no value that the goal does not name', () => {
    expect(driftOf(having({ STAGE: 'test' }))).toStrictEqual([
      { code: 'variable-changed', path: 'Environment.Variables.STAGE' },
    ]);
    expect(driftOf(having({ ACME_SKIP: 'all' }))).toStrictEqual([
      { code: 'variable-changed', path: 'Environment.Variables.ACME_SKIP' },
    ]);
  });

  it('expects nothing of a variable that should not be there', () => {
    const none = { ...target, ...without('ACME_MODE') };
    expect(driftBetween(target, none, goalOf())).toStrictEqual([
      { code: 'variable-changed', path: 'Environment.Variables.ACME_MODE' },
    ]);
  });

  it('shows nothing of credentials', () => {
    const path = 'Environment.Variables.ACME_KEY';
    expect(driftOf(having({ ACME_KEY: 'other' }))).toStrictEqual([{ code: 'credentials-changed', path }]);
    expect(driftOf(without('ACME_KEY'))).toStrictEqual([{ code: 'variable-missing', path }]);
  });
});
