import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { scanReport } from '../src/cli/scan-report.ts';
import { type BenchSandbox, type Call, homeRegion, startBenchSandbox } from './bench-sandbox.ts';
import { type Measurement, median } from './measurement.ts';
import { isTagged, protectedRuntime, settle } from './population.ts';

const bin = join(import.meta.dirname, '../bin/layerward.js');
const goals = { seconds: 5, peakMemoryMb: 200 };
const runs = 3;
/** The access key that tells on the wire who called. */
const scanner = 'scan';
/** Loaded into the process that is measured: at its end it writes to its descriptor 3 what it has used. */
const usageAtExit =
  "import{writeSync}from'node:fs';process.once('exit',()=>writeSync(3,JSON.stringify(process.resourceUsage())))";

/** What is scanned. */
export interface ScanCase {
  readonly functions: number;
  readonly taggedPercent: number;
  /** Milliseconds that every call of AWS takes. */
  readonly latency: number;
}

/**
 * Scans one account and region of a sandbox by `layerward scan` as a process of its own: first without AWS's quotas, then
 * with them.
 */
export async function measureScan(given: ScanCase, report: (doing: string) => void): Promise<Measurement[]> {
  report('starting the sandbox');
  const sandbox = await startBenchSandbox({ isAtWork: false, parameters: {} });
  try {
    const population = { ...given, regions: [homeRegion], runtime: protectedRuntime };
    const tagged = (await settle(sandbox, population)).filter(isTagged).length;
    const title = `scan, ${count(given.functions)} functions, ${count(tagged)} opted in`;
    await sandbox.putFaults({ latencyMilliseconds: given.latency, quotas: 'off' });
    report('listing by the SDK alone');
    const listing = await listAlone(sandbox);
    const scans: Awaited<ReturnType<typeof scan>>[] = [];
    for (let run = 1; run <= runs; run++) {
      report(`scanning, ${run} of ${runs}`);
      scans.push(await scan(sandbox, tagged));
    }
    await sandbox.putFaults({ latencyMilliseconds: given.latency });
    report('scanning under AWS’s quotas');
    const limited = await scan(sandbox, tagged);
    const bound = quotaBound(limited.calls);
    const middle = (of: (one: (typeof scans)[number]) => number) => median(scans.map(of));
    const { seconds: goal, peakMemoryMb } = goals;
    return [
      {
        name: title,
        value: middle(({ seconds }) => seconds),
        unit: 's',
        baseline: { name: 'ListFunctions alone', value: listing },
        goal,
      },
      { name: '… processor time', value: middle(({ processorSeconds }) => processorSeconds), unit: 's' },
      { name: '… peak memory', value: middle((one) => one.peakMemoryMb), unit: 'MB', goal: peakMemoryMb },
      { name: '… calls', value: middle(({ calls }) => calls.length), unit: '' },
      {
        name: '… under AWS’s quotas',
        value: limited.seconds,
        unit: 's',
        baseline: { name: 'the quotas alone', value: bound },
        goal: bound + goal,
      },
    ];
  } finally {
    await sandbox.stop();
  }
}

const count = (value: number) => value.toLocaleString('en-US');

/** AWS's quotas, calls a second; as many are there at once after a quiet second. Source: Lambda's guide. */
const quotas = { reading: 100, others: 15 };

/** Seconds that calls of Lambda take at least where AWS keeps to its quotas. */
function quotaBound(calls: readonly Call[]): number {
  const answered = calls.filter(({ service, status }) => service === 'lambda' && status === 200);
  const reads = answered.filter(({ action }) => action === 'GetFunction').length;
  const others = answered.length - reads;
  return Math.max(0, reads / quotas.reading - 1, others / quotas.others - 1);
}

const resourceUsage = z.looseObject({
  /** Kilobytes. */
  maxRSS: z.number(),
  /** Microseconds. */
  userCPUTime: z.number(),
  systemCPUTime: z.number(),
});

/** Seconds that all pages of all functions take, one after the other, if nothing else is done. */
async function listAlone(sandbox: BenchSandbox): Promise<number> {
  const client = new LambdaClient(sandbox.clientOptions('list'));
  try {
    // The connection is there, and the code compiled.
    for await (const _ of paginateListFunctions({ client }, {})) break;
    const startedAt = performance.now();
    for await (const _ of paginateListFunctions({ client }, {}));
    return (performance.now() - startedAt) / 1000;
  } finally {
    client.destroy();
  }
}

/** @param expected how many functions opted in: a scan that finds others was not worth measuring */
async function scan(sandbox: BenchSandbox, expected: number) {
  await sandbox.forgetCalls();
  // Where there is no policy.yaml.
  const folder = mkdtempSync(join(tmpdir(), 'layerward-bench-'));
  const preload = `data:text/javascript,${encodeURIComponent(usageAtExit)}`;
  // As many functions are named as a person would see.
  const args = ['scan', '--json', '--limit', '20'];
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', preload, bin, ...args], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      AWS_ENDPOINT_URL: sandbox.endpoint,
      AWS_REGION: homeRegion,
      AWS_ACCESS_KEY_ID: scanner,
      AWS_SECRET_ACCESS_KEY: 'any',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [, output, , usage] = child.stdio;
  try {
    if (!output || !(usage instanceof Readable)) throw new Error('the process of the scan has no pipes');
    const [printed, used] = await Promise.all([text(output), text(usage), once(child, 'close')]);
    const seconds = (performance.now() - startedAt) / 1000;
    const { optedIn, problems } = scanReport.parse(JSON.parse(printed));
    if (optedIn !== expected || problems.length > 0)
      throw new Error(`the scan found ${optedIn} of ${expected}, and ${JSON.stringify(problems)}`);
    const { userCPUTime, systemCPUTime, maxRSS } = resourceUsage.parse(JSON.parse(used));
    const calls = (await sandbox.calls('caller=user')).filter(({ caller }) => caller.accessKeyId === scanner);
    return {
      seconds,
      processorSeconds: (userCPUTime + systemCPUTime) / 1_000_000,
      peakMemoryMb: maxRSS / 1024,
      calls,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
