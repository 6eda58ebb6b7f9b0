import type { Clock } from '../../../../src/sandbox/api.ts';

/** A clock that stands still until it is told how far to go. */
export interface ManualClock extends Clock {
  /** Runs what falls due on the way, in order. */
  advance(milliseconds: number): void;
}

export function createManualClock(start = '2026-11-02T08:00:00.000Z'): ManualClock {
  let now = Date.parse(start);
  let tasks: { at: number; task: () => void }[] = [];
  return {
    now: () => new Date(now),
    after(milliseconds, task) {
      const entry = { at: now + milliseconds, task };
      tasks.push(entry);
      return () => {
        tasks = tasks.filter((each) => each !== entry);
      };
    },
    advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const due = tasks.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
        if (due === undefined) break;
        tasks = tasks.filter((each) => each !== due);
        now = due.at;
        due.task();
      }
      now = end;
    },
  };
}
