import { describe, expect, it } from 'vitest';
import {
  type Attachment,
  isGoneFrom,
  isSeenIn,
  rebuiltDetail,
  type Shape,
  shapeOf,
} from '../../../src/domain/attachment.ts';
import { snapshotOf } from '../../fixtures/snapshot.ts';

describe('the shape of a function', () => {
  it('is its Handler, its layers and its variables, and nothing else', () => {
    const snapshot = snapshotOf({ handler: 'app.handler', layers: ['a:1'], variables: { STAGE: 'prod' } });
    expect(shapeOf(snapshot)).toStrictEqual({
      handler: 'app.handler',
      layers: ['a:1'],
      variables: { STAGE: 'prod' },
    });
  });

  it('has no variables where AWS did not show them', () => {
    const environment = { readable: false, errorCode: 'AccessDenied' } as const;
    expect(shapeOf(snapshotOf({ environment })).variables).toStrictEqual({});
  });
});

describe('what an update brought to a function', () => {
  const brought: Attachment = {
    agent: 'acme-guard',
    variant: 'python',
    group: 'default',
    applied: {
      layerArn: 'ours:3',
      handler: 'acme.handler',
      handlerVariable: 'ACME_HANDLER',
      variables: { ACME_HANDLER: 'app.handler', ACME_MODE: 'block' },
      secretVariables: ['ACME_KEY'],
    },
    before: { handler: 'app.handler', layers: [], variables: { ACME_MODE: 'watch' } },
  };
  const bare: Shape = { handler: 'app.handler', layers: ['team:1'], variables: { ACME_MODE: 'watch', STAGE: 'prod' } };

  it.each<[string, Partial<Shape>]>([
    ['its layer', { layers: ['team:1', 'ours:3'] }],
    ['its Handler', { handler: 'acme.handler' }],
    ['its variable', { variables: { ...bare.variables, ACME_HANDLER: 'app.handler' } }],
    ['its value of a variable', { variables: { ACME_MODE: 'block' } }],
  ])('is seen in %s, and not gone while that is there', (_, changes) => {
    expect(isSeenIn({ ...bare, ...changes }, brought)).toBe(true);
    expect(isGoneFrom({ ...bare, ...changes }, brought)).toBe(false);
  });

  it('is its layer, also where the team had other layers of the agent’s', () => {
    const had = { ...brought, before: { ...brought.before, layers: [{ arn: 'ours:1', ahead: 0 }] } };
    expect(isSeenIn({ ...bare, layers: ['ours:3'] }, had)).toBe(true);
    expect(isSeenIn({ ...bare, layers: ['ours:1'] }, had)).toBe(false);
  });

  it('is gone where none of it is there', () => {
    expect(isSeenIn(bare, brought)).toBe(false);
    expect(isGoneFrom(bare, brought)).toBe(true);
    const others = { handler: 'app.new', layers: ['ours:4'], variables: { ACME_MODE: 'strict', ACME_HANDLER: 'x' } };
    expect(isSeenIn(others, brought)).toBe(false);
    expect(isGoneFrom(others, brought)).toBe(true);
  });

  it('is not gone while a credential is there, which does not show it', () => {
    const current = { ...bare, variables: { ...bare.variables, ACME_KEY: 'planted-key' } };
    expect(isSeenIn(current, brought)).toBe(false);
    expect(isGoneFrom(current, brought)).toBe(false);
    const two = { ...brought, applied: { ...brought.applied, secretVariables: ['ACME_SECRET', 'ACME_KEY'] } };
    expect(isGoneFrom(current, two)).toBe(false);
  });

  it('is nothing that the team had itself', () => {
    const { applied } = brought;
    const all: Attachment = {
      ...brought,
      before: {
        handler: 'acme.handler',
        layers: [
          { arn: 'theirs:1', ahead: 0 },
          { arn: 'ours:3', ahead: 1 },
        ],
        variables: applied.variables,
      },
    };
    const whole = { handler: 'acme.handler', layers: ['ours:3'], variables: applied.variables };
    expect(isSeenIn(whole, all)).toBe(false);
    expect(isGoneFrom(whole, all)).toBe(false);
    expect(isGoneFrom(bare, all)).toBe(false);
  });
});

describe('a record that was made anew', () => {
  it('is spoken of in words that say what can’t be given back', () => {
    expect(rebuiltDetail).toBe(
      'its record was lost and made anew: what the team had in the agent’s places before is not given back, but for the Handler',
    );
  });
});
