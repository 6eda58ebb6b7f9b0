import type { Clock } from './api.ts';

/** The machine's own time. Pending tasks do not keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    after: (milliseconds, task) => {
      const timer = setTimeout(task, milliseconds);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
