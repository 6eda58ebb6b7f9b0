import type { Change } from '../domain/change.ts';
import { LayerwardError, RevisionChanged } from '../domain/errors.ts';
import { type FunctionArn, formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import type { FunctionRecord } from '../domain/record.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { markUpdate } from './explain-update.ts';
import type { PlannedFunction } from './plan-file.ts';
import { remediate, type World } from './remediate.ts';
import { judgeSnapshot, type Surveyed } from './survey.ts';

/** What applying needs of the world: everything but a queue, since what comes later is waited for. */
export type ApplyWorld = Omit<World, 'policies' | 'followUps' | 'longestWaitMs'>;

/** What became of a function. */
export type Outcome =
  | 'attached'
  | 'repaired'
  | 'updated'
  | 'released'
  /** There is nothing to do any more. */
  | 'unchanged'
  /** Left alone, since the mode is audit. */
  | 'skipped'
  /** The run was stopped before its turn. */
  | 'stopped'
  /** It is not what it was when the plan was made. */
  | 'refused'
  /** A person has to do something first. */
  | 'blocked'
  | 'failed';

/** A function, and what became of it. */
export interface Applied {
  readonly functionArn: string;
  readonly outcome: Outcome;
  /** Why, where that is not plain; AWS's own words may be in it. */
  readonly detail: string;
}

/** What is to be applied, and how. */
export interface ApplyOrder {
  readonly functions: readonly Pick<PlannedFunction, 'functionArn' | 'revisionId' | 'updateMark'>[];
  /** The salt of the marks. */
  readonly salt: string;
  readonly policy: Policy;
  /** What asked for it; it is in the history of each function. */
  readonly request: { readonly id: string; readonly name: string };
  /** Functions at a time. */
  readonly parallel: number;
}

/** Who wants to know how far it is. */
export interface ApplyObserver {
  done(applied: Applied): void;
  /** Asked before each function: whether another one may begin. */
  mayGoOn(): boolean;
}

/** How long a function is followed until its update is verified; AWS takes seconds, and minutes where it is in trouble. */
const patienceMs = 5 * 60_000;

/** How often a function is read while AWS is at work on it. */
const readyPollMs = 1_000;

const changedSince = 'it has changed since the plan was made: plan it again';

/**
 * Applies plans, several functions at a time, each through {@link remediate}: decided anew, written ahead, updated,
 * verified and recorded. Sent is only the very update that was planned, for the very revision that it was planned for.
 * A failure of one function stops none of the others.
 */
export async function applyPlans(order: ApplyOrder, world: ApplyWorld, observer: ApplyObserver): Promise<Applied[]> {
  const all: Applied[] = [];
  const waiting = [...order.functions];
  const work = async () => {
    for (let planned = waiting.shift(); planned; planned = waiting.shift()) {
      const { functionArn } = planned;
      const answer: Omit<Applied, 'functionArn'> = observer.mayGoOn()
        ? await applyOne(planned, order, world).catch(failureOf)
        : { outcome: 'stopped', detail: 'before its turn' };
      const applied = { functionArn, ...answer };
      all.push(applied);
      observer.done(applied);
    }
  };
  await Promise.all(Array.from({ length: order.parallel }, work));
  return all;
}

type Answer = Omit<Applied, 'functionArn'>;

function failureOf(error: unknown): Answer {
  if (error instanceof ChangedSincePlan) return { outcome: 'refused', detail: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { outcome: 'failed', detail: error instanceof LayerwardError ? message : `unexpected error: ${message}` };
}

/** The function is not what it was when the plan was made. Trying again does not help: it has to be planned again. */
class ChangedSincePlan extends LayerwardError {
  override readonly name = 'ChangedSincePlan';
  readonly code = 'changed-since-plan';
  readonly retryable = false;
}

async function applyOne(
  planned: ApplyOrder['functions'][number],
  order: ApplyOrder,
  world: ApplyWorld,
): Promise<Answer> {
  const arn = parseFunctionArn(planned.functionArn);
  if (!arn) return { outcome: 'failed', detail: 'this is not the ARN of a function' };
  // What is read from here on is new enough.
  const begunAt = world.now();
  const seen = await readWhenReady(arn, order, world);
  if (!seen) return { outcome: 'refused', detail: 'it does not exist any more' };
  const answer = refusalFor(planned, seen, order);
  if (answer) return answer;
  let saved: FunctionRecord | undefined;
  const records: ApplyWorld['records'] = {
    ...world.records,
    async save(record) {
      const answer = await world.records.save(record);
      if (answer === 'saved') saved = record;
      return answer;
    },
  };
  const isInTime = await follow(arn, seen.snapshot, begunAt, order, { ...world, records });
  // A deployed Layerward may have looked since, and written what it found: this is about what was done here.
  const isDone = saved?.status === 'protected' || saved?.status === 'released';
  return outcomeOf(isDone ? saved : await world.records.find(formatFunctionArn(arn)), isInTime);
}

/** Reads and judges a function, once AWS is not at work on it any more. */
async function readWhenReady(arn: FunctionArn, { policy }: ApplyOrder, world: ApplyWorld) {
  const until = world.now().getTime() + patienceMs;
  for (;;) {
    const snapshot = await world.functions.read(arn);
    if (!snapshot) return undefined;
    const judged = await judgeSnapshot(snapshot, 'unknown', { ...world, policy });
    if (judged.decision.status !== 'waiting' || world.now().getTime() > until) return judged;
    await world.sleep(readyPollMs);
  }
}

/** Why a function is left as it is, if so. */
function refusalFor(
  { revisionId, updateMark }: ApplyOrder['functions'][number],
  { snapshot, decision, attachment }: Surveyed,
  { salt }: ApplyOrder,
): Answer | undefined {
  switch (decision.status) {
    case 'compliant':
      return { outcome: 'unchanged', detail: 'all is in place already' };
    case 'out-of-scope':
      return { outcome: 'unchanged', detail: 'nothing of Layerward’s is on it, and nothing belongs there' };
    case 'drifted':
    case 'release': {
      const { plan } = decision;
      if (snapshot.revisionId !== revisionId) return { outcome: 'refused', detail: changedSince };
      if (plan && markUpdate({ snapshot, plan, attachment }, salt) !== updateMark)
        return {
          outcome: 'refused',
          detail:
            'what would be sent is not what was planned, since policy, agent or credentials changed: plan it again',
        };
      return decision.mode === 'audit'
        ? { outcome: 'skipped', detail: 'the mode is audit; --enforce changes it all the same' }
        : undefined;
    }
    case 'waiting':
    case 'unsupported':
    case 'blocked':
    case 'contested':
      return snapshot.revisionId === revisionId
        ? { outcome: 'blocked', detail: `${decision.status}: ${decision.reason}: ${decision.detail}` }
        : { outcome: 'refused', detail: changedSince };
  }
}

/** A look, and when it is due. */
interface Next {
  readonly change: Change;
  readonly dueAt: number;
}

/** Looks at one function until its update is verified. Answers whether it was in time. */
async function follow(
  arn: FunctionArn,
  snapshot: Snapshot,
  begunAt: Date,
  { policy, request }: ApplyOrder,
  world: ApplyWorld,
): Promise<boolean> {
  const first: Change = {
    functionArn: arn,
    kind: 'asked',
    eventId: request.id,
    eventName: request.name,
    eventTime: begunAt.toISOString(),
    touched: [],
    tagKeys: [],
  };
  const begun = world.now().getTime();
  const guarded = onlyAsPlanned(world, snapshot);
  let next: Next | undefined = { change: first, dueAt: begun };
  for (let failures = 0; next; ) {
    const { change, dueAt }: Next = next;
    if (dueAt > begun + patienceMs) return false;
    await world.sleep(Math.max(0, dueAt - world.now().getTime()));
    next = undefined;
    try {
      await remediate(arn, [change], {
        ...guarded,
        policies: { current: async () => policy },
        followUps: {
          schedule: async (later, delaySeconds) => {
            next = { change: later, dueAt: world.now().getTime() + delaySeconds * 1000 };
          },
          send: async () => {},
        },
        longestWaitMs: Number.POSITIVE_INFINITY,
      });
    } catch (error) {
      if (!(error instanceof LayerwardError) || !error.retryable) throw error;
      const dueAgain = world.now().getTime() + 1000 * 2 ** failures++;
      if (dueAgain > begun + patienceMs) throw error;
      next = { change, dueAt: dueAgain };
    }
  }
  return true;
}

/**
 * The world in which one function gets only the update that was planned: the first look sees the snapshot that was
 * judged, and a turn for an update is given only for its revision. That is asked for before anything is written.
 */
function onlyAsPlanned(world: ApplyWorld, planned: Snapshot): ApplyWorld {
  let judged: Snapshot | undefined = planned;
  let seen = planned.revisionId;
  let isSent = false;
  return {
    ...world,
    functions: {
      async read(arn) {
        const snapshot = judged ?? (await world.functions.read(arn));
        judged = undefined;
        if (snapshot) seen = snapshot.revisionId;
        return snapshot;
      },
      async update(plan) {
        isSent = true;
        return world.functions.update(plan).catch((error: unknown) => {
          if (error instanceof RevisionChanged) isSent = false;
          throw error;
        });
      },
    },
    fairShare: {
      ...world.fairShare,
      async reserve(...asked) {
        if (seen !== planned.revisionId)
          throw new ChangedSincePlan(
            isSent
              ? 'somebody changed it again before the update was verified: layerward explain tells what differs now'
              : changedSince,
          );
        return world.fairShare.reserve(...asked);
      },
    },
  };
}

/** What the record says in the end. */
function outcomeOf(record: FunctionRecord | undefined, isInTime: boolean): Answer {
  const unverified = 'AWS has not ended the update yet; layerward explain tells how it went';
  switch (record?.status) {
    case undefined:
    case 'deleted':
      return { outcome: 'unchanged', detail: 'nothing of Layerward’s is on it' };
    case 'protected':
      switch (record.action) {
        case 'attached':
        case 'repaired':
        case 'updated':
          return { outcome: record.action, detail: '' };
        case 'released':
        case 'sent':
        case 'reported':
        case 'none':
          return { outcome: 'unchanged', detail: 'all is in place already' };
      }
      break;
    case 'released':
      return { outcome: 'released', detail: '' };
    case 'blocked':
    case 'contested':
    case 'unsupported':
      return { outcome: 'blocked', detail: `${record.reason}: ${record.detail}` };
    case 'drifted':
    case 'release':
      return { outcome: 'failed', detail: isInTime ? 'the update is not verified' : unverified };
  }
}
