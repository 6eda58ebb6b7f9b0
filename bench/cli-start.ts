import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Measurement, median } from './measurement.ts';

/** What a person starts. */
const bin = join(import.meta.dirname, '../bin/layerward.js');
/** The most that `--help` should take. */
const goalMs = 150;

/** Another Node than the one that runs this. */
interface OlderNode {
  readonly path: string;
  readonly version: string;
}

/** For whoever has no older Node. */
export const howToGetOlderNode =
  'The start under an older Node is unmeasured: to measure it, put a Node from 20 to 23 on the PATH.';

/** Looks on the PATH for a Node under which `bin/layerward.js` hands over to the one in node_modules. */
export function findOlderNode(): OlderNode | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  for (const path of paths.filter(existsSync)) {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const version = stdout.trim().replace(/^v/, '');
    const major = Number(version.split('.')[0]);
    if (major >= 20 && major < 24) return { path, version };
  }
  return undefined;
}

/** What of a start is counted, in milliseconds. */
interface Start {
  /** From the start of the process to its end. */
  readonly elapsed: number;
  /** Of the process and of those that it started; no other work on the machine lengthens it much. */
  readonly processor: number;
}

/**
 * Times `layerward --help`, each time in a process of its own, in turns with Node alone.
 * @param older a Node under which the launcher is measured too
 */
export function measureStart(runs: number, older: OlderNode | undefined): Measurement[] {
  const help = [bin, '--help'];
  const nothing = ['--eval', ''];
  const commands = {
    help: () => start(process.execPath, help),
    bare: () => start(process.execPath, nothing),
    uncompiled: () => start(process.execPath, help, { NODE_DISABLE_COMPILE_CACHE: '1' }),
    launched: () => (older ? start(older.path, help) : undefined),
    bareOlder: () => (older ? start(older.path, nothing) : undefined),
  };
  // What Node keeps compiled is there from the second start on.
  commands.help();
  const starts: { readonly [Name in keyof typeof commands]: Start[] } = {
    help: [],
    bare: [],
    uncompiled: [],
    launched: [],
    bareOlder: [],
  };
  for (let run = 0; run < runs; run++)
    for (const name of ['help', 'bare', 'uncompiled', 'launched', 'bareOlder'] as const) {
      const one = commands[name]();
      if (one) starts[name].push(one);
    }
  const middle = (name: keyof typeof commands, part: keyof Start) => median(starts[name].map((one) => one[part]));
  const rows = (name: string, of: keyof typeof commands, baseline: string, bases: readonly (keyof typeof commands)[]) =>
    (['elapsed', 'processor'] as const).map((part): Measurement => {
      const value = bases.reduce((sum, base) => sum + middle(base, part), 0);
      return {
        name: part === 'elapsed' ? name : '… processor time',
        value: middle(of, part),
        unit: 'ms',
        baseline: { name: baseline, value },
        ...(part === 'elapsed' ? { goal: goalMs } : {}),
      };
    });
  const own = `Node ${process.versions.node}`;
  return [
    ...rows(`--help, ${own}`, 'help', 'Node alone', ['bare']),
    ...rows('--help, nothing compiled yet', 'uncompiled', 'Node alone', ['bare']),
    ...(older
      ? rows(`--help, launched by Node ${older.version}`, 'launched', 'both Nodes alone', ['bareOlder', 'bare'])
      : []),
  ];
}

/** Runs a command to its end. The shell's own clock counts also what processes that it started have used. */
function start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Start {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null';
  const { status, stderr, error } = spawnSync('bash', ['-c', script, 'bash', file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
    encoding: 'utf8',
  });
  const [, elapsed, user, system] = /^([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(stderr ?? '') ?? [];
  if (status !== 0 || elapsed === undefined)
    throw new Error(`${[file, ...args].join(' ')} can't be timed by bash: ${error?.message ?? stderr}`);
  return { elapsed: Number(elapsed) * 1000, processor: (Number(user) + Number(system)) * 1000 };
}
