/**
 * The call took effect and its answer never arrived. Thrown out of the control plane's `handle` when a `loseAnswer`
 * fault says so; the endpoint destroys the socket instead of answering, so that the client sees what a broken network
 * shows it. The CloudTrail record of the call has been written by then.
 */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** The action that was done, such as `UpdateFunctionConfiguration`. */
  readonly action: string;

  constructor(action: string) {
    super(`The answer to ${action} is lost by a fault of the sandbox; the call itself took effect`);
    this.action = action;
  }
}
