import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../src/domain/attachment.ts';
import { isEmpty, updateBetween } from '../../../src/domain/decision.ts';

const current: Shape = { handler: 'index.handler', layers: ['a:1', 'b:1'], variables: { STAGE: 'prod', TZ: 'UTC' } };
const updateTo = (target: Partial<Shape>) => updateBetween(current, { ...current, ...target });

describe('an update', () => {
  it('is empty between shapes that are the same, whatever the order of their variables', () => {
    const update = updateTo({ layers: ['a:1', 'b:1'], variables: { TZ: 'UTC', STAGE: 'prod' } });
    expect(update).toStrictEqual({});
    expect(isEmpty(update)).toBe(true);
  });

  it('holds the Handler only where that is another', () => {
    const update = updateTo({ handler: 'index.other' });
    expect(update).toStrictEqual({ Handler: 'index.other' });
    expect(isEmpty(update)).toBe(false);
  });

  it('leaves the Handler alone where none is asked for', () => {
    expect(updateTo({ handler: undefined })).toStrictEqual({});
  });

  it.each([
    ['one more', ['a:1', 'b:1', 'c:1']],
    ['one less', ['a:1']],
    ['none', []],
    ['another order', ['b:1', 'a:1']],
    ['another version', ['a:1', 'b:2']],
  ])('holds all layers where there is %s', (_, layers) => {
    expect(updateTo({ layers })).toStrictEqual({ Layers: layers });
  });

  it.each([
    ['one more', { STAGE: 'prod', TZ: 'UTC', MORE: '' }],
    ['one less', { STAGE: 'prod' }],
    ['none', {}],
    ['another value', { STAGE: 'test', TZ: 'UTC' }],
  ])('holds all variables where there is %s', (_, variables) => {
    expect(updateTo({ variables })).toStrictEqual({ Environment: { Variables: variables } });
  });

  it('holds everything that differs at once', () => {
    expect(updateTo({ handler: 'index.other', layers: [], variables: {} })).toStrictEqual({
      Handler: 'index.other',
      Layers: [],
      Environment: { Variables: {} },
    });
  });
});
