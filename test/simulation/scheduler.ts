/** Virtual time, in which one thing happens after the other, in the same order for the same seed. */
export interface Scheduler {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Does something at a later time. */
  after(ms: number, what: () => void): void;
  /** Lets the next thing happen, and all that follows from it at once. False where nothing is left. */
  step(): Promise<boolean>;
  /** How many things have happened. */
  readonly steps: () => number;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly what: () => void;
}

/** Time that starts at a given moment, and moves only as things happen. */
export function createScheduler(start: number): Scheduler {
  let now = start;
  let order = 0;
  let steps = 0;
  const heap: Entry[] = [];
  const isSooner = (a: Entry, b: Entry) => a.at < b.at || (a.at === b.at && a.order < b.order);
  const swap = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one && other) [heap[a], heap[b]] = [other, one];
  };
  const soonerAt = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    return one !== undefined && other !== undefined && isSooner(one, other);
  };
  const push = (entry: Entry) => {
    heap.push(entry);
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!soonerAt(at, parent)) break;
      swap(at, parent);
      at = parent;
    }
  };
  const pop = (): Entry | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (soonerAt(left, least)) least = left;
      if (soonerAt(right, least)) least = right;
      if (least === at) break;
      swap(at, least);
      at = least;
    }
    return first;
  };
  return {
    now: () => now,
    steps: () => steps,
    after(ms, what) {
      push({ at: now + Math.max(0, ms), order: order++, what });
    },
    async step() {
      const entry = pop();
      if (!entry) return false;
      now = entry.at;
      steps++;
      entry.what();
      // Everything that follows from it without waiting: promises are settled before the next turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
      return true;
    },
  };
}
