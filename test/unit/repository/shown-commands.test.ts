import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
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

const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** Lines of code blocks that a shell would read: those of `sh`, and what stands behind a prompt. */
function shellLines(text: string): string[] {
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].flatMap(([, , language, block = '']) => {
    const lines = block.replaceAll(/\\\n\s*/g, ' ').split('\n');
    return language === 'sh' ? lines : lines.flatMap((line) => /^\$ (.*)/.exec(line)?.[1] ?? []);
  });
}

/** Every `npx layerward …` that can be copied, as words. */
function commandsIn(text: string): string[][] {
  return shellLines(text).flatMap((line) =>
    [...line.matchAll(/npx layerward ((?:"[^"]*"|'[^']*'|[^|#;&>"'])+)/g)].map(([, words = '']) =>
      [...words.trim().matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replaceAll(/["']/g, '')),
    ),
  );
}

/** `npx layerward …` of sentences, where what is left out is none of the reader's business. */
function commandsInSentences(text: string): string[][] {
  return [...text.matchAll(/`npx layerward ([^`]+)`/g)].map(([, words = '']) => words.trim().split(/\s+/));
}

/** What the command line would say of these words before it does anything; nothing where they are in order. */
async function mistakeIn(words: readonly string[]): Promise<string | undefined> {
  const program = await createProgram(() => {});
  const disarm = (command: Command) => {
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command.commands.length === 0) command.action(() => {});
    for (const one of command.commands) disarm(one);
  };
  disarm(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? undefined : error.message;
  }
}

const leftOut = /missing (mandatory|required) argument/;

describe('a command that a page shows', () => {
  it.each(pages)('is one that there is, with arguments, options and values that it takes: %s', async (page) => {
    const mistakes: string[] = [];
    const text = textOf(page);
    for (const words of commandsIn(text)) {
      const mistake = await mistakeIn(words);
      if (mistake !== undefined) mistakes.push(`npx layerward ${words.join(' ')}: ${mistake}`);
    }
    for (const words of commandsInSentences(text)) {
      const mistake = await mistakeIn(words);
      if (mistake !== undefined && !leftOut.test(mistake)) mistakes.push(`${words.join(' ')}: ${mistake}`);
    }
    expect(mistakes).toEqual([]);
  });

  it('is looked for where there are many, and looked at closely', async () => {
    expect(pages.flatMap((page) => commandsIn(textOf(page))).length).toBeGreaterThan(80);
    expect(pages.flatMap((page) => commandsInSentences(textOf(page))).length).toBeGreaterThan(5);
    expect(await mistakeIn(['scna'])).toMatch(/unknown command 'scna'/);
    expect(await mistakeIn(['policy', 'test', '--polciy', 'x'])).toMatch(/unknown option '--polciy'/);
    expect(await mistakeIn(['snippet', 'orders', '--as', 'pulumi'])).toMatch(/Allowed choices/);
    expect(await mistakeIn(['explain'])).toMatch(leftOut);
    expect(await mistakeIn(['scan', 'orders'])).toMatch(/too many arguments/);
  });

  it.each(pages)('is a script of package.json, if npm is to run it: %s', (page) => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const named = [...textOf(page).matchAll(/npm run (?:-s )?(\w+(?::\w+)*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

describe('a recording', () => {
  const recorded = pages.flatMap((page) =>
    [...textOf(page).matchAll(/<!-- recorded: ([\w ]+) -->/g)].map(([, name = '']) => [name, page] as const),
  );

  it.each(recorded)('of %s stands between its marks: %s', (name, page) => {
    expect(textOf(page)).toMatch(
      new RegExp(`<!-- recorded: ${name} -->\\n\\n\`\`\`text\\n[^\`]+\\n\`\`\`\\n\\n<!-- end of ${name} -->`),
    );
  });

  it('is there of all that is recorded', () => {
    const names = recorded.map(([name]) => name).sort();
    expect(names).toEqual(['first look', 'history', 'plan', 'policy test', 'scan', 'snippet', 'tour']);
  });
});
