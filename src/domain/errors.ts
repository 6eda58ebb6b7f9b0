/**
 * The base of every error that Layerward raises on purpose. `retryable` tells passing troubles, which go back to the
 * queue, from permanent ones, which end in the dead-letter queue with these words.
 */
export abstract class LayerwardError extends Error {
  /** Stable code, for logs and documentation. */
  abstract readonly code: string;
  abstract readonly retryable: boolean;
}

/** What came in is not what it should be: an event, a document, a setting. Trying again gives the same. */
export class InvalidInput extends LayerwardError {
  override readonly name = 'InvalidInput';
  readonly code = 'invalid-input';
  readonly retryable = false;
}

/** The policy can't be had or can't be used, so nothing is decided about anything. */
export class PolicyUnusable extends LayerwardError {
  override readonly name = 'PolicyUnusable';
  readonly code = 'policy-unusable';
  readonly retryable = true;
}

/** Nobody has noted yet where an account is in the organization; a new account is found within a quarter of an hour. */
export class AccountUnknown extends LayerwardError {
  override readonly name = 'AccountUnknown';
  readonly code = 'account-unknown';
  readonly retryable = true;
}

/** AWS does not do it for now. */
export abstract class Deferred extends LayerwardError {
  readonly retryable = true;
  /** Whether it was asked once only, so that nothing was done for certain: an attempt before may have had its effect unanswered. */
  readonly hadNoEffect: boolean;

  constructor(message: string, options: { cause?: unknown; hadNoEffect?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.hadNoEffect = options.hadNoEffect === true;
  }
}

/** AWS answers slower than we ask: `TooManyRequestsException` and the like. */
export class Throttled extends Deferred {
  override readonly name = 'Throttled';
  readonly code = 'throttled';
  /** AWS's `Retry-After`, in seconds, where it gave one. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    options: { cause?: unknown; hadNoEffect?: boolean; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(message, options);
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Another operation on the function is going on: `ResourceConflictException`. */
export class FunctionBusy extends Deferred {
  override readonly name = 'FunctionBusy';
  readonly code = 'function-busy';
}

/** The function changed since it was read: `PreconditionFailedException`. */
export class RevisionChanged extends Deferred {
  override readonly name = 'RevisionChanged';
  readonly code = 'revision-changed';
}

/** The record changed since it was read: somebody else looks at the same function. */
export class RecordChanged extends LayerwardError {
  override readonly name = 'RecordChanged';
  readonly code = 'record-changed';
  readonly retryable = true;
}

/** A service did not answer, or answered with an error of its own. */
export class ServiceUnavailable extends LayerwardError {
  override readonly name = 'ServiceUnavailable';
  readonly code = 'service-unavailable';
  readonly retryable = true;
}

/** AWS does not let us do what we are here to do; somebody has to grant it. */
export class AccessDenied extends LayerwardError {
  override readonly name = 'AccessDenied';
  readonly code = 'access-denied';
  readonly retryable = false;
}

/** A function was looked at again and again, and is no further. */
export class StillWaiting extends LayerwardError {
  override readonly name = 'StillWaiting';
  readonly code = 'still-waiting';
  readonly retryable = false;
}
