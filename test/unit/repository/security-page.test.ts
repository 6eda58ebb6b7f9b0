import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './source-files.ts';

/*
 * docs/security.md says of each threat what it can cause at most, what controls it and which tests hold that. What it
 * names has to be there.
 */

const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const threats = page.slice(page.indexOf('## Threats'), page.indexOf('### What remains'));

interface Row {
  readonly threat: string;
  readonly control: string;
  readonly tests: string;
}

/** The rows: what they try, in bold; then, below it, `At most:`, `Control:` and `Tests:`. */
const rows = [...threats.matchAll(/^- \*\*([^*]+)\*\*((?:.|\n(?!- |\n))*)/gm)].map(
  ([, threat = '', rest = '']): Row => {
    const parts = /^ - At most: (.+) - Control: (.+) - Tests: (.+)\.$/.exec(oneLine(rest));
    if (!parts) throw new Error(`this row has not all of its parts: ${oneLine(threat)}`);
    const [, , control = '', tests = ''] = parts;
    return { threat: oneLine(threat), control, tests };
  },
);

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trimEnd();
}

/** The tests of a row: a file, and the titles in it, each as a sentence of `describe` and `it`. */
const namedTests = rows.flatMap(({ tests }) =>
  [...tests.matchAll(/`([^`]+)`: ((?:“[^”]+”(?:, )?)+)/g)].flatMap(([, path = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ path, title })),
  ),
);

/** Every title in a test file, of `describe` and of `it`, where `…` stands for what a table fills in. */
function titlesIn(path: string): string[] {
  const code = readFileSync(join(root, path), 'utf8');
  const literals = code.matchAll(/(['"`])((?:\\.|(?!\1)[^\\\n])+)\1,\s*(?:async\s*)?(?:\(|\w+\s*=>)/g);
  return [...literals].map(([, , title = '']) => title.replaceAll(/%[sjiod]|\$\{?[\w.]+\}?/g, '…'));
}

describe('a threat in docs/security.md', () => {
  it('is one of many, each with what it causes at most, its control and its tests', () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(namedTests.length).toBeGreaterThan(90);
    expect([...threats.matchAll(/^- \*\*/gm)]).toHaveLength(rows.length);
    for (const { tests } of rows) expect(tests.replaceAll(/`[^`]+`: (“[^”]+”(, )?)+(; )?/g, '')).toBe('');
  });

  it.each(rows)('is controlled where it says: $threat', ({ control }) => {
    const paths = [...control.matchAll(/`([\w@./-]+\.(?:ts|yaml|json|md))`/g)].map(([, path = '']) => path);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(namedTests)('is tested by $path: $title', ({ path, title }) => {
    const titles = titlesIn(path);
    const fits = titles.some(
      (first) => title.startsWith(`${first} `) && titles.includes(title.slice(first.length + 1)),
    );
    expect(fits).toBe(true);
  });
});

describe('a test of security', () => {
  const files = [
    'test/e2e/security.test.ts',
    ...readdirSync(join(root, 'test/unit/security'))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `test/unit/security/${name}`),
  ];

  it.each(files)('is named in docs/security.md: all of %s', (path) => {
    const named = namedTests.filter((one) => one.path === path).map(({ title }) => title);
    const code = readFileSync(join(root, path), 'utf8');
    const titles = [...code.matchAll(/^ {2}(?:it\(|\]\)\(|.*\)\()\s*(['"`])((?:\\.|(?!\1)[^\\\n])+)\1,/gm)].map(
      ([, , title = '']) => title.replaceAll(/%[sjiod]|\$\{?[\w.]+\}?/g, '…'),
    );
    expect(titles.length).toBeGreaterThan(0);
    expect(titles.filter((title) => !named.some((one) => one.endsWith(` ${title}`)))).toEqual([]);
  });
});
