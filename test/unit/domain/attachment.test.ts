import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../../src/domain/attachment.ts';
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
