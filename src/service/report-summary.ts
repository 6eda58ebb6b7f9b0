import {
  type ActivityHour,
  countedStatuses,
  type FixTimes,
  type LiveChange,
  type Part,
  type Report,
  type ReportedFunction,
  type ReportedOutcome,
  reportStatuses,
  type Totals,
} from './report-schema.ts';

/*
 * What follows from functions and their history. Pure, and without Node, so that the page counts by the same rules when
 * something changes while it is open.
 */

const counted = new Set<string>(countedStatuses);

/** What functions are told apart by. */
export type Dimension = 'account' | 'region' | 'runtime' | 'group';

/** A function's account, region, runtime or group; `none` where it has none. */
export function partOf(one: ReportedFunction, dimension: Dimension): string {
  return one[dimension] ?? 'none';
}

/** Counts functions. Released and deleted ones, and those about to be released, are none that could be protected. */
export function totalsOf(functions: readonly ReportedFunction[]): Totals {
  const totals = emptyTotals();
  for (const one of functions) count(totals, one);
  return totals;
}

/** Counts functions by account, region, runtime or group; the largest first. Parts without a counted function are left out. */
export function partsOf(functions: readonly ReportedFunction[], dimension: Dimension): Part[] {
  const parts = new Map<string, Part>();
  for (const one of functions) {
    const name = partOf(one, dimension);
    let part = parts.get(name);
    if (!part) {
      part = { name, ...emptyTotals() };
      parts.set(name, part);
    }
    count(part, one);
  }
  return [...parts.values()]
    .filter((part) => part.functions > 0)
    .sort((a, b) => b.functions - a.functions || compare(a.name, b.name));
}

function emptyTotals(): Totals {
  return { functions: 0, protected: 0, needPerson: 0, byStatus: {} };
}

function count(totals: Totals, { status, needsPerson }: ReportedFunction): void {
  totals.byStatus[status] = (totals.byStatus[status] ?? 0) + 1;
  if (counted.has(status)) totals.functions++;
  if (status === 'protected') totals.protected++;
  if (needsPerson) totals.needPerson++;
}

/** Those that need somebody first, and then by name. */
export function compareFunctions(a: ReportedFunction, b: ReportedFunction): number {
  return (
    Number(b.needsPerson) - Number(a.needsPerson) ||
    reportStatuses.indexOf(a.status) - reportStatuses.indexOf(b.status) ||
    compare(a.name, b.name) ||
    compare(a.arn, b.arn)
  );
}

/** By code units: the same order everywhere, and fast. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What an outcome means for people who look at many of them. */
export type Kind = 'drifted' | 'repaired' | 'changed' | 'stopped' | 'other';

/**
 * What an outcome means. An update that is only sent is told by the one that verifies it, unless it answers to somebody
 * who took protection off.
 */
export function kindOf({ status, action, previous }: ReportedOutcome): Kind {
  switch (status) {
    case 'drifted':
      return action === 'reported' || previous?.status === 'protected' ? 'drifted' : 'other';
    case 'protected':
      return action === 'repaired' ? 'repaired' : action === 'none' ? 'other' : 'changed';
    case 'blocked':
    case 'contested':
    case 'unsupported':
      return 'stopped';
    case 'released':
      return 'changed';
    case 'release':
    case 'deleted':
      return 'other';
  }
}

/** Counts what happened, hour by hour, oldest first. */
export function activityOf(outcomes: Iterable<ReportedOutcome>): ActivityHour[] {
  const hours = new Map<string, ActivityHour>();
  for (const outcome of outcomes) {
    const kind = kindOf(outcome);
    if (kind === 'other') continue;
    const hour = `${outcome.at.slice(0, 13)}:00:00.000Z`;
    let counts = hours.get(hour);
    if (!counts) {
      counts = { hour, drifted: 0, repaired: 0, changed: 0, stopped: 0 };
      hours.set(hour, counts);
    }
    counts[kind]++;
  }
  return [...hours.values()].sort((a, b) => compare(a.hour, b.hour));
}

/** How long repairs took from the event to AWS's word that they took effect. What a sweep found is no event. */
export function fixTimesOf(outcomes: Iterable<ReportedOutcome>): FixTimes {
  const times: number[] = [];
  for (const outcome of outcomes)
    if (kindOf(outcome) === 'repaired' && outcome.cause.eventName !== 'Sweep') times.push(outcome.durationMs);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { count: times.length, medianMs: at(0.5), p95Ms: at(0.95) };
}

/** The share that is protected, 0 to 1; 1 where there is nothing to protect. */
export function shareOf({ functions, protected: safe }: Pick<Totals, 'functions' | 'protected'>): number {
  return functions === 0 ? 1 : safe / functions;
}

/** A share in percent. It says 100 only where nothing is missing, and 0 only where nothing is there. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${share * 100}%`;
  const tenths = Math.min(999, Math.max(1, Math.round(share * 1000)));
  return `${(tenths / 10).toFixed(1)}%`;
}

/** An outcome's identity: however often it is told, it is the same one. */
export function outcomeKey({ functionArn, status, reason, action, cause }: ReportedOutcome): string {
  return [functionArn, cause.eventTime, cause.eventId, status, action, reason].join(' ');
}

/** How many changes the page and the console keep; the others are counted. */
export const longestTimeline = 5_000;

/** The report after these changes, which are in the order in which they came. */
export function withChanges(before: Report, changes: readonly LiveChange[], now: Date): Report {
  const functions = new Map(before.functions.map((one) => [one.arn, one]));
  for (const { outcome, function: current } of changes)
    if (current) functions.set(outcome.functionArn, current);
    else functions.delete(outcome.functionArn);
  const known = new Set(before.timeline.slice(0, recently).map(outcomeKey));
  const outcomes: ReportedOutcome[] = [];
  for (const { outcome } of changes) {
    const key = outcomeKey(outcome);
    if (known.has(key)) continue;
    known.add(key);
    outcomes.push(outcome);
  }
  const timeline = [...outcomes, ...before.timeline].sort((a, b) => compare(b.at, a.at));
  const all = [...functions.values()].sort(compareFunctions);
  return {
    ...before,
    generatedAt: now.toISOString(),
    functions: all,
    totals: totalsOf(all),
    byAccount: partsOf(all, 'account'),
    byRegion: partsOf(all, 'region'),
    byRuntime: partsOf(all, 'runtime'),
    byGroup: partsOf(all, 'group'),
    timeline: timeline.slice(0, longestTimeline),
    leftOut: before.leftOut + Math.max(0, timeline.length - longestTimeline),
    activity: addActivity(before.activity, activityOf(outcomes)),
    fixTimes: fixTimesOf(timeline),
  };
}

/** What may be told twice is among the newest. */
const recently = 2_000;

function addActivity(before: readonly ActivityHour[], more: readonly ActivityHour[]): ActivityHour[] {
  const hours = new Map(before.map((one) => [one.hour, one]));
  for (const one of more) {
    const known = hours.get(one.hour);
    hours.set(
      one.hour,
      known
        ? {
            hour: one.hour,
            drifted: known.drifted + one.drifted,
            repaired: known.repaired + one.repaired,
            changed: known.changed + one.changed,
            stopped: known.stopped + one.stopped,
          }
        : one,
    );
  }
  return [...hours.values()].sort((a, b) => compare(a.hour, b.hour));
}
