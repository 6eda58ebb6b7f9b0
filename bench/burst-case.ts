import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient, ResourceConflictException, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { openDynamoDbRecords } from '../src/aws/dynamodb-record-queries.ts';
import { type BenchSandbox, type Call, homeRegion, startBenchSandbox } from './bench-sandbox.ts';
import type { BurstOptions } from './burst-options.ts';
import { protectedRuntime, settle } from './population.ts';
import { queueLength } from './queue-length.ts';
import { countOnWire } from './wire.ts';

/** What a burst came to. */
export interface BurstResult {
  readonly events: number;
  readonly functions: number;
  readonly callsPerSecond: number;
  /** Functions that are protected in the end. */
  readonly protected: number;
  /** Accepted updates of the function that got the fewest, and of the one that got the most. */
  readonly fewestUpdates: number;
  readonly mostUpdates: number;
  /** Updates that AWS refused, because the function was busy or had changed. */
  readonly refusedUpdates: number;
  /** Calls of `GetFunction`. */
  readonly looks: number;
  /** Layerward's calls that share Lambda's quota, in the fullest second. */
  readonly maxPerSecond: number;
  readonly deadLetters: number;
  /** Seconds that sending the events took. */
  readonly burstSeconds: number;
  /** Seconds from the first event until the queue was empty. */
  readonly seconds: number;
  /** Seconds that one update for each function takes at least at this rate. */
  readonly secondsAtRate: number;
}

const changesAtOnce = 20;
const pollEveryMs = 1_000;
/** Polls of the queue between two looks at the wire, which remembers a limited number of calls. */
const pollsPerCount = 20;
/** The queue has to be found empty this often in a row: an event is on its way for a moment. */
const emptyPolls = 3;

/** Measures a burst on a sandbox of its own. */
export async function measureBurst(
  { events, functions, callsPerSecond }: BurstOptions,
  report: (doing: string) => void,
): Promise<BurstResult> {
  report('starting the sandbox');
  const sandbox = await startBenchSandbox({
    isAtWork: true,
    parameters: { CallsPerSecond: String(callsPerSecond) },
  });
  try {
    await firstSweepEnded(sandbox);
    await sandbox.putFaults({ quotas: 'off' });
    const population = { functions, taggedPercent: 100, regions: [homeRegion], runtime: protectedRuntime };
    const names = (await settle(sandbox, population)).map(({ name }) => name);
    await sandbox.forgetCalls();

    const startedAt = performance.now();
    const secondsSoFar = () => (performance.now() - startedAt) / 1000;
    report(`sending ${events} events`);
    await change(
      sandbox,
      Array.from({ length: events }, (_, index) => names[index % functions] ?? ''),
    );
    const burstSeconds = secondsSoFar();
    const calls = await callsUntilQueueIsEmpty(sandbox, report);
    const seconds = secondsSoFar() - (emptyPolls * pollEveryMs) / 1000;

    const updates = calls.filter(({ action }) => action === 'UpdateFunctionConfiguration');
    const accepted = Map.groupBy(
      updates.filter(({ status }) => status === 200),
      functionNameOf,
    );
    const perFunction = names.map((name) => accepted.get(name)?.length ?? 0);
    return {
      events,
      functions,
      callsPerSecond,
      protected: await countProtected(sandbox),
      fewestUpdates: Math.min(...perFunction),
      mostUpdates: Math.max(...perFunction),
      refusedUpdates: updates.filter(({ status }) => status !== 200).length,
      looks: calls.filter(({ action }) => action === 'GetFunction').length,
      maxPerSecond: countOnWire(calls).maxPerSecond,
      deadLetters: await queueLength(clientFor(sandbox), sandbox.outputs['DeadLetterQueueUrl'] ?? ''),
      burstSeconds,
      seconds,
      secondsAtRate: functions / callsPerSecond,
    };
  } finally {
    await sandbox.stop();
  }
}

const clientFor = (sandbox: BenchSandbox) =>
  new SQSClient({ ...sandbox.clientOptions('viewer'), useQueueUrlAsEndpoint: false });

/** Waits for the sweep that each deployment starts. */
async function firstSweepEnded(sandbox: BenchSandbox): Promise<void> {
  const client = new SFNClient(sandbox.clientOptions('viewer'));
  const stateMachineArn = sandbox.outputs['SweepMachineArn'];
  for (;;) {
    const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
    if (executions.length > 0 && executions.every(({ status }) => status !== 'RUNNING')) return;
    await sleep(100);
  }
}

/** Somebody changes these functions one after the other, many at a time; each change makes an event. */
async function change(sandbox: BenchSandbox, names: readonly string[]): Promise<void> {
  const client = new LambdaClient(sandbox.clientOptions('olga'));
  const waiting = [...names.entries()].reverse();
  const work = async () => {
    for (let one = waiting.pop(); one; one = waiting.pop()) {
      const [index, FunctionName] = one;
      const command = new UpdateFunctionConfigurationCommand({ FunctionName, Description: `change ${index}` });
      // Whoever deploys while AWS is still at work on the function tries again, too.
      while (!(await client.send(command).then(() => true, isBusy))) await sleep(50);
    }
  };
  await Promise.all(Array.from({ length: changesAtOnce }, work));
  client.destroy();
}

function isBusy(error: unknown): false {
  if (error instanceof ResourceConflictException) return false;
  throw error;
}

/** Waits until the queue is empty, and answers the calls of Lambda that Layerward made until then. */
async function callsUntilQueueIsEmpty(
  sandbox: BenchSandbox,
  report: (doing: string) => void,
): Promise<readonly Call[]> {
  const client = clientFor(sandbox);
  const calls = new Map<number, Call>();
  const count = async () => {
    for (const call of await sandbox.calls('caller=function&service=lambda')) calls.set(call.sequence, call);
  };
  for (let [polls, empty] = [1, 0]; empty < emptyPolls; polls++) {
    await sleep(pollEveryMs);
    const left = await queueLength(client, sandbox.resources['ChangeQueue'] ?? '');
    empty = left === 0 ? empty + 1 : 0;
    report(`${left} messages left`);
    if (polls % pollsPerCount === 0) await count();
  }
  await count();
  return [...calls.values()];
}

/** `/2015-03-31/functions/<name or ARN>/configuration` */
function functionNameOf({ path }: Call): string {
  return (
    decodeURIComponent(path.split('/').at(-2) ?? '')
      .split(':')
      .at(-1) ?? ''
  );
}

async function countProtected(sandbox: BenchSandbox): Promise<number> {
  const client = new DynamoDBClient(sandbox.clientOptions('viewer'));
  const records = openDynamoDbRecords(client, sandbox.outputs['RecordsTableName'] ?? '');
  let count = 0;
  for await (const _ of records.withStatus('protected')) count++;
  return count;
}
