/** Every AWS call that reached the endpoint, in order, so that tests can count calls on the wire. */

/** Who made a call: a deployed function, also by a session that it has opened, or anybody else. */
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
    /** The deployed function's name; set for `function` only. */
    readonly functionName?: string;
  };
  readonly userAgent: string;
  readonly inFlight: boolean;
  /** HTTP status; absent while in flight, and where the connection was lost. */
  readonly status?: number;
  /** AWS's error code, if the call was refused. */
  readonly errorCode?: string;
  readonly durationMilliseconds?: number;
  /**
   * When it arrived: milliseconds since 1970, with fractions. It never runs backwards, so that calls in flight at the
   * same time, and calls within a second, can be counted.
   */
  readonly startedAtMilliseconds: number;
  /** When it was answered; absent while in flight. */
  readonly endedAtMilliseconds?: number;
}

/** What is known when a call arrives. */
export type ArrivingCall = Omit<
  LoggedCall,
  | 'sequence'
  | 'inFlight'
  | 'status'
  | 'errorCode'
  | 'durationMilliseconds'
  | 'startedAtMilliseconds'
  | 'endedAtMilliseconds'
>;

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
      const startedAtMilliseconds = now();
      const log = calls;
      const entry: LoggedCall = { sequence: number, ...call, inFlight: true, startedAtMilliseconds };
      log.set(number, entry);
      if (log.size > capacity) {
        const [oldest] = log.keys();
        log.delete(oldest ?? 0);
      }
      return (outcome) => {
        const endedAtMilliseconds = now();
        const durationMilliseconds = Math.round((endedAtMilliseconds - startedAtMilliseconds) * 10) / 10;
        log.set(number, { ...entry, ...outcome, inFlight: false, durationMilliseconds, endedAtMilliseconds });
      };
    },
    list: () => [...calls.values()],
    reset: () => {
      calls = new Map();
    },
  };
}

// The machine's clock may be set back; this one goes on.
function now(): number {
  return performance.timeOrigin + performance.now();
}
