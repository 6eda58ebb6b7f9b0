import type { Change } from '../domain/change.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { LayerwardError } from '../domain/errors.ts';
import { formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import { namesOrganizationalUnits, type Selection, select } from '../domain/policy.ts';
import type { Inventory, Quarter, RecordSummary, SweepRecords } from '../domain/ports.ts';
import { type FunctionRecord, goalMark } from '../domain/record.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { situationFor } from './judge.ts';
import { listTagged, readOptedIn } from './opted-in-functions.ts';
import { remediate, type World } from './remediate.ts';

/** What a sweep needs of the world. */
export interface SweepWorld extends World {
  readonly inventory: Inventory;
  readonly records: World['records'] & SweepRecords;
}

/** One account and region to be swept, or the rest of one. */
export interface SweepTask extends Quarter {
  readonly sweepId: string;
  /** When the sweep began; neither policy nor credentials may be older. ISO 8601. */
  readonly startedAt: string;
  /** Only functions whose credentials are in one of these secrets: after a rotation. Empty for all. */
  readonly secretNames: readonly string[];
  readonly progress?: SweepProgress | undefined;
}

/** How far a run came. */
export interface SweepProgress {
  /** Where the next run begins; absent at the end. */
  readonly marker?: string | undefined;
  /** Functions by status and reason. */
  readonly counts: Readonly<Record<string, number>>;
  /** How many were put on the queue. */
  readonly sent: number;
  /** How many were known as protected, were not any more, and are put right by the sweep itself. */
  readonly repaired: number;
}

/** Whether there is time for more. */
export type MayGoOn = () => boolean | Promise<boolean>;

/** As many functions that are put right at a time; most of them wait for their turn. */
const repairsAtOnce = 200;

/**
 * Looks for drift that no event told of, the cheapest way: one listing of tagged functions, then either all functions
 * page by page or, where that is fewer calls, the tagged ones one by one. Everything is decided in memory. What the
 * record knows as protected, and is not any more, is put right at once, from what was just listed; whatever else may need
 * work goes on the queue, where `remediate` reads it before it does anything (docs/adr/0008).
 *
 * @param mayGoOn asked after each page; where it says no, the run ends and its marker is where the next one begins
 */
export async function sweep(task: SweepTask, world: SweepWorld, mayGoOn: MayGoOn): Promise<SweepProgress> {
  const { followUps } = world;
  const asOf = new Date(task.startedAt);
  const policy = await world.policies.current(asOf);
  const { marker: from, counts: formerCounts = {}, sent: formerlySent = 0, repaired = 0 } = task.progress ?? {};
  const tally = { counts: new Map(Object.entries(formerCounts)), sent: formerlySent, repaired };
  const [known, tagged, organizationalUnits] = await Promise.all([
    readSummaries(task, world),
    listTagged(task, policy, world.inventory),
    namesOrganizationalUnits(policy) ? world.accounts.unitsOf(task.accountId) : undefined,
  ]);
  const repairs = createRepairs(task, world, tally);

  const send = async (functionArns: readonly string[]) => {
    await followUps.send(functionArns.map((functionArn) => changeFor(functionArn, task)));
    tally.sent += functionArns.length;
  };

  const judgeOne = async (snapshot: Snapshot) => {
    const functionArn = formatFunctionArn(snapshot.arn);
    const summary = known.get(functionArn);
    const selection = select(policy, world.agents, { arn: snapshot.arn, organizationalUnits }, snapshot.tags);
    const decideWith = async (record: FunctionRecord | undefined) =>
      decide(await situationFor(snapshot, selection, record, policy, world, asOf));
    const first = await decideWith(undefined);
    const record = summary && dependsOnRecord(first) ? await world.records.find(functionArn) : undefined;
    return { functionArn, snapshot, summary, selection, record, decision: record ? await decideWith(record) : first };
  };

  const judge = async (snapshots: readonly Snapshot[]) => {
    const doubtful: string[] = [];
    for (const judged of await Promise.all(snapshots.map(judgeOne))) {
      const { functionArn, snapshot, summary, selection, record, decision } = judged;
      const label = labelOf(decision, summary);
      tally.counts.set(label, (tally.counts.get(label) ?? 0) + 1);
      if (!isConcerned(selection, task)) continue;
      if (record && isPlainRepair(decision, selection, record)) await repairs.begin(snapshot, record);
      else if (needsLook(decision, summary)) doubtful.push(functionArn);
    }
    await send(doubtful);
  };

  if (from === undefined && task.secretNames.length === 0)
    // The tag is gone, or the function is, or AWS is late to show it; or something is not told yet: a look at each one.
    await send(
      [...known.values()].flatMap(({ functionArn, outbox }) =>
        outbox.length > 0 || !tagged.has(functionArn) ? functionArn : [],
      ),
    );

  let marker: string | undefined;
  try {
    for await (const { snapshots, nextMarker } of readOptedIn(task, tagged, world, from)) {
      await judge(snapshots);
      if (nextMarker === undefined || (await mayGoOn())) continue;
      marker = nextMarker;
      break;
    }
  } finally {
    // Also where the listing fails: an update that was begun is seen to its end.
    await send(await repairs.end());
  }
  return { marker, counts: Object.fromEntries(tally.counts), sent: tally.sent, repaired: tally.repaired };
}

async function readSummaries(task: SweepTask, { records }: SweepWorld): Promise<Map<string, RecordSummary>> {
  const known = new Map<string, RecordSummary>();
  for await (const summary of records.summaries(task)) known.set(summary.functionArn, summary);
  return known;
}

/** After a rotation, only the functions of the rotated groups. */
function isConcerned({ group }: Selection, { secretNames }: SweepTask): boolean {
  return secretNames.length === 0 || ('found' in group && secretNames.includes(group.found.secret));
}

/** Whether the record may know better: what of it is ours, and what was there before. */
function dependsOnRecord({ status }: Decision): boolean {
  return status === 'drifted' || status === 'blocked';
}

/**
 * Whether a function that is known as protected just has to be put right; everything else is for a look of its own. Its
 * group may be one that it has left, since tags are listed minutes late.
 */
function isPlainRepair(decision: Decision, { groupName }: Selection, { status, group }: FunctionRecord): boolean {
  const isToBeChanged = decision.status === 'drifted' && decision.mode === 'enforce';
  return isToBeChanged && status === 'protected' && group === groupName;
}

/** By how much a listing of functions may be late: AWS names no time, and most are not. */
export const listingLagMs = 60_000;

/**
 * Puts functions right from what was listed, many at a time. They go through `remediate` as any other, which writes
 * ahead, waits for its turn and sends the RevisionId that was listed; so a listing that is older than the
 * record is not looked at, one that is late is refused by AWS, and the function is read.
 */
function createRepairs(task: SweepTask, world: SweepWorld, tally: { repaired: number }) {
  const at = new Date(world.now().getTime() - listingLagMs);
  const running = new Set<Promise<void>>();
  const failed: string[] = [];
  const repair = async (snapshot: Snapshot, record: FunctionRecord) => {
    const { functionArn } = record;
    try {
      const look = await remediate(snapshot.arn, [changeFor(functionArn, task)], world, { snapshot, at, record });
      if (look.status === 'drifted') tally.repaired++;
    } catch (error) {
      // Whatever it is, the queue is where looks that fail are tried again, and end as dead letters.
      if (!(error instanceof LayerwardError)) world.log.error({ functionArn, err: error }, 'unexpected error');
      failed.push(functionArn);
    }
  };
  return {
    async begin(snapshot: Snapshot, record: FunctionRecord): Promise<void> {
      while (running.size >= repairsAtOnce) await Promise.race(running);
      const one = repair(snapshot, record).finally(() => running.delete(one));
      running.add(one);
    },
    /** Waits for all of them, and answers those that failed. */
    async end(): Promise<readonly string[]> {
      await Promise.all(running);
      return failed;
    },
  };
}

/** Whether the record says something else than what the listing shows. */
function needsLook(decision: Decision, known: RecordSummary | undefined): boolean {
  switch (decision.status) {
    case 'out-of-scope':
      return known !== undefined;
    case 'compliant':
      return known?.status !== 'protected' || known.goalMark !== goalMark(decision.attachment);
    case 'unsupported':
    case 'blocked':
    case 'contested':
      return known === undefined || known.status !== decision.status || known.reason !== decision.reason;
    case 'drifted':
    case 'release':
      return !(decision.mode === 'audit' && known?.action === 'reported' && known.reason === decision.reason);
    case 'waiting':
      return true;
  }
}

function labelOf(decision: Decision, known: RecordSummary | undefined): string {
  // What AWS says to an update is known only from the record, and no listing shows that one has failed.
  const isObstructed = known?.status === 'blocked' || known?.status === 'contested';
  if (
    isObstructed &&
    (decision.status === 'drifted' || (decision.status === 'compliant' && known.reason === 'aws-refused'))
  )
    return `${known.status}: ${known.reason}`;
  if (decision.status === 'compliant') return 'protected';
  return `${decision.status}: ${decision.reason}`;
}

function changeFor(functionArn: string, { sweepId, startedAt }: SweepTask): Change {
  const arn = parseFunctionArn(functionArn);
  if (!arn) throw new TypeError(`${functionArn} is not a function's ARN`);
  return {
    functionArn: arn,
    kind: 'swept',
    eventId: sweepId,
    eventName: 'Sweep',
    eventTime: startedAt,
    touched: [],
    tagKeys: [],
  };
}
