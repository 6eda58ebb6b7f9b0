import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { type Check, InvalidDocument, readYamlDocument } from '../../../src/service/yaml-document.ts';

const schema = z.strictObject({
  name: z.string(),
  mode: z.enum(['enforce', 'audit']).default('enforce'),
  limits: z
    .strictObject({ repairs: z.int().min(1), minutes: z.int() })
    .partial()
    .optional(),
  places: z
    .record(z.string(), z.strictObject({ region: z.string().optional(), accounts: z.array(z.string()) }))
    .optional(),
  rules: z.array(z.strictObject({ match: z.strictObject({ functions: z.array(z.string()) }).partial() })).default([]),
});

const read = (text: string, check?: Check<z.output<typeof schema>>) =>
  readYamlDocument(text, 'file.yaml', schema, check);

function findings(text: string, check?: Check<z.output<typeof schema>>): string[] {
  try {
    read(text, check);
  } catch (error) {
    if (error instanceof InvalidDocument) return error.message.split('\n');
    throw error;
  }
  throw new Error('the document was read');
}

describe('a document', () => {
  it('is read with its defaults filled in', () => {
    expect(read('name: orders\n')).toEqual({ name: 'orders', mode: 'enforce', rules: [] });
  });

  it('may be JSON', () => {
    expect(read('{"name": "orders", "mode": "audit"}')).toEqual({ name: 'orders', mode: 'audit', rules: [] });
  });

  it('keeps on, off, yes and no as the texts that they are', () => {
    expect(read('name: on')).toMatchObject({ name: 'on' });
    expect(read('name: no')).toMatchObject({ name: 'no' });
  });

  it('may name a part once and use it again', () => {
    const text = 'name: a\nplaces:\n  one: &home { accounts: ["111122223333"] }\n  two: *home\n';
    expect(read(text).places?.['two']).toEqual({ accounts: ['111122223333'] });
  });
});

describe('a document that can’t be used', () => {
  it.each([
    ['nothing in it', '', ['file.yaml:1:1: there is nothing in it']],
    ['only comments', '# later\n', ['file.yaml:1:1: there is nothing in it']],
    ['a list', '- name: a', ['file.yaml:1:1: Invalid input: expected object, received array']],
    ['a text', 'hello', ['file.yaml:1:1: Invalid input: expected object, received string']],
    ['a key that is missing', 'mode: audit', ['file.yaml:1:1: name: is missing']],
    [
      'a value of a wrong type',
      'name: a\nlimits:\n  repairs: often\n',
      ['file.yaml:3:12: limits.repairs: Invalid input: expected number, received string'],
    ],
    [
      'a value out of its range',
      'name: a\nlimits: { minutes: 5, repairs: 0 }\n',
      ['file.yaml:2:32: limits.repairs: Too small: expected number to be >=1'],
    ],
    [
      'a value that is not known',
      'name: a\nmode: audti\n',
      ['file.yaml:2:7: mode: audti is not known; did you mean audit? One of: enforce, audit'],
    ],
    [
      'an unknown key',
      'name: a\nmdoe: audit\n',
      ['file.yaml:2:1: mdoe: unknown key; did you mean mode? Known here: name, mode, limits, places, rules'],
    ],
    [
      'an unknown key under a name of one’s own',
      'name: a\nplaces:\n  home:\n    acounts: []\n    accounts: []\n',
      ['file.yaml:4:5: places.home.acounts: unknown key; did you mean accounts? Known here: region, accounts'],
    ],
    [
      'an unknown key in a list',
      'name: a\nrules:\n  - match: {}\n  - match: { function: [a] }\n',
      ['file.yaml:4:14: rules.1.match.function: unknown key; did you mean functions? Known here: functions'],
    ],
    ['a key that is not unique', 'name: a\nmode: audit\nmode: enforce\n', ['file.yaml:3:1: Map keys must be unique']],
    [
      'a key from which objects inherit',
      'name: a\n__proto__: { mode: audit }\n',
      ['file.yaml:2:1: __proto__: can’t be a key'],
    ],
    [
      'broken syntax',
      'name: [a\nmode: audit\n',
      ['file.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['a tab', 'limits:\n\trepairs: 1\n', ['file.yaml:2:1: Tabs are not allowed as indentation']],
    [
      'a second document',
      'name: a\n---\nname: b\n',
      ['file.yaml:2:1: a second document starts here, and only one is read'],
    ],
    [
      'a tag that means code elsewhere',
      'name: !!js/function "() => 1"\n',
      ['file.yaml:1:7: Unresolved tag: tag:yaml.org,2002:js/function'],
    ],
    [
      'an alias of nothing',
      'mode: audit\nname: *nobody\n',
      ['file.yaml:2:7: Unresolved alias (the anchor must be set before the alias): nobody'],
    ],
  ])('says where it has %s', (_, text, expected) => {
    expect(findings(text)).toEqual(expected);
  });

  it('says everything that is wrong with it at once, in its own order', () => {
    const text = [
      'naem: a',
      'mode: loud',
      'limits:',
      '  repairs: often',
      '  hours: 1',
      'rules:',
      '  - match: { functions: a }',
    ].join('\n');
    expect(findings(text).map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'file.yaml:1:1: name',
      'file.yaml:1:1: naem',
      'file.yaml:2:7: mode',
      'file.yaml:4:12: limits.repairs',
      'file.yaml:5:3: limits.hours',
      'file.yaml:7:25: rules.0.match.functions',
    ]);
  });

  it('that unfolds without end is refused, and quickly', () => {
    const levels = [...'abcdefghi'].map((name, level, all) => {
      const former = level === 0 ? 'x' : `*${all[level - 1]}`;
      return `${name}: &${name} [${Array(9).fill(former).join(', ')}]`;
    });
    expect(findings(levels.join('\n'))).toEqual([
      'file.yaml:1:1: Excessive alias count indicates a resource exhaustion attack',
    ]);
  });

  it.each([
    [
      'in a group of its own',
      'name: a\nplaces:\n  __proto__: { accounts: [] }\n',
      'file.yaml:3:3: __proto__: can’t be a key',
    ],
    [
      'in JSON',
      '{"name": "a", "places": {"__proto__": {"accounts": []}}}',
      'file.yaml:1:26: __proto__: can’t be a key',
    ],
    ['behind escapes', '{"name": "a", "places": {"\\u005f_proto__": {}}}', 'file.yaml:1:26: __proto__: can’t be a key'],
  ])('is refused with the key from which objects inherit: %s', (_, text, expected) => {
    expect(findings(text)).toEqual([expected]);
  });

  it('may have a key that every object has', () => {
    expect(read('name: a\nplaces: { constructor: { accounts: [] } }').places?.['constructor']).toEqual({
      accounts: [],
    });
  });

  it('with lists for keys is refused, before years are spent on them', () => {
    expect(findings('? '.repeat(400))).toEqual(['file.yaml:1:3: a key has to be a text']);
    expect(findings('name: a\n? [b, c]\n: d\n')).toEqual(['file.yaml:2:3: a key has to be a text']);
  });

  it.each(['[', '{a: ', '- ', '{"a":'])('that is nested 10,000 deep by %s is refused with a reason', (open) => {
    expect(findings(open.repeat(10_000))).toContainEqual(expect.stringMatching(/: it is nested too deeply$/));
  });

  it('that is longer than any is not read', () => {
    expect(findings(`name: ${'x'.repeat(200_000)}`)).toEqual([
      'file.yaml:1:1: it is 200006 characters long, and 131072 at the most are read',
    ]);
  });

  it('says no more than people read, however much is wrong', () => {
    const many = findings(`name: a\n${Array.from({ length: 5_000 }, (_, index) => `key${index}: 1`).join('\n')}`);
    expect(many).toHaveLength(21);
    expect(many.at(-1)).toBe('file.yaml: and 4980 more like these');
    const [long = ''] = findings(`name: a\nmode: ${'x'.repeat(100_000)}`);
    expect(long.length).toBeLessThan(400);
  });

  it('is not searched through once for each alias', () => {
    expect(findings(`a: &a x\nb: [${'*a,'.repeat(30_000)}]`)).toEqual([
      'file.yaml:1:1: Excessive alias count indicates a resource exhaustion attack',
    ]);
  });

  it('says what is at the end of an alias', () => {
    expect(findings('name: &name audio\nmode: *name\n')).toEqual([
      'file.yaml:2:7: mode: audio is not known; did you mean audit? One of: enforce, audit',
    ]);
  });

  it('by a check that no schema can make says where, too', () => {
    const check: Check<{ name: string }> = ({ name }) => [
      { path: ['name'], message: `${name} is taken` },
      { path: ['limits', 'repairs'], message: 'is needed here' },
    ];
    expect(findings('mode: audit\nlimits:\n  minutes: 1\nname: a\n', check)).toEqual([
      'file.yaml:4:7: name: a is taken',
      'file.yaml:3:3: limits.repairs: is needed here',
    ]);
  });

  it('is bad input, with its findings for machines', () => {
    expect(() => read('name: a\nmode: loud\n')).toThrow(InvalidInput);
    try {
      read('name: a\nmode: loud\n');
    } catch (error) {
      expect(error instanceof InvalidDocument && error.findings).toEqual([
        {
          path: 'mode',
          line: 2,
          column: 7,
          message: 'must be one of: enforce, audit',
        },
      ]);
    }
  });
});
