/** Virtual time, in which one thing happens after the other, in the same order for the same seed. */
export interface Scheduler {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Does something at a later time, unless the function that it answers is called first. */
  after(ms: number, what: () => void): () => void;
  /** Lets the next thing happen, and all that follows from it at once. False where nothing is left. */
  step(): Promise<boolean>;
  /** Lets everything happen that follows from what was just done, before time goes on. */
  flush(): Promise<void>;
  /** How many things have happened. */
  readonly steps: () => number;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  /** Absent once it is called off. */
  what: (() => void) | undefined;
}

/** Time that starts at a given moment, and moves only as things happen. */
export function createScheduler(start: number): Scheduler {
  let now = start;
  let order = 0;
  let steps = 0;
  const heap: Entry[] = [];
  const isSooner = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order);
  const push = (entry: Entry) => {
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || !isSooner(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  };
  const pop = (): Entry | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      let sooner = left;
      if (right !== undefined && isSooner(right, left)) {
        sooner = right;
        below++;
      }
      if (!isSooner(sooner, last)) break;
      heap[at] = sooner;
      at = below;
    }
    heap[at] = last;
    return first;
  };
  const next = (): Entry | undefined => {
    for (;;) {
      const entry = pop();
      if (!entry || entry.what) return entry;
    }
  };
  // Promises are settled before the next turn of the loop.
  const flush = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    flush,
    steps: () => steps,
    after(ms, what) {
      const entry: Entry = { at: now + Math.max(0, Math.round(ms)), order: order++, what };
      push(entry);
      return () => {
        entry.what = undefined;
      };
    },
    async step() {
      const entry = next();
      if (!entry?.what) return false;
      now = entry.at;
      steps++;
      entry.what();
      await flush();
      return true;
    },
  };
}
