/** An error of a state, by the name that `Retry` and `Catch` match, and its cause in words. */
export class StatesError extends Error {
  override readonly name = 'StatesError';
  /** `States.Runtime`, `Lambda.ServiceException`, a function's own error type, … */
  readonly error: string;

  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}

/** The execution was stopped while this went on. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
