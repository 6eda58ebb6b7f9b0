import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { openDynamoDbRecords } from '../src/aws/dynamodb-record-queries.ts';
import type { Coverage } from '../src/domain/ports.ts';
import type { FunctionSeed } from '../src/sandbox/lambda/control-plane.ts';
import { listingLagMs } from '../src/service/sweep.ts';
import { type BenchSandbox, startBenchSandbox } from './bench-sandbox.ts';
import { startProcess } from './child-process.ts';
import { withoutLimit } from './lifted-limit.ts';
import { accountId, isTagged, type Population, settle, teamLayer } from './population.ts';
import { type SweepOrder, sweepFigures } from './sweep-process.ts';
import { deployedShare, type SweepResult } from './sweep-result.ts';
import { countOnWire } from './wire.ts';

/** One sweep to be measured twice: while it repairs all that opted in, and while all is well. */
export interface SweepCase extends Population {
  /** Milliseconds that Lambda and the tagging API take for each call. */
  readonly latency: number;
  /** Whether calls wait for their turn, as deployed, and AWS keeps to its quotas. */
  readonly hasLimiter: boolean;
}

/** The access keys that tell on the wire who called. */
const sweeper = 'sweep';
const verifier = 'remediate';

/** Measures one case on a sandbox of its own. */
export async function measureSweep(given: SweepCase, report: (doing: string) => void): Promise<SweepResult[]> {
  report('starting the sandbox');
  const sandbox = await startBenchSandbox({ isAtWork: false, parameters: {} });
  try {
    const tagged = (await settle(sandbox, given)).filter(isTagged);
    report(`protecting ${tagged.length}`);
    await letThrough(sandbox);
    await runSweep(sandbox, given, false);
    await workOffQueue(sandbox);
    report(`taking the layer off ${tagged.length}`);
    await takeLayersOff(sandbox, tagged);
    report('waiting until listings are trusted again, as they are in an account at rest');
    await sleep(listingLagMs);
    report('sweeping, with all to be repaired');
    const repair = await measure(sandbox, given, tagged.length, 'repair');
    report('verifying');
    await letThrough(sandbox);
    await sandbox.forgetCalls();
    await workOffQueue(sandbox);
    const reads = await sandbox.calls('action=GetFunction');
    const verificationCalls = reads.filter(({ caller }) => caller.accessKeyId === verifier).length;
    report('sweeping, with nothing to do');
    const idle = await measure(sandbox, given, tagged.length, 'idle');
    return [{ ...repair, verificationCalls }, idle];
  } finally {
    await sandbox.stop();
  }
}

/** No latency, no quotas, and no event reaches the queue: for what has to be done and is not measured. */
async function letThrough(sandbox: BenchSandbox): Promise<void> {
  await sandbox.putFaults({
    quotas: 'off',
    timings: { updateMilliseconds: 0 },
    delivery: [{ effect: 'drop' }],
  });
}

async function measure(
  sandbox: BenchSandbox,
  given: SweepCase,
  tagged: number,
  mode: SweepResult['mode'],
): Promise<SweepResult> {
  const { functions, regions, latency, hasLimiter } = given;
  await sandbox.putFaults({
    latencyMilliseconds: { lambda: latency, tagging: latency },
    ...(hasLimiter ? {} : { quotas: 'off' as const }),
    delivery: [{ effect: 'drop' }],
  });
  // The line and AWS's quota are as after a quiet second.
  if (hasLimiter) await sleep(1_000);
  await sandbox.forgetCalls();
  const { figures, coverage } = await runSweep(sandbox, given, hasLimiter);
  const seen = [...(await sandbox.calls('service=lambda')), ...(await sandbox.calls('service=tagging'))];
  const own = seen.filter(({ caller }) => caller.accessKeyId === sweeper);
  const { mostInOneQuota, ...wire } = countOnWire(own);
  requireAsExpected(mode, tagged, coverage, own.filter(({ action }) => action.startsWith('Update')).length);
  return {
    tool: 'layerward',
    mode,
    functions,
    tagged,
    regions: regions.length,
    latency,
    limiter: hasLimiter ? 'on' : 'off',
    ...wire,
    ...figures,
    secondsAtShare: mostInOneQuota / deployedShare,
    refused: own.filter(({ status = 0 }) => status >= 400).length,
    verificationCalls: 0,
  };
}

/** A sweep that found something else than was put there was not worth measuring. */
function requireAsExpected(
  mode: SweepResult['mode'],
  tagged: number,
  coverage: readonly Coverage[],
  updates: number,
): void {
  const sum = (of: (one: Coverage) => number) => coverage.reduce((total, one) => total + of(one), 0);
  const found = {
    repaired: sum(({ repaired }) => repaired),
    sent: sum(({ sent }) => sent),
    protected: sum(({ counts }) => counts['protected'] ?? 0),
    updates,
    problems: coverage.flatMap(({ problem }) => problem ?? []).join('; '),
  };
  const wanted =
    mode === 'repair'
      ? { repaired: tagged, sent: 0, protected: 0, updates: tagged, problems: '' }
      : { repaired: 0, sent: 0, protected: tagged, updates: 0, problems: '' };
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`the sweep found ${JSON.stringify(found)}, and not ${JSON.stringify(wanted)}`);
}

let sweeps = 0;

/** Runs one sweep of all regions to its end. */
async function runSweep(sandbox: BenchSandbox, { regions }: Population, hasLimiter: boolean) {
  const sweepId = `bench-${++sweeps}`;
  const order: SweepOrder = {
    hasLimiter,
    task: { sweepId, startedAt: new Date().toISOString(), accountId, secretNames: [], regions: [...regions] },
  };
  const child = startProcess('sweep-process.ts', order, {
    ...sandbox.environmentOf('layerward-sweep', sweeper),
    ...(hasLimiter ? {} : { LAYERWARD_CALLS_PER_SECOND: String(withoutLimit) }),
  });
  try {
    const figures = await child.answer(sweepFigures);
    const records = openDynamoDbRecords(
      new DynamoDBClient(sandbox.clientOptions('viewer')),
      sandbox.outputs['RecordsTableName'] ?? '',
    );
    const coverage: Coverage[] = [];
    for await (const one of records.coverageOf(sweepId)) coverage.push(one);
    return { figures, coverage };
  } finally {
    await child.stop();
  }
}

/** Lets Layerward work the queue off, without waiting for turns. */
async function workOffQueue(sandbox: BenchSandbox): Promise<void> {
  const child = startProcess('queue-process.ts', undefined, {
    ...sandbox.environmentOf('layerward-remediate', verifier),
    LAYERWARD_CALLS_PER_SECOND: String(withoutLimit),
  });
  try {
    await child.answer(z.object({ taken: z.number() }));
  } finally {
    await child.stop();
  }
}

/** Somebody leaves only the team's own layer on each, and no event tells of it. */
async function takeLayersOff(sandbox: BenchSandbox, functions: readonly FunctionSeed[]): Promise<void> {
  const waiting = [...functions];
  const clients = new Map<string, LambdaClient>();
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const { name, region } = one;
      const client = clients.get(region) ?? new LambdaClient(sandbox.clientOptions('mallory', region));
      clients.set(region, client);
      await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Layers: [teamLayer(region)] }));
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  for (const client of clients.values()) client.destroy();
}
