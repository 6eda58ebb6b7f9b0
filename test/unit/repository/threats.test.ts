import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './source-files.ts';

/* docs/security.md names a test for each threat: `test/…`: “title”, “title”. */

const page = readFileSync(join(root, 'docs/security.md'), 'utf8').replaceAll(/\s+/g, ' ');
const named = [...page.matchAll(/`(test\/[^`]+\.test\.ts)`: ((?:“[^”]+”(?:, (?:and )?)?)+)/g)].flatMap(
  ([, file = '', titles = '']) => [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => [file, title] as const),
);

describe('a test that stands behind a threat', () => {
  it.each(named)('is in %s: %s', (file, title) => {
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/\s+/g, ' ');
    expect(text).toContain(title);
  });

  it('is named for many of them', () => {
    expect(named.length).toBeGreaterThan(25);
  });
});
