/** Every AWS call that reached the endpoint, in order, so that tests can count calls on the wire. */

/** Who made a call: the deployed Layerward function with this name, or anybody else. */
export type CallerKind = 'function' | 'user';

/** One call of an AWS API. */
export interface LoggedCall {
  /** Counts from 1; a reset does not start it over. */
  readonly sequence: number;
  readonly time: string;
  readonly service: string;
  readonly action: string;
  readonly region: string;
  readonly account: string;
  readonly method: string;
  readonly path: string;
  readonly caller: {
    readonly kind: CallerKind;
    readonly accessKeyId: string;
    readonly arn: string;
    /** Set for `function` only. */
    readonly functionName?: string;
  };
  readonly userAgent: string;
  readonly inFlight: boolean;
  /** HTTP status; absent while in flight, and where the connection was lost. */
  readonly status?: number;
  /** AWS's error code, if the call was refused. */
  readonly errorCode?: string;
  readonly durationMilliseconds?: number;
}

/** What is known when a call arrives. */
export type ArrivingCall = Omit<LoggedCall, 'sequence' | 'inFlight' | 'status' | 'errorCode' | 'durationMilliseconds'>;

/** The calls seen so far. */
export interface CallLog {
  /** Notes an arriving call; the returned function notes its end. */
  begin(call: ArrivingCall): (outcome: { readonly status?: number; readonly errorCode?: string }) => void;
  list(): readonly LoggedCall[];
  reset(): void;
}

/** A call log that keeps the last `capacity` calls. */
export function createCallLog(capacity = 100_000): CallLog {
  let calls = new Map<number, LoggedCall>();
  let sequence = 0;
  return {
    begin: (call) => {
      const number = ++sequence;
      const began = performance.now();
      const log = calls;
      const entry: LoggedCall = { sequence: number, ...call, inFlight: true };
      log.set(number, entry);
      if (log.size > capacity) {
        const [oldest] = log.keys();
        log.delete(oldest ?? 0);
      }
      return (outcome) => {
        const durationMilliseconds = Math.round((performance.now() - began) * 10) / 10;
        log.set(number, { ...entry, ...outcome, inFlight: false, durationMilliseconds });
      };
    },
    list: () => [...calls.values()],
    reset: () => {
      calls = new Map();
    },
  };
}
