import type { Agents } from '../domain/agent.ts';
import type { Change } from '../domain/change.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import { type Policy, select } from '../domain/policy.ts';
import type {
  Coverage,
  CredentialStore,
  FollowUps,
  Functions,
  Inventory,
  Listed,
  Quarter,
  RecordSummary,
  SweepRecords,
} from '../domain/ports.ts';
import { goalMark } from '../domain/record.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { situationFor } from './judge.ts';

/** What a sweep needs of the world. */
export interface SweepWorld {
  readonly agents: Agents;
  readonly policy: Policy;
  readonly ownFunctionArns: readonly string[];
  readonly inventory: Inventory;
  readonly functions: Pick<Functions, 'read'>;
  readonly credentials: CredentialStore;
  readonly records: SweepRecords;
  readonly queue: Pick<FollowUps, 'send'>;
  readonly now: () => Date;
}

/** One account and region to be swept, or the rest of one. */
export interface SweepTask extends Quarter {
  readonly sweepId: string;
  /** The units of the account, where the policy may name them. */
  readonly organizationalUnits?: readonly string[] | undefined;
  /** Only functions whose credentials are in one of these secrets: after a rotation. */
  readonly secretNames?: readonly string[] | undefined;
  /** Where the last run stopped. */
  readonly marker?: string | undefined;
  readonly counts?: Readonly<Record<string, number>> | undefined;
  readonly sent?: number | undefined;
}

/** How far a run came. */
export interface SweepProgress {
  readonly done: boolean;
  readonly marker?: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly sent: number;
}

/** As many `GetFunction` calls at a time; they have a quota of their own, 100 a second. */
const readsAtOnce = 10;

/**
 * Looks for drift that no event told of, the cheapest way: one listing of tagged functions, then either all functions
 * page by page or, where that is fewer calls, the tagged ones one by one. Everything is decided in memory; what may need
 * work goes on the queue, where `remediate` looks at it again before it does anything.
 *
 * @param mayGoOn asked after each page; where it says no, the run ends and its marker is where the next one begins
 */
export async function sweep(task: SweepTask, world: SweepWorld, mayGoOn: () => boolean): Promise<SweepProgress> {
  const { policy, inventory, records, queue } = world;
  const counts = new Map(Object.entries(task.counts ?? {}));
  let sent = task.sent ?? 0;
  const known = new Map<string, RecordSummary>();
  for await (const summary of records.summaries(task)) known.set(summary.functionArn, summary);
  const tagged = new Map<string, Readonly<Record<string, string>>>();
  for await (const { functionArn, tags } of inventory.tagged(task, policy.optIn.tag, policy.optIn.value))
    if (isConcerned(tags, task, policy)) tagged.set(functionArn, tags);

  const judgeAll = async (functions: readonly Listed[]) => {
    const changes: Change[] = [];
    for (const listed of functions) {
      const functionArn = formatFunctionArn(listed.arn);
      const tags = tagged.get(functionArn);
      if (!tags) continue;
      const snapshot: Snapshot = { ...listed, tags: { readable: true, values: tags } };
      const { needsLook, label } = await judge(snapshot, known.get(functionArn), task, world);
      counts.set(label, (counts.get(label) ?? 0) + 1);
      if (needsLook) changes.push(changeFor(functionArn, task, world));
    }
    await queue.send(changes);
    sent += changes.length;
  };

  if (task.marker === undefined) {
    // The tag is gone, or the function is, or AWS is late to show it: a look at each one finds out.
    const strayed = [...known.keys()].filter((functionArn) => !tagged.has(functionArn));
    const changes = task.secretNames ? [] : strayed.map((functionArn) => changeFor(functionArn, task, world));
    await queue.send(changes);
    sent += changes.length;
  }

  let marker = task.marker;
  if (marker === undefined && (await readsAreCheaper(tagged.size, task, inventory))) {
    const arns = [...tagged.keys()];
    for (let from = 0; from < arns.length; from += readsAtOnce)
      await judgeAll(await readAll(arns.slice(from, from + readsAtOnce), world));
  } else
    do {
      const page = await inventory.list(task, marker);
      await judgeAll(page.functions);
      marker = page.nextMarker;
      if (marker !== undefined && !mayGoOn()) return { done: false, marker, counts: Object.fromEntries(counts), sent };
    } while (marker !== undefined);

  const done = { done: true, counts: Object.fromEntries(counts), sent };
  await records.saveCoverage(coverageOf(task, done, world));
  return done;
}

/** Notes that an account and region could not be swept, and why. */
export async function noteFailure(task: SweepTask, failure: string, world: SweepWorld): Promise<void> {
  await world.records.saveCoverage({ ...coverageOf(task, { counts: {}, sent: 0 }, world), failure });
}

function coverageOf(
  { sweepId, accountId, region }: SweepTask,
  { counts, sent }: Pick<SweepProgress, 'counts' | 'sent'>,
  { now }: SweepWorld,
): Coverage {
  return { sweepId, accountId, region, at: now().toISOString(), counts, sent };
}

/** `ListFunctions` shows 50 functions a call, `GetFunction` one. */
async function readsAreCheaper(tagged: number, quarter: Quarter, inventory: Inventory): Promise<boolean> {
  // Asking how many there are is a call, too.
  if (tagged <= 2) return true;
  return tagged < Math.ceil((await inventory.count(quarter)) / 50);
}

async function readAll(functionArns: readonly string[], world: SweepWorld): Promise<Listed[]> {
  const snapshots = await Promise.all(
    functionArns.map(async (functionArn) => {
      const arn = parseFunctionArn(functionArn);
      return arn ? world.functions.read(arn) : undefined;
    }),
  );
  return snapshots.filter((snapshot) => snapshot !== undefined);
}

/** After a rotation, only the functions of the rotated groups. */
function isConcerned(tags: Readonly<Record<string, string>>, { secretNames }: SweepTask, policy: Policy): boolean {
  if (!secretNames) return true;
  const group = policy.groups[tags[policy.groupTag] ?? policy.defaultGroup];
  return group !== undefined && secretNames.includes(group.secret);
}

async function judge(
  snapshot: Snapshot,
  known: RecordSummary | undefined,
  { organizationalUnits }: SweepTask,
  world: SweepWorld,
): Promise<{ readonly needsLook: boolean; readonly label: string }> {
  const selection = select(world.policy, world.agents, { arn: snapshot.arn, organizationalUnits }, snapshot.tags);
  const decision = decide(await situationFor(snapshot, selection, undefined, world.policy, world));
  return { needsLook: needsLook(decision, known), label: labelOf(decision, known) };
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
  if (decision.status === 'compliant') return 'protected';
  // What AWS says to an update is known only from the record.
  if (decision.status === 'drifted' && (known?.status === 'blocked' || known?.status === 'contested'))
    return `${known.status}: ${known.reason}`;
  return `${decision.status}: ${decision.reason}`;
}

function changeFor(functionArn: string, { sweepId }: SweepTask, { now }: SweepWorld): Change {
  const arn = parseFunctionArn(functionArn);
  if (!arn) throw new TypeError(`${functionArn} is not a function's ARN`);
  return {
    functionArn: arn,
    kind: 'swept',
    eventId: sweepId,
    eventName: 'Sweep',
    eventTime: now().toISOString(),
    touched: [],
    tagKeys: [],
  };
}
