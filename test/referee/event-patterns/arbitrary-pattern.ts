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
    arbitrary: fc.constantFrom('10.0.0.1', '10.0.0.17', '10.1.0.0', '::1', '2001:db8::1', '1', 'true', 'null'),
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

const wildcards = fc.constantFrom(
  '*',
  'a*',
  '*b',
  'a*b',
  '*a*',
  'a*b*',
  'ab',
  'a\\*b',
  '**',
  'a**b',
  'a\\b',
  '\\',
  '1*',
  '',
);
const blocks = fc.constantFrom(
  '10.0.0.0/24',
  '10.0.0.0/28',
  '10.0.0.1/32',
  '0.0.0.0/0',
  '::/0',
  '2001:db8::/32',
  '10.0.0.0',
);
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
  fc.record({
    'anything-but': fc.oneof(
      oneOrMore(words),
      oneOrMore(numbers),
      fc.record({ prefix: oneOrMore(words) }),
      fc.record({ suffix: oneOrMore(words) }),
      fc.record({ 'equals-ignore-case': oneOrMore(words) }),
      fc.record({ wildcard: oneOrMore(wildcards) }),
    ),
  }),
);

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
  [{ unknown: 'a' }],
  [['a']],
);

const conditions = fc.oneof(
  { weight: 12, arbitrary: fc.array(fc.oneof(scalars, expressions), { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: oddities },
);

const patterns: fc.Memo<unknown> = fc.memo((depth) =>
  depth <= 1
    ? fc.dictionary(names, conditions, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
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
        { weight: 3, arbitrary: fc.dictionary(names, values(), { maxKeys: 3, noNullPrototype: true }) },
      ),
);

/** Questions with patterns of all operators. */
export const questions: fc.Arbitrary<Question> = fc.record({
  pattern: patterns(3),
  event: fc.dictionary(names, values(3), { maxKeys: 4, noNullPrototype: true }),
});
