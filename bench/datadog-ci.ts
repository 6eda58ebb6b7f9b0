import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { AddLayerVersionPermissionCommand, LambdaClient, PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { emptyArchive } from '../src/sandbox/tour/stage.ts';
import { type BenchSandbox, homeRegion, startBenchSandbox } from './bench-sandbox.ts';
import { isTagged, type Population, settle } from './population.ts';
import { deployedShare, type SweepResult } from './sweep-result.ts';
import { countOnWire } from './wire.ts';

/** datadog-ci as it was found. */
export interface DatadogCi {
  /** What to run. */
  readonly command: string;
  readonly args: readonly string[];
  readonly version: string;
}

/** For whoever has not got it. */
export const howToGetDatadogCi =
  'To measure datadog-ci beside it: npm install --prefix <folder> @datadog/datadog-ci @datadog/datadog-ci-plugin-lambda, ' +
  'and put <folder>/node_modules/.bin on the PATH.';

/** Datadog's account, whose layers it attaches, and those that a function on this runtime gets. */
const vendorAccount = '464622532012';
const runtime = 'nodejs20.x';
const layers = ['Datadog-Node20-x', 'Datadog-Extension'];

const manifest = z.object({ version: z.string() });

/** Looks for it among the packages of the working directory, then on the PATH. */
export async function findDatadogCi(): Promise<DatadogCi | undefined> {
  const installed = packageFrom(join(process.cwd(), 'package.json'));
  if (installed) return installed;
  const command = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'datadog-ci'))
    .find(existsSync);
  if (command === undefined) return undefined;
  const { output } = await run(command, ['version'], {});
  return { command, args: [], version: /\d+\.\d+\.\d+/.exec(output)?.[0] ?? 'of unknown version' };
}

function packageFrom(path: string): DatadogCi | undefined {
  try {
    const manifestPath = createRequire(path).resolve('@datadog/datadog-ci/package.json');
    const { version } = manifest.parse(JSON.parse(readFileSync(manifestPath, 'utf8')));
    return { command: process.execPath, args: [join(dirname(manifestPath), 'dist/bundle.js')], version };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Measures `lambda instrument` on a sandbox of its own, told by a pattern which functions opted in: first with all of them
 * to be instrumented, then with nothing to do. Its seconds are those from its first call to the answer to its last one, so
 * that its start does not count.
 */
export async function measureDatadogCi(
  datadogCi: DatadogCi,
  given: Omit<Population, 'runtime'> & { readonly latency: number },
  report: (doing: string) => void,
): Promise<SweepResult[]> {
  const sandbox = await startBenchSandbox({ isAtWork: false, parameters: {} });
  try {
    await publishVendorLayers(sandbox);
    const tagged = (await settle(sandbox, { ...given, runtime })).filter(isTagged).length;
    await sandbox.putFaults({
      latencyMilliseconds: { lambda: given.latency, tagging: given.latency },
      quotas: 'off',
      delivery: [{ effect: 'drop' }],
    });
    const results: SweepResult[] = [];
    for (const mode of ['repair', 'idle'] as const) {
      report(`datadog-ci, ${mode === 'repair' ? 'with all to be instrumented' : 'with nothing to do'}`);
      results.push(await instrument(sandbox, datadogCi, mode, tagged, given));
    }
    return results;
  } finally {
    await sandbox.stop();
  }
}

async function instrument(
  sandbox: BenchSandbox,
  { command, args, version }: DatadogCi,
  mode: SweepResult['mode'],
  tagged: number,
  { functions, regions, latency }: Omit<Population, 'runtime'> & { readonly latency: number },
): Promise<SweepResult> {
  await sandbox.forgetCalls();
  const options = ['--functions-regex', 'tagged$', '-r', homeRegion, '-v', '1', '-e', '1'];
  const withoutGit = ['--no-source-code-integration', '--no-upload-git-metadata'];
  const home = mkdtempSync(join(tmpdir(), 'layerward-bench-'));
  try {
    const { code, output } = await run(command, [...args, 'lambda', 'instrument', ...options, ...withoutGit], {
      HOME: home,
      AWS_ENDPOINT_URL: sandbox.endpoint,
      AWS_REGION: homeRegion,
      AWS_ACCESS_KEY_ID: 'datadog-ci',
      AWS_SECRET_ACCESS_KEY: 'any',
      AWS_EC2_METADATA_DISABLED: 'true',
      // The shape of a key, and nobody's.
      DATADOG_API_KEY: '0'.repeat(32),
    });
    if (code !== 0) throw new Error(`datadog-ci ended with exit code ${code}: ${output.slice(-2000)}`);
  } finally {
    rmSync(home, { recursive: true });
  }
  const calls = (await sandbox.calls('service=lambda')).filter(({ caller }) => caller.accessKeyId === 'datadog-ci');
  const updates = calls.filter(({ action }) => action === 'UpdateFunctionConfiguration').length;
  if (updates !== (mode === 'repair' ? tagged : 0))
    throw new Error(`datadog-ci made ${updates} updates, with ${tagged} functions to be instrumented (${mode})`);
  const { mostInOneQuota, ...wire } = countOnWire(calls);
  const first = calls[0]?.startedAtMilliseconds ?? 0;
  const last = Math.max(...calls.map(({ endedAtMilliseconds = 0 }) => endedAtMilliseconds));
  return {
    tool: `datadog-ci ${version}`,
    mode,
    functions,
    tagged,
    regions: regions.length,
    latency,
    limiter: 'off',
    ...wire,
    seconds: (last - first) / 1000,
    secondsAtShare: mostInOneQuota / deployedShare,
    cpuSeconds: null,
    peakMemoryMb: null,
    peakHeapMb: null,
    refused: calls.filter(({ status = 0 }) => status >= 400).length,
    verificationCalls: 0,
  };
}

/** What it attaches has to be there, and open to everybody. */
async function publishVendorLayers(sandbox: BenchSandbox): Promise<void> {
  const client = new LambdaClient(sandbox.clientOptions(`${vendorAccount}/datadog`));
  for (const LayerName of layers) {
    await client.send(new PublishLayerVersionCommand({ LayerName, Content: { ZipFile: emptyArchive } }));
    await client.send(
      new AddLayerVersionPermissionCommand({
        LayerName,
        VersionNumber: 1,
        StatementId: 'public',
        Action: 'lambda:GetLayerVersion',
        Principal: '*',
      }),
    );
  }
  client.destroy();
}

/** Runs a program to its end, with no environment but what it is given. */
async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => texts.push(text.toString()));
  const [code] = await once(child, 'close');
  return { code: Number(code), output: texts.join('') };
}
