import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandPages, jsonShapes, shapeLines } from '../../../scripts/command-docs.ts';
import { completionScript } from '../../../src/cli/completion-script.ts';
import { createProgram } from '../../../src/cli/program.ts';

const root = join(import.meta.dirname, '../../..');

/** A command by the words that lead to it, and all below it. */
const commandsOf = (command: Command, words = ''): [string, Command][] =>
  command.commands.flatMap((one) => {
    const path = `${words} ${one.name()}`.trim();
    return one.commands.length > 0 ? commandsOf(one, path) : [[path, one] as [string, Command]];
  });
const program = await createProgram(() => {});
const commands = commandsOf(program);

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text;
}

describe('every command', () => {
  it.each(commands)(
    '%s has help with an example and exit codes, in lines that a terminal has room for',
    (_, command) => {
      const help = helpOf(command);
      expect(command.description()).toMatch(/^[A-Z].*\.$/);
      expect(help).toContain('\nExamples:\n');
      expect(help).toMatch(/\nExit codes: 0 /);
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(122);
    },
  );

  it.each(commands.filter(([path]) => !['console', 'sandbox', 'completion', 'policy schema'].includes(path)))(
    '%s has --json, and a documented shape for it',
    (path, command) => {
      expect(command.options.map(({ long }) => long)).toContain('--json');
      expect(jsonShapes[path]).toBeDefined();
    },
  );

  it('has a page, which says what its help says', async () => {
    const pages = await commandPages();
    expect(readdirSync(join(root, 'docs/commands')).sort()).toEqual(
      [...pages.keys()].map((path) => path.split('/').at(-1)).sort(),
    );
    for (const [path, content] of pages)
      expect(readFileSync(join(root, path), 'utf8'), `${path}: npm run build writes it anew`).toBe(content);
  });

  it('is loaded only where the arguments name it', async () => {
    expect((await createProgram(() => {}, ['scan', '--json'])).commands.map((one) => one.name())).toEqual(['scan']);
    expect((await createProgram(() => {}, ['--help'])).commands.length).toBe(program.commands.length);
    expect((await createProgram(() => {}, ['constructor'])).commands.length).toBe(program.commands.length);
  });
});

describe('a documented shape', () => {
  it.each(Object.entries(jsonShapes))('of %s is written whole', (_, shape) => {
    expect(shapeLines(shape).join('\n')).not.toContain('unknown[]');
    expect(shapeLines(shape).length).toBeGreaterThan(3);
  });
});

describe('completion of bash', () => {
  let script = '';
  beforeAll(() => {
    script = completionScript(program, 'bash');
  });
  /** What bash offers, once these words are typed and the last one is to be completed. */
  function offered(...words: string[]): string[] {
    const typed = ['layerward', ...words].map((word) => `'${word}'`).join(' ');
    const { stdout, stderr } = spawnSync(
      'bash',
      [
        '--norc',
        '-c',
        `${script}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _layerward; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      { encoding: 'utf8', cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // Outside of a completion there are no options of one to be set.
    expect(stderr.replaceAll(/.*compopt: not currently executing completion function\n/g, '')).toBe('');
    return stdout.split('\n').filter(Boolean);
  }

  it('offers commands, and those below them', () => {
    expect(offered('s')).toEqual(['scan', 'status', 'snippet', 'sandbox']);
    expect(offered('policy', '')).toEqual(['check', 'test', 'schema']);
  });

  it('offers options of the command, and no other', () => {
    expect(offered('plan', '--o')).toEqual(['--out']);
    expect(offered('status', '--bl')).toEqual(['--blocked']);
    expect(offered('scan', '--bl')).toEqual([]);
  });

  it('offers values of options, also after an equals sign', () => {
    expect(offered('snippet', 'orders', '--as', 'c')).toEqual(['cloudformation', 'cdk']);
    expect(offered('snippet', 'orders', '--as', '=', 's')).toEqual(['sam']);
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('offers files where a file is asked for', () => {
    expect(offered('scan', '--policy', 'policy.exa')).toEqual(['policy.example.yaml']);
    expect(offered('policy', 'check', 'policy.exa')).toEqual(['policy.example.yaml']);
  });
});

describe('completion', () => {
  it.each(['zsh', 'fish'] as const)('of %s names every command', (shell) => {
    const script = completionScript(program, shell);
    for (const [path] of commands) expect(script).toContain(`layerward ${path}`);
    expect(script).not.toContain('undefined');
  });
});

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).error === undefined;

/** What a shell prints of a script of its own. */
function printedBy(shell: string, options: readonly string[], script: string): string[] {
  const { stdout, stderr } = spawnSync(shell, [...options, '-c', script], { encoding: 'utf8', cwd: root });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describe.skipIf(!isInstalled('zsh'))('completion of zsh, where it is installed', () => {
  /** What the script hands to zsh's own functions, which take it from there. */
  const offered = (...words: string[]) =>
    printedBy(
      'zsh',
      ['-f'],
      `compdef() { : }
_describe() { [[ $1 == -o ]] && shift; print -l -- \${\${(P)2}%%:*}; }
compadd() { shift; print -l -- $@; }
_files() { print files; }
_message() { print anything; }
${completionScript(program, 'zsh')}
() { local -a words=(layerward "$@"); local CURRENT=$#words; _layerward; } ${words.map((word) => `'${word}'`).join(' ')}`,
    );

  it('offers commands and those below them, options, and their values', () => {
    expect(offered('')).toEqual(program.commands.map((one) => one.name()));
    expect(offered('policy', '')).toEqual(['check', 'test', 'schema']);
    expect(offered('plan', '--')).toContain('--out');
    expect(offered('scan', '--')).not.toContain('--out');
    expect(offered('snippet', 'orders', '--as', '')).toEqual(['terraform', 'cloudformation', 'sam', 'cdk']);
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(offered('scan', '--policy', '')).toEqual(['files']);
    expect(offered('scan', '--limit', '')).toEqual(['anything']);
  });
});

describe.skipIf(!isInstalled('fish'))('completion of fish, where it is installed', () => {
  /** What fish itself offers for a line. */
  const offered = (line: string) =>
    printedBy(
      'fish',
      ['--no-config'],
      `${completionScript(program, 'fish')}\ncomplete -C '${line}' | string replace -r '\\t.*' ''`,
    );

  it('offers commands and those below them, options, and their values', () => {
    expect(offered('layerward s')).toEqual(['sandbox', 'scan', 'snippet', 'status']);
    expect(offered('layerward policy ')).toEqual(['check', 'schema', 'test']);
    expect(offered('layerward plan --o')).toEqual(['--out']);
    expect(offered('layerward scan --o')).toEqual([]);
    expect(offered('layerward snippet orders --as c')).toEqual(['cdk', 'cloudformation']);
    expect(offered('layerward completion ')).toEqual(['bash', 'fish', 'zsh']);
    expect(offered('layerward scan --policy policy.exa')).toEqual(['policy.example.yaml']);
  });
});
