import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SourceFile, sourceFiles } from './source-files.ts';

/** A part of the source, and the parts of ours that it may import beside itself. */
const directions = {
  'src/domain': [],
  'src/service': ['src/domain'],
  'src/aws': ['src/domain'],
  'src/console': ['src/service', 'src/domain'],
  'src/cli': ['src/console', 'src/service', 'src/aws', 'src/domain'],
  'src/sandbox': ['src/console', 'src/service', 'src/aws', 'src/domain'],
  functions: ['src/service', 'src/aws', 'src/domain'],
} as const;

const ours = ({ path, imports }: SourceFile) =>
  imports.filter((name) => name.startsWith('.')).map((name) => join(dirname(path), name));
const others = ({ imports }: SourceFile) => imports.filter((name) => !name.startsWith('.'));

describe('imports', () => {
  it.each(Object.entries(directions))('of %s point one way', (part, allowed) => {
    const files = sourceFiles(part);
    expect(files.length).toBeGreaterThan(0);
    const wrong = files.flatMap((file) =>
      ours(file)
        .filter((target) => ![part, ...allowed].some((folder) => target.startsWith(`${folder}/`)))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are found at all', () => {
    const [decide] = sourceFiles('src/domain').filter(({ path }) => path.endsWith('/decide.ts'));
    expect(decide?.imports).toEqual(['./agent.ts', './decision.ts', './situation.ts']);
    const [handler] = sourceFiles('functions').filter(({ path }) => path.endsWith('/index.ts'));
    expect(handler?.imports).toContain('@middy/core');
  });
});

describe('the domain', () => {
  const files = sourceFiles('src/domain');

  it('needs zod and two pure functions of Node’s, and nothing else: no SDK, no files, no network', () => {
    expect([...new Set(files.flatMap(others))].sort()).toEqual(['node:crypto', 'node:util', 'zod']);
    const fromNode = files.flatMap(({ code }) =>
      [...code.matchAll(/import (.*) from 'node:/g)].map(([, names]) => names),
    );
    expect([...new Set(fromNode)].sort()).toEqual(['{ createHash }', '{ isDeepStrictEqual }']);
  });

  it.each([
    ['the environment', /\bprocess\b/],
    ['a clock', /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\b|\bTemporal\b/],
    ['chance', /\bMath\.random\b|\brandom(UUID|Bytes|Int)\b|\bgetRandomValues\b/],
    ['timers', /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/],
    ['the network', /\bfetch\b|\bXMLHttpRequest\b|\bWebSocket\b/],
    ['a console', /\bconsole\b/],
    ['what all modules share', /\bglobalThis\b|\bglobal\b/],
    ['promises, which only effects need, other than in its ports', /\basync\b|\bawait\b/],
  ])('does not use %s', (_, forbidden) => {
    expect(files.filter(({ code }) => forbidden.test(code)).map(({ path }) => path)).toEqual([]);
  });
});
