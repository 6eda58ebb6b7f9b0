import type { Random } from '../../src/sandbox/random.ts';

/*
 * Makes hostile inputs of valid ones: of their text, of the values in it, of its bytes. The same random numbers make the
 * same input.
 */

/** What a reader may not expect: names that objects inherit, look-alikes, limits, other people's ARNs, other languages. */
export const hostileTexts: readonly [string, ...string[]] = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '\0',
  'on\u00a0',
  'l\u0430yerward:protect',
  '\u043en',
  '\u202eno',
  'on\u200b',
  '\ud800',
  '\ufeff',
  '\uffff',
  '\u{1d428}n',
  'e\u0301',
  '../../etc/passwd',
  '%00',
  '${cloudOneRegion}',
  '${constructor}',
  '<script>',
  '\r\n\r\n',
  '\u001b[31m',
  'null',
  'true',
  'NaN',
  '-0',
  '1e999',
  '9007199254740993',
  '0x10',
  '1:30',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59-23:59',
  '0000-01-01T00:00:00+23:59',
  'arn:aws-cn:lambda:cn-north-1:111122223333:function:orders',
  'arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:orders:live',
  'arn:aws-mars:lambda:us-east-1:111122223333:function:orders',
  'arn:aws:lambda:us-east-1:111122223333:layer:orders:1',
  'arn:aws:lambda:us-east-1:99988887777:function:orders',
  'arn:aws:lambda:us-east-1:111122223333:function:orders:$LATEST',
  'arn:aws:iam::444455556666:role/layerward-remediate',
  'AWS_LAMBDA_EXEC_WRAPPER',
  'x'.repeat(257),
  'x'.repeat(70_000),
];

/** Signs by which YAML or JSON change their mind. */
const signs: readonly [string, ...string[]] = [
  '{',
  ...['}', '[', ']', ',', ':', ': ', '"', "'", '\\', '\\u0000', '\\ud800', '\n', '\t', '\r', '- ', '? ', '# '],
  ...['&a ', '*a', '<<: ', '!!binary ', '!!js/function ', '!!set ', '%YAML 1.1\n---\n', '---\n', '...\n', '| ', '> '],
  ...['@', '`', '\0', '\u00a0', '\u2028', '0', '-', '.', 'e', 'E+', '\ufeff'],
];

const words = /"(?:[^"\\\n]|\\.)*"|[\p{L}\p{N}_.-]+|\s+|./gu;

/** A valid text with one to four mistakes in it. `others` is what parts are borrowed from. */
export function mutateText(text: string, others: readonly [string, ...string[]], random: Random): string {
  let mutated = text;
  for (let changes = 1 + random.below(4); changes > 0; changes--) mutated = mutateOnce(mutated, others, random);
  return mutated;
}

function mutateOnce(text: string, others: readonly [string, ...string[]], random: Random): string {
  const [from, to] = span(text, random);
  const around = (middle: string) => text.slice(0, from) + middle + text.slice(to);
  switch (random.below(9)) {
    case 0:
      return around('');
    case 1:
      return around(text.slice(from, to).repeat(random.chance(0.05) ? 300 : 2));
    case 2:
      return text.slice(0, from) + random.pick(signs) + text.slice(from);
    case 3:
      return text.slice(0, from) + random.pick(hostileTexts) + text.slice(from);
    case 4:
      return text.slice(0, from);
    case 5: {
      const other = random.pick(others);
      const [start, end] = span(other, random);
      return around(other.slice(start, end));
    }
    case 6: {
      const depth = random.chance(0.02) ? 20_000 : 1 + random.below(40);
      const [open, close] = random.pick([
        ['[', ']'],
        ['{"a":', '}'],
        ['- ', ''],
      ]);
      return around(open.repeat(depth) + text.slice(from, to) + close.repeat(depth));
    }
    default:
      return replaceWord(text, random);
  }
}

/** A short part of a text, by where it begins and ends. */
function span(text: string, random: Random): [number, number] {
  const from = random.below(text.length + 1);
  return [from, Math.min(text.length, from + 1 + random.below(random.chance(0.2) ? 200 : 12))];
}

/** Puts something else in the place of a word, in its quotes if it has some. */
function replaceWord(text: string, random: Random): string {
  const all = text.match(words) ?? [];
  const [one, other] = [random.below(all.length), random.below(all.length)];
  const former = all[one] ?? '';
  const hostile = random.pick(hostileTexts);
  const put = random.chance(0.3)
    ? (all[other] ?? '')
    : former.startsWith('"') && random.chance(0.8)
      ? JSON.stringify(hostile)
      : hostile;
  return all.map((word, index) => (index === one ? put : word)).join('');
}

/** A value as JSON has it, with something else in one to three places. */
export function mutateValue(value: unknown, random: Random): unknown {
  let mutated = value;
  for (let changes = 1 + random.below(3); changes > 0; changes--) mutated = mutatePlace(mutated, random);
  return mutated;
}

function mutatePlace(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.08)) return hostileValue(value, random);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    if (at === value.length || random.chance(0.1)) return [...value, hostileValue(value[0], random)];
    return value.map((item, index) => (index === at ? mutatePlace(item, random) : item));
  }
  const entries = Object.entries(value);
  const at = random.below(entries.length + 1);
  const [name, former] = entries[at] ?? [random.pick(hostileTexts), random.pick(hostileTexts)];
  const others = entries.filter((_, index) => index !== at);
  if (random.chance(0.1)) return withOwn(others);
  const put = random.chance(0.1) ? random.pick(hostileTexts) : name;
  return withOwn([...others, [put, at === entries.length ? former : mutatePlace(former, random)]]);
}

/** An object that has these as its own, `__proto__` too, as a parser of JSON makes it. */
export function withOwn(entries: readonly (readonly [string, unknown])[]): object {
  const made = {};
  for (const [name, value] of entries)
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

function hostileValue(former: unknown, random: Random): unknown {
  const text = random.pick(hostileTexts);
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return random.pick([0, -1, 1.5, 2 ** 53, -0, 1e308, Number.MAX_SAFE_INTEGER]);
    case 2:
      return random.chance(0.5);
    case 3:
      return random.chance(0.5) ? [] : [former, former];
    case 4:
      return withOwn([[random.pick(['__proto__', 'constructor', 'toString', text]), withOwn([['polluted', text]])]]);
    case 5:
      return typeof former === 'string' ? former + text : text;
    default:
      return text;
  }
}

/** Bytes with some of them changed, taken out or put in; most often no UTF-8 any more. */
export function corrupt(bytes: Buffer, random: Random): Buffer {
  const corrupted = [...bytes];
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(corrupted.length + 1);
    const byte = random.chance(0.5) ? random.below(256) : random.pick([0x00, 0x1f, 0x8b, 0xc0, 0xed, 0xf5, 0xfe, 0xff]);
    corrupted.splice(at, random.below(3), ...(random.chance(0.8) ? [byte] : []));
  }
  return Buffer.from(corrupted);
}
