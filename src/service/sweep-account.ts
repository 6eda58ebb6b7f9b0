import { LayerwardError, Throttled } from '../domain/errors.ts';
import type { Coverage, SweepRecords } from '../domain/ports.ts';
import { type MayGoOn, type SweepProgress, type SweepTask, type SweepWorld, sweep } from './sweep.ts';

/** An account to be swept, in some regions; what a state machine hands from one run to the next. */
export interface AccountSweepTask extends Omit<SweepTask, 'region' | 'progress'> {
  readonly regions: readonly RegionToSweep[];
}

/** A region that is still to be swept, or swept to its end. */
export interface RegionToSweep {
  readonly region: string;
  readonly progress?: SweepProgress | undefined;
  /** How often it was put off. */
  readonly delays?: number | undefined;
}

/** What is left of a task; the regions are empty at the end. */
export interface AccountSweepRest extends AccountSweepTask {
  /** How long to wait before going on. */
  readonly waitSeconds: number;
}

/** Regions have quotas of their own, so that they don't stand in each other's way. */
const regionsAtOnce = 4;
/** How often a region is put off before it counts as failed; with the delays below, that is an hour. */
const delaysAllowed = 12;

/**
 * Sweeps an account's regions. One that can't be swept stops none of the others: it is noted in the coverage with what
 * AWS said, once where all of them fail for the same reason. What passes by itself (throttling, a service that does
 * not answer) is tried again later, and so is what is left when time is short.
 */
export async function sweepAccount(
  task: AccountSweepTask,
  world: SweepWorld,
  mayGoOn: MayGoOn,
): Promise<AccountSweepRest> {
  const { regions: toSweep, ...common } = task;
  const rest: RegionToSweep[] = [];
  const problems = new Map<string, string[]>();
  let waitSeconds = 0;
  const waiting = [...toSweep];
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const { region, progress, delays = 0 } = one;
      if (!(await mayGoOn())) {
        rest.push(one);
        continue;
      }
      try {
        const reached = await sweep({ ...common, region, progress }, world, mayGoOn);
        if (reached.marker === undefined)
          await world.records.saveCoverage(coverageOf({ ...common, region }, reached, world));
        else rest.push({ region, progress: reached });
      } catch (error) {
        if (!(error instanceof LayerwardError)) world.log.error({ ...common, region, err: error }, 'unexpected error');
        const message = error instanceof LayerwardError ? error.message : `unexpected error: ${String(error)}`;
        if (error instanceof LayerwardError && error.retryable && delays < delaysAllowed) {
          world.log.warn({ accountId: common.accountId, region, code: error.code, delays }, message);
          waitSeconds = Math.max(waitSeconds, delayFor(error, delays));
          rest.push({ region, progress, delays: delays + 1 });
        } else problems.set(message, [...(problems.get(message) ?? []), region]);
      }
    }
  };
  await Promise.all(Array.from({ length: regionsAtOnce }, work));
  for (const [problem, regions] of problems) await noteProblem(common, regions, problem, world);
  return { ...common, regions: rest, waitSeconds };
}

/** Seconds until the next try: 5, 10, 20, … up to ten minutes, and at least what AWS asks for. */
function delayFor(error: LayerwardError, delays: number): number {
  const asked = error instanceof Throttled ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(Math.ceil(asked), Math.min(600, 5 * 2 ** delays));
}

/** Notes that an account, or some of its regions, could not be swept, and why. */
export async function noteProblem(
  { sweepId, accountId }: Pick<AccountSweepTask, 'sweepId' | 'accountId'>,
  regions: readonly string[],
  problem: string,
  { records, log, now }: Pick<SweepWorld, 'log' | 'now'> & { readonly records: Pick<SweepRecords, 'saveCoverage'> },
): Promise<void> {
  log.error({ accountId, regions, sweepId, code: 'not-swept' }, problem);
  const [region] = regions;
  const what = region === undefined ? `account ${accountId}` : `account ${accountId} in ${regions.join(', ')}`;
  const where = region !== undefined && regions.length === 1 ? { accountId, region } : { accountId };
  await records.saveCoverage({
    sweepId,
    at: now().toISOString(),
    what,
    ...where,
    counts: {},
    sent: 0,
    repaired: 0,
    problem,
  });
}

function coverageOf(
  { sweepId, accountId, region }: SweepTask,
  { counts, sent, repaired }: SweepProgress,
  { now }: SweepWorld,
): Coverage {
  const what = `account ${accountId} in ${region}`;
  return { sweepId, at: now().toISOString(), what, accountId, region, counts, sent, repaired };
}
