import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOrderedIndex } from '../../../../src/sandbox/lambda/ordered-index.ts';

describe('the ordered index', () => {
  it('behaves like a Map in order of arrival, whatever is added and deleted', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 150 }).map(String), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const index = createOrderedIndex<string>();
        const model = new Map<string, string>();
        for (const { key, add } of steps) {
          if (!add) expect(index.delete(key)).toBe(model.delete(key));
          else if (!model.has(key)) {
            model.set(key, key);
            index.add(key, key);
          }
        }
        expect(index.size).toBe(model.size);
        expect([...index.values()]).toEqual([...model.values()]);
        expect([...index.after(0)].map(({ value }) => value)).toEqual([...model.values()]);
      }),
    );
  });

  it('goes on after a place whose entry is gone', () => {
    const index = createOrderedIndex<number>();
    for (let number = 1; number <= 300; number += 1) index.add(String(number), number);
    const place = [...index.after(0)][99]?.place ?? 0;
    for (let number = 1; number <= 250; number += 1) index.delete(String(number));
    expect([...index.after(place)].map(({ value }) => value)).toEqual(Array.from({ length: 50 }, (_, at) => 251 + at));
  });

  it('refuses a key that it has', () => {
    const index = createOrderedIndex<number>();
    index.add('a', 1);
    expect(() => index.add('a', 2)).toThrow(/already has an entry a/);
  });
});
