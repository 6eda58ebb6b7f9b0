import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import { root } from './source-files.ts';

/* Whoever copies a command out of a page must not be told that there is none, or no such option. */

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Every `npx layerward …` of a page, in code blocks and in sentences, as words. */
function commandsIn(text: string): string[][] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ');
  return [...joined.matchAll(/npx layerward ([^\n`|#;&>]+)/g)].map(([, words = '']) => words.trim().split(/\s+/));
}

/** What is wrong with a command, if anything is. */
function mistakeIn(words: readonly string[], program: Command): string | undefined {
  let command = program;
  let rest = [...words];
  for (let below = childOf(command, rest[0]); below; below = childOf(command, rest[0])) {
    command = below;
    rest = rest.slice(1);
  }
  if (command === program && rest[0] !== undefined && /^[a-z]/.test(rest[0])) return `there is no command ${rest[0]}`;
  const known = new Set([...command.options, ...program.options].flatMap(({ long, short }) => [long, short]));
  const unknown = rest.find((word) => /^--?[a-z]/.test(word) && !known.has(word.split('=')[0]) && word !== '--help');
  return unknown === undefined ? undefined : `${command.name()} has no option ${unknown}`;
}

function childOf(command: Command, name: string | undefined): Command | undefined {
  return command.commands.find((one) => one.name() === name);
}

describe('a command that a page shows', async () => {
  const program = await createProgram(() => {});

  it.each(pages)('is one that there is, with options that it has: %s', (page) => {
    for (const words of commandsIn(readFileSync(join(root, page), 'utf8')))
      expect(mistakeIn(words, program), `npx layerward ${words.join(' ')}`).toBeUndefined();
  });

  it('is looked for where there are many', () => {
    const found = pages.flatMap((page) => commandsIn(readFileSync(join(root, page), 'utf8')));
    expect(found.length).toBeGreaterThan(80);
    expect(mistakeIn(['scna'], program)).toBe('there is no command scna');
    expect(mistakeIn(['policy', 'test', '--polciy', 'x'], program)).toBe('test has no option --polciy');
  });
});

describe('a recording in README.md', () => {
  it.each(['tour', 'scan', 'explain', 'plan'])('of %s stands between its marks', (name) => {
    const text = readFileSync(join(root, 'README.md'), 'utf8');
    expect(text).toMatch(
      new RegExp(`<!-- recorded: ${name} -->\\n\\n\`\`\`text\\n[^\`]+\\n\`\`\`\\n\\n<!-- end of ${name} -->`),
    );
  });
});
