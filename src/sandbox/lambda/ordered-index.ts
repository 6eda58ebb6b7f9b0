/** A map in order of arrival whose pages can be read from any place without walking over what comes before. */
export interface OrderedIndex<T> {
  readonly size: number;
  get(key: string): T | undefined;
  has(key: string): boolean;
  add(key: string, value: T): void;
  delete(key: string): boolean;
  values(): Iterable<T>;
  /** The values that arrived after `place` (0 for the first page), each with its own place, in order. */
  after(place: number): Iterable<{ readonly place: number; readonly value: T }>;
}

interface Slot<T> {
  readonly place: number;
  readonly key: string;
  readonly value: T;
  gone: boolean;
}

export function createOrderedIndex<T>(): OrderedIndex<T> {
  const byKey = new Map<string, Slot<T>>();
  let slots: Slot<T>[] = [];
  let lastPlace = 0;

  function firstSlotAfter(place: number): number {
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((slots[middle]?.place ?? Number.POSITIVE_INFINITY) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get size() {
      return byKey.size;
    },
    get: (key) => byKey.get(key)?.value,
    has: (key) => byKey.has(key),
    add(key, value) {
      if (byKey.has(key)) throw new Error(`The index already has an entry ${key}; delete it before adding another`);
      lastPlace += 1;
      const slot = { place: lastPlace, key, value, gone: false };
      byKey.set(key, slot);
      slots.push(slot);
    },
    delete(key) {
      const slot = byKey.get(key);
      if (slot === undefined) return false;
      slot.gone = true;
      byKey.delete(key);
      if (slots.length > 64 && byKey.size < slots.length / 2) slots = slots.filter((each) => !each.gone);
      return true;
    },
    *values() {
      for (const slot of byKey.values()) yield slot.value;
    },
    *after(place) {
      const from = slots;
      for (let index = firstSlotAfter(place); index < from.length; index += 1) {
        const slot = from[index];
        if (slot !== undefined && !slot.gone) yield slot;
      }
    },
  };
}
