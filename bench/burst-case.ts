import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { type BenchSandbox, type Call, homeRegion, startBenchSandbox } from './bench-sandbox.ts';
import type { BurstOptions } from './burst-options.ts';
import { type HubView, openHubView } from './hub-view.ts';
import { followOwnCalls, functionArnOf } from './own-calls.ts';
import { functionArn, protectedRuntime, settle } from './population.ts';
import { whenFree } from './when-free.ts';
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
  const hub = openHubView(sandbox);
  try {
    await hub.sweepsEnded();
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
    const calls: Call[] = [];
    const ownCalls = followOwnCalls(sandbox);
    const emptyFor = await hub.queueEmptied(async (left) => {
      report(`${left} messages left`);
      calls.push(...(await ownCalls()).filter(({ service }) => service === 'lambda'));
    });
    const seconds = secondsSoFar() - emptyFor;

    const updates = calls.filter(({ action }) => action === 'UpdateFunctionConfiguration');
    const accepted = Map.groupBy(
      updates.filter(({ status }) => status === 200),
      functionArnOf,
    );
    const perFunction = names.map((name) => accepted.get(functionArn(homeRegion, name))?.length ?? 0);
    return {
      events,
      functions,
      callsPerSecond,
      protected: await countProtected(hub),
      fewestUpdates: Math.min(...perFunction),
      mostUpdates: Math.max(...perFunction),
      refusedUpdates: updates.filter(({ status }) => status !== 200).length,
      looks: calls.filter(({ action }) => action === 'GetFunction').length,
      maxPerSecond: countOnWire(calls).maxPerSecond,
      deadLetters: await hub.deadLetters(),
      burstSeconds,
      seconds,
      secondsAtRate: functions / callsPerSecond,
    };
  } finally {
    await sandbox.stop();
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
      await whenFree(() => client.send(command));
    }
  };
  await Promise.all(Array.from({ length: changesAtOnce }, work));
  client.destroy();
}

async function countProtected({ records }: HubView): Promise<number> {
  let count = 0;
  for await (const _ of records.withStatus('protected')) count++;
  return count;
}
