import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { runCommand } from './command.ts';
import { type Measurement, median, renderTable } from './measurement.ts';
import { functionsOf, type Population, protectedRuntime } from './population.ts';
import { createProgress, type Progress } from './progress.ts';

/* `npm run bench:cli`: how long people wait for the command line, and what it needs, as a process of its own. */

const usage = `Usage: npm run bench:cli -- [--json] [--help]

Times layerward --help, and layerward scan of 10,000 functions on the sandbox with 20 ms a call and without quotas.

  --json  for machines
  --help  this text
`;

const bin = join(import.meta.dirname, '../bin/layerward.js');
const helpRuns = 21;
const scanRuns = 3;
const functions = 10_000;
const latencyMilliseconds = 20;

function readOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    return { isJson: values.json, isHelp: values.help };
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
}

/** A process as it was: what it took, and the most memory that it had. */
interface Ran {
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** Runs the command line. @param codes with which it may end */
function run(args: readonly string[], codes: readonly number[], env: Readonly<Record<string, string>> = {}): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'layerward-bench-'));
  const peak = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))`;
  const hook = `data:text/javascript,${encodeURIComponent(peak)}`;
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--import', hook, bin, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const milliseconds = performance.now() - startedAt;
  rmSync(folder, { recursive: true });
  const [, kilobytes] = /peak (\d+)\n/.exec(stderr) ?? [];
  if (!codes.includes(status ?? -1) || kilobytes === undefined)
    throw new Error(`layerward ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { milliseconds, megabytes: Number(kilobytes) / 1024 };
}

/** What Node alone takes to start and to end. */
function bareMilliseconds(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['--eval', '']);
  return performance.now() - startedAt;
}

function measureHelp(): Measurement[] {
  const bare: number[] = [];
  const help: number[] = [];
  for (let turn = 0; turn < helpRuns; turn++) {
    bare.push(bareMilliseconds());
    help.push(run(['--help'], [0]).milliseconds);
  }
  const baseline = { name: 'Node alone', value: median(bare) };
  return [{ name: 'layerward --help', value: median(help), unit: 'ms', baseline, goal: 150 }];
}

async function measureScan(taggedPercent: number, progress: Progress): Promise<Measurement[]> {
  const sandbox = spawn(process.execPath, [bin, 'sandbox', '--port', '0', '--no-service'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const line = await new Promise<string>((resolve, reject) => {
      sandbox.stdout.once('data', (text) => resolve(String(text)));
      sandbox.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    });
    const endpoint = z.url().parse(line.replace('ready ', '').trim());
    const ask = async (method: string, name: string, body: unknown) => {
      const answer = await fetch(`${endpoint}/_sandbox/${name}`, { method, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`the sandbox refused ${method} ${name}: ${await answer.text()}`);
    };
    const population: Population = { functions, taggedPercent, regions: ['us-east-1'], runtime: protectedRuntime };
    // Their teams' layers would have to be published first; a scan does not look at whose they are.
    await ask(
      'POST',
      'functions',
      functionsOf(population).map((one) => ({ ...one, layers: [] })),
    );
    await ask('PUT', 'faults', { quotas: 'off', latencyMilliseconds });
    const env = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'you',
      AWS_SECRET_ACCESS_KEY: 'any',
    };
    const runs: Ran[] = [];
    for (let turn = 0; turn < scanRuns; turn++) {
      progress.report(`scanning ${functions} functions, ${taggedPercent} % opted in, ${turn + 1} of ${scanRuns}`);
      // All of them differ from what the policy wants.
      runs.push(run(['scan'], [1], env));
    }
    const listing = (Math.ceil(functions / 50) * latencyMilliseconds) / 1000;
    const name = `scan of ${functions.toLocaleString('en')}, ${taggedPercent} % opted in`;
    return [
      {
        name,
        value: median(runs.map(({ milliseconds }) => milliseconds)) / 1000,
        unit: 's',
        baseline: { name: 'listing them all, one page after the other', value: listing },
        goal: 5,
      },
      { name: `${name}: memory`, value: Math.max(...runs.map(({ megabytes }) => megabytes)), unit: 'MB', goal: 200 },
    ];
  } finally {
    sandbox.kill('SIGTERM');
  }
}

await runCommand(readOptions(process.argv.slice(2)), usage, async ({ isJson }) => {
  const progress = createProgress();
  try {
    progress.report('starting and ending');
    const measurements = [
      ...measureHelp(),
      ...(await measureScan(10, progress)),
      ...(await measureScan(100, progress)),
    ];
    return isJson ? JSON.stringify(measurements, undefined, 2) : renderTable(measurements);
  } finally {
    progress.end();
  }
});
