import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../src/sandbox/random.ts';
import { readAgents } from '../src/service/agent-files.ts';
import { startBenchSandbox } from './bench-sandbox.ts';
import { failingCalls } from './call-faults.ts';
import { type HubView, openHubView } from './hub-view.ts';
import { whatWasLost } from './load-check.ts';
import { type LoadFigures, watchLoad } from './load-watch.ts';
import { protectedRuntime, regionsFor, settle } from './population.ts';
import { createTeams, type Mix, type Teams } from './teams.ts';

/** What Layerward has to bear. */
export interface LoadOrder {
  /** Where chance comes from: what people do, and which calls fail. */
  readonly seed: number;
  readonly functions: number;
  /** Percent that opted in. */
  readonly taggedPercent: number;
  readonly regions: number;
  /** Changes that people make, and how many a second. */
  readonly changes: number;
  readonly rate: number;
  readonly mix: Mix;
  /** Percent of Layerward's own calls that fail. */
  readonly faultsPercent: number;
  /** After how many changes there is a sweep, and other credentials, again and again; never, if left out. */
  readonly sweepEvery?: number;
  readonly rotateEvery?: number;
}

/** What became of it. */
export interface LoadResult extends LoadOrder {
  /** Functions that there are at the end, and how many of them opted in. */
  readonly functionsLeft: number;
  readonly optedIn: number;
  /** Everything that was lost, or done without need, a sentence for each. */
  readonly lost: readonly string[];
  /** Dead letters once the queue was empty, and those that were left after they were redriven. */
  readonly deadLetters: number;
  readonly deadLettersLeft: number;
  /** Seconds until the last change, and until the queue was empty. */
  readonly changeSeconds: number;
  readonly seconds: number;
  /** Before the first change, every minute, and at the end. */
  readonly figures: readonly LoadFigures[];
}

/** Whoever wants to know how it goes. */
export interface LoadListener {
  readonly report: (doing: string) => void;
  readonly onFigures: (figures: LoadFigures) => void;
}

const changesAtOnce = 50;
/** CloudTrail delivers events at least once. */
const duplicates = { effect: 'duplicate', ratio: 0.05 } as const;
/** Those that the sandbox begins with. */
const firstCredentials = { key: 'sandbox-key', secret: 'sandbox-secret' };

/**
 * Lets people work on the functions of a sandbox of its own, with Layerward as deployed, while some of its calls fail, and
 * compares what comes out.
 */
export async function bearLoad(order: LoadOrder, { report, onFigures }: LoadListener): Promise<LoadResult> {
  const { functions, taggedPercent, seed, faultsPercent } = order;
  const [agent] = readAgents().values();
  if (!agent) throw new Error('agents/ holds no agent');
  const regions = regionsFor(order.regions);
  report('starting the sandbox');
  const sandbox = await startBenchSandbox({ isAtWork: true, parameters: { Regions: regions.join(',') } });
  try {
    const hub = openHubView(sandbox);
    const watch = watchLoad(sandbox, hub, onFigures);
    const emptied = () => hub.queueEmptied((left) => report(`${left} messages left`));

    await hub.sweepsEnded();
    const seeds = await settle(sandbox, { functions, taggedPercent, regions, runtime: protectedRuntime });
    const teams = createTeams(sandbox, seeds, order.mix, createRandom(seed), agent);
    // All that opted in are protected by a sweep, which nothing hinders.
    await hub.startSweep();
    await hub.sweepsEnded();
    await emptied();

    await sandbox.putFaults({ seed, calls: failingCalls(faultsPercent), delivery: [duplicates] });
    await watch.begin();
    const credentials = await makeChanges(order, teams, hub, (made) => {
      watch.noteChange();
      report(`${made} of ${order.changes} changes`);
    });
    const changeSeconds = watch.seconds();
    await hub.sweepsEnded();
    const emptyFor = await emptied();
    const seconds = watch.seconds() - emptyFor;
    await sandbox.putFaults({});
    const deadLetters = await hub.deadLetters();
    if (deadLetters > 0) {
      // What the errors named has passed: whoever is on call redrives.
      await hub.redrive();
      await emptied();
    }
    await watch.end();
    report('comparing');
    const lost = await whatWasLost({
      teams,
      hub,
      agent,
      credentials,
      outcomes: watch.outcomes(),
      updates: watch.updates,
    });
    teams.stop();
    const left = teams.functions.filter(({ isDeleted }) => !isDeleted);
    return {
      ...order,
      functionsLeft: left.length,
      optedIn: left.filter(({ hasOptedIn }) => hasOptedIn).length,
      lost,
      deadLetters,
      deadLettersLeft: await hub.deadLetters(),
      changeSeconds,
      seconds,
      figures: watch.figures,
    };
  } finally {
    await sandbox.stop();
  }
}

/** Makes the changes at their rate, many at a time where they take long. Answers the credentials in force at the end. */
async function makeChanges(
  { changes, rate, sweepEvery, rotateEvery }: LoadOrder,
  teams: Teams,
  hub: HubView,
  onChange: (made: number) => void,
): Promise<typeof firstCredentials> {
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const isTurn = (number: number, every: number | undefined) => every !== undefined && number % every === 0;
  let credentials = firstCredentials;
  let made = 0;
  const startedAt = performance.now();
  for (let number = 1; number <= changes; number++) {
    await sleep(Math.max(0, startedAt + ((number - 1) * 1000) / rate - performance.now()));
    if (isTurn(number, sweepEvery)) await hub.startSweep();
    if (isTurn(number, rotateEvery)) {
      credentials = { key: `sandbox-key-${number}`, secret: `sandbox-secret-${number}` };
      teams.noteRotation();
      await hub.rotateCredentials(credentials);
    }
    while (underWay.size >= changesAtOnce) await Promise.race(underWay);
    const one: Promise<void> = teams
      .doSomething()
      .then(
        () => onChange(++made),
        (error: unknown) => void failures.push(error),
      )
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (failures.length > 0) break;
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return credentials;
}
