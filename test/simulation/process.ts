import { ServiceUnavailable } from '../../src/domain/errors.ts';
import type { Random } from '../../src/sandbox/random.ts';
import type { Scheduler } from './scheduler.ts';

/** What may go wrong between a process and what it calls. */
export interface Weather {
  /** The probability that a call fails before it takes effect. */
  failing: number;
  /** The probability that a call takes effect, and its answer is lost. */
  losingAnswers: number;
  /** Services that don't answer at all for now. */
  readonly down: Set<string>;
  /** How many calls have failed, or lost their answer. */
  failures: number;
}

/** One run of a function: it calls what is outside, and may be killed between any two calls. */
export interface Process {
  /** Calls something: the request travels, takes effect at once, and the answer travels back. */
  call<T>(service: string, what: string, effect: () => T): Promise<T>;
  sleep(ms: number): Promise<void>;
  kill(): void;
  readonly isAlive: () => boolean;
}

/** Starts a process; nothing of it is heard of any more once it is killed. */
export function startProcess(scheduler: Scheduler, random: Random, weather: Weather): Process {
  let isAlive = true;
  const pause = (ms: number) =>
    new Promise<void>((resolve) =>
      scheduler.after(ms, () => {
        if (isAlive) resolve();
      }),
    );
  return {
    isAlive: () => isAlive,
    sleep: pause,
    kill() {
      isAlive = false;
    },
    async call(service, what, effect) {
      const fail = (how: string): never => {
        weather.failures++;
        throw new ServiceUnavailable(`${what}: ${service} ${how}`);
      };
      await pause(random.between(1, 20));
      if (weather.down.has(service)) fail('does not answer');
      if (random.chance(weather.failing)) fail('answered 500');
      const result = effect();
      await pause(random.between(1, 20));
      if (random.chance(weather.losingAnswers)) fail('did what was asked, and its answer was lost');
      return result;
    },
  };
}
