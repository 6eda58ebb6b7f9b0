import { describe, expect, it } from 'vitest';
import * as errors from '../../../src/domain/errors.ts';

describe('an error', () => {
  it.each([
    [errors.InvalidInput, 'InvalidInput', 'invalid-input', false],
    [errors.PolicyUnusable, 'PolicyUnusable', 'policy-unusable', true],
    [errors.AccountUnknown, 'AccountUnknown', 'account-unknown', true],
    [errors.Throttled, 'Throttled', 'throttled', true],
    [errors.FunctionBusy, 'FunctionBusy', 'function-busy', true],
    [errors.RevisionChanged, 'RevisionChanged', 'revision-changed', true],
    [errors.RecordChanged, 'RecordChanged', 'record-changed', true],
    [errors.ServiceUnavailable, 'ServiceUnavailable', 'service-unavailable', true],
    [errors.AccessDenied, 'AccessDenied', 'access-denied', false],
    [errors.StillWaiting, 'StillWaiting', 'still-waiting', false],
  ])('%o is logged as %s with the code %s, and tried again: %s', (type, name, code, retryable) => {
    const cause = new Error('what AWS said');
    const error = new type('the words', { cause });
    expect(error).toBeInstanceOf(errors.LayerwardError);
    expect(error).toMatchObject({ name, code, retryable, message: 'the words', cause });
  });

  it.each([errors.Throttled, errors.FunctionBusy, errors.RevisionChanged])(
    'says that nothing was done only where that is certain: %o',
    (type) => {
      expect(new type('not now', { hadNoEffect: true })).toMatchObject({ hadNoEffect: true });
      expect(new type('not now', { hadNoEffect: true })).toBeInstanceOf(errors.Deferred);
      expect(new type('not now')).toMatchObject({ hadNoEffect: false });
    },
  );

  it('of throttling says how long AWS wants us to wait, where AWS says so', () => {
    expect(new errors.Throttled('slow down', { retryAfterSeconds: 7 }).retryAfterSeconds).toBe(7);
    expect(new errors.Throttled('slow down').retryAfterSeconds).toBeUndefined();
  });
});
