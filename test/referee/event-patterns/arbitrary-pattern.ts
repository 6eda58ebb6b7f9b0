import fc from 'fast-check';

/*
 * Random patterns and events, close enough to each other that they match about as often as they don't. All operators of
 * EventBridge are in, with what it refuses now and then.
 */

/** A pattern and an event. */
export interface Question {
  readonly pattern: unknown;
  readonly event: unknown;
}

const names = fc.constantFrom('a', 'b', 'c', 'detail');
const words = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('', 'a', 'b', 'ab', 'aB', 'AB', 'aab', 'abab', 'ba', 'a*b', 'a.b', 'é', 'É', 'ß'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('10.0.0.1', '10.0.0.17', '10.1.0.0', '1', 'true', 'null'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'b', 'B', '*', '\\', '"', '1') }) },
);
const numbers = fc.oneof(
  fc.constantFrom(-5, -0.5, 0, 0.5, 1, 2, 3, 10, 300, 1e6),
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -200, max: 200 }).map((hundredths) => hundredths / 100),
);
const scalars = fc.oneof(
  { weight: 6, arbitrary: words },
  { weight: 4, arbitrary: numbers },
  { weight: 1, arbitrary: fc.constantFrom(true, false, null) },
);

const wildcards = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('*', 'a*', '*b', 'a*b', '*a*', 'a*b*', 'ab', 'a\\*b', '1*', '') },
  { weight: 1, arbitrary: fc.constantFrom('**', 'a**b', 'a\\b', '\\') },
);
const blocks = fc.constantFrom('10.0.0.0/24', '10.0.0.0/28', '10.0.0.1/31');
const ranges = fc.oneof(
  fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), numbers),
  fc.tuple(fc.constantFrom('>', '>='), numbers, fc.constantFrom('<', '<='), numbers),
);
const oneOrMore = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof(arbitrary, fc.array(arbitrary, { minLength: 1, maxLength: 3 }));

const expressions: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.record({ exists: fc.boolean() }),
  fc.record({ prefix: fc.oneof(words, fc.record({ 'equals-ignore-case': words })) }),
  fc.record({ suffix: fc.oneof(words, fc.record({ 'equals-ignore-case': words })) }),
  fc.record({ 'equals-ignore-case': words }),
  fc.record({ wildcard: wildcards }),
  fc.record({ numeric: ranges }),
  fc.record({ cidr: blocks }),
);

/** Stands alone or beside a condition of another kind: two of them in one list confuse event-ruler. */
const anythingBut: fc.Arbitrary<Record<string, unknown>> = fc.record({
  'anything-but': fc.oneof(
    oneOrMore(words),
    oneOrMore(numbers),
    fc.record({ prefix: oneOrMore(words) }),
    fc.record({ suffix: oneOrMore(words) }),
    fc.record({ 'equals-ignore-case': oneOrMore(words) }),
    fc.record({ wildcard: oneOrMore(wildcards) }),
  ),
});

/** What EventBridge refuses, or might. */
const oddities: fc.Arbitrary<unknown> = fc.constantFrom<unknown[]>(
  [{}],
  [{ exists: 'yes' }],
  [{ prefix: 1 }],
  [{ prefix: 'a', suffix: 'b' }],
  [{ numeric: ['<', '3'] }],
  [{ numeric: ['>', 3, '<', 1] }],
  [{ numeric: ['<', 3, '>', 1] }],
  [{ numeric: [] }],
  [{ 'anything-but': [] }],
  [{ 'anything-but': [1, 'a'] }],
  [{ 'anything-but': true }],
  [{ cidr: '10.0.0.0/33' }],
  [{ cidr: '10.0.0.0' }],
  [{ unknown: 'a' }],
  [['a']],
);

const conditions = fc.oneof(
  { weight: 50, arbitrary: fc.array(fc.oneof(scalars, expressions), { minLength: 1, maxLength: 3 }) },
  { weight: 10, arbitrary: fc.tuple(anythingBut) },
  { weight: 5, arbitrary: fc.tuple(anythingBut, fc.oneof(scalars, expressions)) },
  { weight: 1, arbitrary: oddities },
);

const patterns: fc.Memo<unknown> = fc.memo((depth) =>
  depth <= 1
    ? fc.dictionary(names, conditions, { minKeys: 1, maxKeys: 2, noNullPrototype: true })
    : fc.oneof(
        { weight: 4, arbitrary: patterns(1) },
        {
          weight: 4,
          arbitrary: fc.dictionary(names, fc.oneof(conditions, patterns()), {
            minKeys: 1,
            maxKeys: 3,
            noNullPrototype: true,
          }),
        },
        {
          weight: 2,
          arbitrary: fc
            .tuple(
              fc.dictionary(names, conditions, { maxKeys: 2, noNullPrototype: true }),
              fc.array(patterns(), { minLength: 2, maxLength: 3 }),
            )
            .map(([fields, branches]) => ({ ...fields, $or: branches })),
        },
      ),
);

const values: fc.Memo<unknown> = fc.memo((depth) =>
  depth <= 1
    ? fc.oneof({ weight: 5, arbitrary: scalars }, { weight: 1, arbitrary: fc.array(scalars, { maxLength: 3 }) })
    : fc.oneof(
        { weight: 4, arbitrary: scalars },
        { weight: 2, arbitrary: fc.array(values(), { maxLength: 3 }) },
        { weight: 3, arbitrary: fc.dictionary(names, values(), { maxKeys: 2, noNullPrototype: true }) },
      ),
);

const addressesOf = (addresses: fc.Arbitrary<string>, longestMask: number): fc.Arbitrary<Question> =>
  fc
    .record({
      base: addresses,
      other: addresses,
      mask: fc.integer({ min: 0, max: longestMask }),
      isBlock: fc.boolean(),
    })
    .chain(({ base, other, mask, isBlock }) =>
      fc.record({
        pattern: fc.constant({ a: [isBlock ? { cidr: `${base}/${mask}` } : base] }),
        event: fc.constantFrom(base, base.toUpperCase(), other, `${other} `).map((address) => ({ a: address })),
      }),
    );

/**
 * Blocks of addresses. Blocks and addresses of different families are not asked: event-ruler compares their digits, and
 * so finds 10.0.0.1 in ::/0.
 */
export const addressQuestions: fc.Arbitrary<Question> = fc.oneof(
  addressesOf(fc.ipV4(), 33),
  addressesOf(
    fc.ipV6().filter((address) => !address.includes('.')),
    129,
  ),
);

/** Questions with patterns of all operators. */
export const questions: fc.Arbitrary<Question> = fc.record({
  pattern: patterns(3),
  event: fc.record(
    { a: values(3), b: values(3), c: values(3), detail: values(3) },
    { requiredKeys: [], noNullPrototype: true },
  ),
});
