import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { root, sourceFiles } from './source-files.ts';

/* docs/mutation-testing.md says what was measured once; these are the parts of it that the next change can make untrue. */

const page = readFileSync(join(root, 'docs/mutation-testing.md'), 'utf8');

/** The rows of the table of files: how many mutants survived in each. */
const measured = [...page.matchAll(/^\| `(src\/domain\/[\w-]+\.ts)` +\|(?: +[\d.]+ +\|)+$/gm)].map(
  ([row, file = '']) => {
    const [mutants = 0, killed = 0, survived = 0] = row.split('|').slice(2).map(Number);
    return { file, mutants, killed, survived };
  },
);

/** The survivors that are listed under the heading of their file. */
const survivors = page
  .split(/^### /m)
  .slice(1)
  .flatMap((section) => {
    const file = /^`(src\/domain\/[\w-]+\.ts)`$/m.exec(section)?.[1];
    if (file === undefined) return [];
    return [...section.matchAll(/^- `` (.+?) `` → `` (.+?) ``: /gm)].map(([, code = '', mutation = '']) => ({
      file,
      code,
      mutation,
    }));
  });

describe('the page on mutation testing', () => {
  it('has a row for every file of the domain, and none for another', () => {
    const files = sourceFiles('src/domain')
      .map(({ path }) => path)
      .sort();
    const withoutMutants = [...page.matchAll(/^- `(src\/domain\/[\w-]+\.ts)`: /gm)].map(([, file]) => file);
    expect([...measured.map(({ file }) => file), ...withoutMutants].sort()).toEqual(files);
  });

  it.each(measured)('accounts for every mutant of $file', ({ file, mutants, killed, survived }) => {
    expect(killed + survived).toBe(mutants);
    expect(survivors.filter((one) => one.file === file)).toHaveLength(survived);
  });

  it.each(survivors)('names $code, which $file still has', ({ file, code, mutation }) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(code);
    expect(mutation).not.toBe(code);
  });

  it('names the score below which a run fails', () => {
    const config = z
      .object({ thresholds: z.object({ break: z.number() }) })
      .parse(JSON.parse(readFileSync(join(root, 'stryker.config.json'), 'utf8')));
    expect(page).toContain(`below ${config.thresholds.break} %`);
    const [mutants, killed] = [
      measured.reduce((sum, one) => sum + one.mutants, 0),
      measured.reduce((sum, one) => sum + one.killed, 0),
    ];
    expect((100 * killed) / mutants).toBeGreaterThanOrEqual(config.thresholds.break);
  });
});
