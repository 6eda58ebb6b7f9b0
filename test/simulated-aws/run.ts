import { AsyncLocalStorage } from 'node:async_hooks';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { Aws } from './aws.ts';
import type { Environment } from './environment.ts';

/** One invocation of a function of ours. It may be ended between any two calls; nothing is heard of it then. */
export interface Run {
  readonly name: string;
  readonly aws: Aws;
  readonly environment: Environment;
  readonly startedAt: number;
  /** When it ended, one way or the other. */
  readonly endedAt: () => number;
  readonly isAlive: () => boolean;
  /** What made it look at a function: the event's id, mostly. */
  causeOf(subject: string): string;
  /** Waits; for ever, where it ends meanwhile. */
  pause(ms: number): Promise<void>;
  /** Ends it here, if this is where it is to end. */
  beforeCall(): Promise<void>;
  /** Notes that one of its calls went wrong. */
  trouble(): void;
  /** When something went wrong in it last; -1 if never. */
  readonly troubledAt: () => number;
  /** Ends it from outside. */
  kill(): void;
  readonly wasKilled: () => boolean;
  /** Milliseconds until its time is up. */
  readonly remaining: () => number;
}

const storage = new AsyncLocalStorage<Run>();

/** The run that is calling. @throws Error outside of any. */
export function currentRun(): Run {
  const run = storage.getStore();
  if (!run) throw new Error('AWS is called outside of any run');
  return run;
}

/** How a run came to its end. */
export type Ending<T> = { readonly value: T } | { readonly error: unknown } | { readonly killed: true };

/** What a run is started with. */
export interface RunOptions {
  readonly name: string;
  readonly aws: Aws;
  readonly environment: Environment;
  readonly causeOf?: (subject: string) => string;
  /** When Lambda ends it. */
  readonly timeoutMs: number;
  /** The call before which it is killed, counted from 1. */
  readonly killedAtCall: number | undefined;
}

/** Starts a run in an environment; `over` hears how it ended. */
export function startRun<T>(
  scheduler: Scheduler,
  { name, aws, environment, causeOf = () => name, timeoutMs, killedAtCall }: RunOptions,
  work: (run: Run) => Promise<T>,
  over: (ending: Ending<T>, run: Run) => void,
): void {
  const startedAt = scheduler.now();
  let endedAt = Number.POSITIVE_INFINITY;
  let troubledAt = -1;
  let calls = 0;
  let wasKilled = false;
  const end = (ending: Ending<T>) => {
    if (endedAt < Number.POSITIVE_INFINITY) return;
    endedAt = scheduler.now();
    stopTimer();
    over(ending, run);
  };
  const never = new Promise<void>(() => {});
  const run: Run = {
    name,
    aws,
    environment,
    startedAt,
    endedAt: () => endedAt,
    isAlive: () => endedAt === Number.POSITIVE_INFINITY,
    causeOf,
    pause: (ms) => new Promise((resolve) => scheduler.after(ms, () => run.isAlive() && resolve())),
    async beforeCall() {
      if (++calls === killedAtCall) run.kill();
      if (!run.isAlive()) await never;
    },
    trouble() {
      troubledAt = scheduler.now();
    },
    troubledAt: () => troubledAt,
    kill() {
      wasKilled ||= run.isAlive();
      end({ killed: true });
    },
    wasKilled: () => wasKilled,
    remaining: () => startedAt + timeoutMs - scheduler.now(),
  };
  const stopTimer = scheduler.after(timeoutMs, run.kill);
  storage
    .run(run, () => work(run))
    .then(
      (value) => end({ value }),
      (error: unknown) => end({ error }),
    );
}
