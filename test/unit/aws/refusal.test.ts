import { describe, expect, it } from 'vitest';
import { readRefusal, toLayerwardError } from '../../../src/aws/refusal.ts';
import * as errors from '../../../src/domain/errors.ts';
import { Deferred, LayerwardError, Throttled } from '../../../src/domain/errors.ts';

/** An error as the SDK throws it. */
function sdkError(name: string, status?: number, retryAfter?: string): Error {
  return Object.assign(new Error('AWS’s own words'), {
    name,
    ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }),
    ...(retryAfter === undefined ? {} : { $response: { headers: { 'retry-after': retryAfter } } }),
  });
}

describe('an error of AWS', () => {
  it.each([
    ['TooManyRequestsException', 429, 'Throttled', true],
    ['ThrottlingException', 400, 'Throttled', true],
    ['Throttling', 400, 'Throttled', true],
    ['ThrottledException', 400, 'Throttled', true],
    ['RequestLimitExceeded', 400, 'Throttled', true],
    ['ProvisionedThroughputExceededException', 400, 'Throttled', true],
    ['RequestThrottled', 403, 'Throttled', true],
    ['SomethingNew', 429, 'Throttled', true],
    ['ResourceConflictException', 409, 'FunctionBusy', true],
    ['PreconditionFailedException', 412, 'RevisionChanged', true],
    ['AccessDeniedException', 403, 'AccessDenied', false],
    ['AccessDenied', 403, 'AccessDenied', false],
    ['AuthorizationErrorException', 403, 'AccessDenied', false],
    ['UnrecognizedClientException', 403, 'AccessDenied', false],
    ['ExpiredTokenException', 403, 'AccessDenied', false],
    ['KMSAccessDeniedException', 400, 'AccessDenied', false],
    ['ServiceException', 500, 'ServiceUnavailable', true],
    ['InternalFailure', 503, 'ServiceUnavailable', true],
    ['TimeoutError', undefined, 'ServiceUnavailable', true],
    ['ECONNREFUSED', undefined, 'ServiceUnavailable', true],
    ['ValidationException', 400, 'InvalidInput', false],
    ['InvalidParameterValueException', 400, 'InvalidInput', false],
    ['ResourceNotFoundException', 404, 'InvalidInput', false],
  ])('%s (%s) is %s; it passes: %s', (name, status, expected, retryable) => {
    const cause = sdkError(name, status);
    const error = toLayerwardError(cause, 'reading function orders');
    expect(error).toMatchObject({ name: expected, retryable, cause });
    expect(error.message).toContain(`reading function orders failed: ${name}: AWS’s own words`);
  });

  it.each([
    ['3', 3],
    ['0.5', 0.5],
    [undefined, undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  ])('with Retry-After %s asks for a pause of %s', (header, seconds) => {
    const error = toLayerwardError(sdkError('TooManyRequestsException', 429, header), 'reading');
    expect(error instanceof Throttled && error.retryAfterSeconds).toBe(seconds);
  });

  it.each([
    ['TooManyRequestsException', 429],
    ['ResourceConflictException', 409],
    ['PreconditionFailedException', 412],
  ])('%s says for certain that nothing was done only where the SDK tried once', (name, httpStatusCode) => {
    for (const [attempts, hadNoEffect] of [
      [1, true],
      [2, false],
      [undefined, false],
    ]) {
      const cause = Object.assign(sdkError(name), { $metadata: { httpStatusCode, attempts } });
      expect(toLayerwardError(cause, 'updating function orders')).toMatchObject({ hadNoEffect });
    }
  });

  it('may be something that is no error', () => {
    expect(readRefusal('out of order')).toMatchObject({ name: 'Unknown', message: 'out of order' });
    expect(toLayerwardError(undefined, 'reading')).toMatchObject({ name: 'ServiceUnavailable' });
  });
});

describe('an error of ours', () => {
  const classes = Object.entries(errors).filter(([name]) => name !== LayerwardError.name && name !== Deferred.name);

  it.each(classes)('passes through as it is: %s', (_, Class) => {
    const error = Reflect.construct(Class, ['our own words', { cause: 'a cause' }]);
    expect(error).toBeInstanceOf(LayerwardError);
    expect(toLayerwardError(error, 'reading function orders')).toBe(error);
    expect(error).toMatchObject({ message: 'our own words', cause: 'a cause' });
  });

  it('keeps how long to pause', () => {
    const error = new Throttled('our own words', { retryAfterSeconds: 3 });
    expect(toLayerwardError(error, 'reading')).toMatchObject({ retryAfterSeconds: 3 });
  });
});
