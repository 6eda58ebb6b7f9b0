import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Attachment, isSeenIn, rebuiltDetail, type Shape, shapeOf } from './attachment.ts';
import { type Actor, type Change, idOfAnother } from './change.ts';
import type { Decision } from './decision.ts';
import type { Drift } from './drift.ts';
import { formatFunctionArn } from './function-arn.ts';
import type { Snapshot } from './snapshot.ts';

/** What a function can be, as far as the record knows. Stable codes: stored, filtered on and documented. */
export const recordStatuses = [
  'protected',
  'drifted',
  'blocked',
  'contested',
  'unsupported',
  'release',
  'released',
  'deleted',
] as const;

/** What a function is, as far as the record knows: one of {@link recordStatuses}. */
export type RecordStatus = (typeof recordStatuses)[number];

/**
 * What was done about it. `sent`: an update was sent and is not verified yet. `reported`: nothing, since the mode is
 * audit. `attached`, `repaired`, `updated`, `released`: done and verified. `none`: nothing could or had to be done.
 */
export type Action = 'sent' | 'reported' | 'attached' | 'repaired' | 'updated' | 'released' | 'none';

/** What made us look, in the words that are stored. */
export interface Cause {
  readonly eventId: string;
  readonly eventName: string;
  /** ISO 8601. */
  readonly eventTime: string;
  /** Who did it; absent where it can't be told. */
  readonly actor?: Actor;
}

/** A change of a function's state: one item of its history, and what is announced. Holds no secret. */
export interface Outcome {
  readonly functionArn: string;
  readonly status: RecordStatus;
  readonly reason: string;
  readonly detail: string;
  readonly action: Action;
  readonly drift: readonly Drift[];
  readonly cause: Cause;
  /** ISO 8601. */
  readonly at: string;
  /** Milliseconds from the event to this outcome. */
  readonly durationMs: number;
  readonly agent?: string;
  readonly variant?: string;
  readonly group?: string;
  /** What the function was before. */
  readonly previous?: { readonly status: RecordStatus; readonly reason: string };
}

/** What DynamoDB knows of a function. */
export interface FunctionRecord {
  readonly functionArn: string;
  /** Counts the writes; a write is refused where it does not build on the latest one. */
  readonly version: number;
  readonly status: RecordStatus;
  readonly reason: string;
  readonly detail: string;
  readonly action: Action;
  readonly drift: readonly Drift[];
  readonly cause: Cause;
  /** Since when the status is what it is, ISO 8601. */
  readonly since: string;
  readonly updatedAt: string;
  readonly runtime?: string;
  readonly architecture: string;
  readonly agent?: string;
  readonly variant?: string;
  readonly group?: string;
  /** What is on the function for certain: verified, and not changed by us since. */
  readonly attachment?: Attachment;
  /**
   * What was written ahead of updates that are not verified yet, newest first. AWS may have refused them, put them off,
   * or let them take effect without telling us: {@link attachmentInForce} finds out which.
   */
  readonly pending: readonly Attachment[];
  /** What the policy and the agent wanted of the function when it was last found to be so; a short hash. */
  readonly goalMark?: string;
  /** Whether the update that is being verified puts right what somebody undid, follows a new goal, or is the first. */
  readonly purpose?: 'attached' | 'repaired' | 'updated' | 'released';
  /** When it was put right, newest last; only what the policy's window can ask for. */
  readonly repairs: readonly { readonly at: string; readonly eventId: string }[];
  readonly repairCount: number;
  /** Outcomes that are not yet in the history and announced, oldest first: whoever looks next makes up for it. */
  readonly outbox: readonly Outcome[];
  /** What people were last told of it, so that nobody is told twice. */
  readonly announced?: string;
}

/** How many past repairs a record keeps; the policy's largest number of them. */
const keptRepairs = 100;

/** How many outcomes wait at the most, so that a record stays far below what DynamoDB takes as an item. */
const keptOutcomes = 50;

/** How many unverified updates are remembered: far more different ones than a function can get before one is verified. */
const keptPending = 20;

/** A record as it is to be written, and the outcome that the write is for. */
export interface Transition {
  readonly record: FunctionRecord;
  /** Absent where the state stays the same and only details follow. */
  readonly outcome: Outcome | undefined;
}

/** The parts of a transition that depend on what happened. */
interface Step {
  readonly status: RecordStatus;
  readonly reason: string;
  readonly detail: string;
  readonly action: Action;
  readonly drift: readonly Drift[];
  readonly cause: Cause;
  readonly purpose?: FunctionRecord['purpose'];
  readonly attachment?: Attachment | undefined;
  readonly pending?: readonly Attachment[];
  readonly group?: string | undefined;
  readonly repairs?: FunctionRecord['repairs'];
}

/** The cause in the words that are stored; the actor only where the change may be the culprit's. */
export function causeOf(change: Change, isCulprit: boolean): Cause {
  const { eventId, eventName, eventTime, actor } = change;
  return { eventId, eventName, eventTime, ...(actor && isCulprit ? { actor } : {}) };
}

/**
 * What of ours is on the function now. An update takes effect as a whole or not at all, and AWS does not always tell us
 * which; so of all that may be on it, it is the one that fits best what is there, the newest where several do.
 * Where nothing ever took effect there is nothing to take off, and what the team has in our places is its own.
 */
export function attachmentInForce(
  { attachment, pending }: Pick<FunctionRecord, 'attachment' | 'pending'>,
  snapshot: Snapshot,
): Attachment | undefined {
  const current = shapeOf(snapshot);
  const candidates = [...pending.filter((one) => isSeenIn(current, one)), ...(attachment ? [attachment] : [])];
  const names = new Set(candidates.flatMap(({ applied }) => Object.keys(applied.variables)));
  // What an update left as the team had it tells nothing about whether it took effect.
  const missing = ({ applied, before }: Attachment) =>
    Number(!current.layers.includes(applied.layerArn)) +
    Number(current.handler !== applied.handler && before.handler !== applied.handler) +
    [...names].filter((name) => {
      const wanted = applied.variables[name] ?? before.variables[name];
      return current.variables[name] !== wanted && (wanted === undefined || wanted !== before.variables[name]);
    }).length;
  const [first, ...others] = candidates;
  return others.reduce((best, one) => (best && missing(one) < missing(best) ? one : best), first);
}

/** The record before an update is sent: it holds all that is needed to put the function back. */
export function recordUpdate(
  record: FunctionRecord | undefined,
  snapshot: Snapshot,
  decision: Extract<Decision, { status: 'drifted' | 'release' }>,
  cause: Cause,
  group: string | undefined,
  now: Date,
): Transition {
  const drift = decision.status === 'drifted' ? decision.drift : [];
  const planned = decision.status === 'drifted' ? decision.plan.attachment : undefined;
  const purpose = planned ? purposeOf(record, snapshot, planned, drift) : 'released';
  const isReported = decision.mode === 'audit';
  return step(record, snapshot, now, {
    status: decision.status,
    reason: decision.reason,
    detail: decision.status === 'release' ? decision.detail : '',
    action: isReported ? 'reported' : 'sent',
    drift,
    cause,
    purpose,
    attachment: record?.attachment,
    pending: planned && !isReported ? withPending(record, planned) : (record?.pending ?? []),
    group,
  });
}

/**
 * A record whose last update counts, where a look shows that somebody undid it before it was verified: who is fast must not
 * be able to go on for ever. An event from before the update, or one that did not name what differs, tells nothing of what
 * became of it; what its verification saw does.
 */
export function withUndone(
  record: FunctionRecord | undefined,
  { lastUpdateStatus }: Snapshot,
  looks: readonly Pick<Change, 'eventId' | 'followUp'>[],
  cause: Cause,
  now: Date,
): FunctionRecord | undefined {
  if (record?.action !== 'sent' || record.status !== 'drifted' || lastUpdateStatus === 'Failed') return record;
  const { eventId } = record.cause;
  const isVerification = looks.some(
    (look) => look.followUp?.purpose === 'verify' || look.eventId === idOfAnother(eventId),
  );
  const isLater = cause.eventId !== eventId && cause.actor !== undefined && cause.eventTime >= record.updatedAt;
  return isVerification || isLater ? { ...record, repairs: withRepair(record, now) } : record;
}

/** When a function was put right before, ISO 8601. */
export function repairsOf(record: FunctionRecord | undefined): string[] {
  return (record?.repairs ?? []).map(({ at }) => at);
}

/** An update counts once it is over, and once only: one that never took effect has put nothing right. */
function withRepair({ repairs, cause: { eventId } }: FunctionRecord, now: Date): FunctionRecord['repairs'] {
  if (repairs.at(-1)?.eventId === eventId) return repairs;
  return [...repairs, { at: now.toISOString(), eventId }].slice(-keptRepairs);
}

/** An update that is tried again is the same one; all others are kept, since any of them may be what is on the function. */
function withPending(record: FunctionRecord | undefined, planned: Attachment): Attachment[] {
  const others = (record?.pending ?? []).filter((pending) => !isDeepStrictEqual(pending, planned));
  return [planned, ...others].slice(0, keptPending);
}

/** First attachment, repair of what somebody undid, or an update to a new goal (policy, agent, runtime, credentials). */
export function purposeOf(
  record: FunctionRecord | undefined,
  snapshot: Snapshot,
  planned: Attachment,
  drift: readonly Drift[],
): 'attached' | 'repaired' | 'updated' {
  if (!record?.attachment) return 'attached';
  // What is put right, and not verified yet, is a repair still, whatever follows.
  if (record.action === 'sent' && record.purpose === 'repaired') return 'repaired';
  const current = shapeOf(snapshot);
  const former = attachmentInForce(record, snapshot) ?? record.attachment;
  return drift.some((one) => isUndone(one, current, former, planned)) ? 'repaired' : 'updated';
}

/** Whether somebody led to this drift: the place is not as we left it, or we left nothing there and want nothing there. */
function isUndone(
  { path, code, expected }: Drift,
  current: Shape,
  { applied }: Attachment,
  planned: Attachment,
): boolean {
  if (path === 'Handler') return current.handler !== applied.handler;
  if (path === 'Layers')
    return !current.layers.includes(applied.layerArn) || planned.applied.layerArn === applied.layerArn;
  const name = path.replace('Environment.Variables.', '');
  if (Object.hasOwn(applied.variables, name)) return current.variables[name] !== applied.variables[name];
  // Who changed a credential, a rotation or somebody, can't be told.
  if (applied.secretVariables.includes(name)) return code !== 'credentials-changed';
  return expected === undefined && code === 'variable-changed';
}

/** What the policy and the agent wanted, without what follows the team's code: the same mark, the same goal. */
export function goalMark({ agent, variant, group, applied }: Attachment): string {
  const variables = Object.entries(applied.variables)
    .filter(([name]) => name !== applied.handlerVariable)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const goal = JSON.stringify([agent, variant, group, applied.layerArn, variables]);
  return createHash('sha256').update(goal).digest('base64url').slice(0, 22);
}

/** The record once nothing differs and AWS says that the last update took effect. */
export function recordProtected(
  record: FunctionRecord | undefined,
  snapshot: Snapshot,
  attachment: Attachment,
  cause: Cause,
  now: Date,
): Transition {
  const isVerified = record?.status === 'drifted' && record.action === 'sent';
  return step(record, snapshot, now, {
    status: 'protected',
    reason: '',
    detail: attachment.isRebuilt ? rebuiltDetail : '',
    action: isVerified ? (record.purpose ?? 'attached') : record?.status === 'protected' ? record.action : 'none',
    drift: isVerified || record?.status === 'protected' ? record.drift : [],
    cause: isVerified || record?.status === 'protected' ? record.cause : cause,
    attachment,
    pending: [],
    group: attachment.group,
    ...(isVerified && record.purpose === 'repaired' ? { repairs: withRepair(record, now) } : {}),
  });
}

/** The record once nothing of ours is left on a function that is out of scope. */
export function recordReleased(
  record: FunctionRecord,
  snapshot: Snapshot,
  why: { readonly reason: string; readonly detail: string },
  cause: Cause,
  now: Date,
): Transition {
  const isVerified = record.status === 'release' && record.action === 'sent';
  return step(record, snapshot, now, {
    status: 'released',
    reason: why.reason,
    detail: why.detail,
    action: isVerified ? 'released' : 'none',
    drift: [],
    cause: isVerified ? record.cause : cause,
    attachment: undefined,
    pending: [],
  });
}

/** The record where a person has to do something, or nothing can be done. */
export function recordObstacle(
  record: FunctionRecord | undefined,
  snapshot: Snapshot,
  obstacle: {
    readonly status: 'blocked' | 'unsupported' | 'contested';
    readonly reason: string;
    readonly detail: string;
    readonly drift?: readonly Drift[];
  },
  cause: Cause,
  group: string | undefined,
  now: Date,
): Transition {
  // A release that took effect before it was verified has left nothing of what was written ahead of it.
  const isReleased =
    obstacle.status === 'unsupported' &&
    record?.status === 'release' &&
    record.action === 'sent' &&
    attachmentInForce(record, snapshot) === undefined;
  return step(record, snapshot, now, {
    status: obstacle.status,
    reason: obstacle.reason,
    detail: obstacle.detail,
    action: 'none',
    drift: obstacle.drift ?? [],
    cause,
    attachment: record?.attachment,
    ...(isReleased ? { pending: [] } : {}),
    group,
  });
}

/** The record of a function that is gone. */
export function recordDeleted(record: FunctionRecord, cause: Cause, now: Date): Transition {
  const { attachment: _, purpose: __, goalMark: ___, ...kept } = record;
  const outcome = outcomeOf(record, record.functionArn, now, {
    status: 'deleted',
    reason: '',
    detail: '',
    action: 'none',
    drift: [],
    cause,
  });
  return {
    record: {
      ...kept,
      pending: [],
      version: record.version + 1,
      status: 'deleted',
      reason: '',
      detail: '',
      action: 'none',
      drift: [],
      cause,
      since: now.toISOString(),
      updatedAt: now.toISOString(),
      outbox: waitingWith(record.outbox, outcome),
    },
    outcome,
  };
}

function step(record: FunctionRecord | undefined, snapshot: Snapshot, now: Date, next: Step): Transition {
  const at = now.toISOString();
  const isSameState =
    record?.status === next.status &&
    record.reason === next.reason &&
    record.action === next.action &&
    next.action !== 'sent' &&
    driftMark(record.drift) === driftMark(next.drift);
  const { attachment } = next;
  const group = next.group ?? attachment?.group;
  const functionArn = formatFunctionArn(snapshot.arn);
  const outcome = isSameState ? undefined : outcomeOf(record, functionArn, now, next);
  const announced = record?.announced;
  return {
    record: {
      functionArn,
      version: (record?.version ?? 0) + 1,
      status: next.status,
      reason: next.reason,
      detail: next.detail,
      action: next.action,
      drift: next.drift,
      cause: next.cause,
      since: record && isSameState ? record.since : at,
      updatedAt: at,
      ...(snapshot.runtime === undefined ? {} : { runtime: snapshot.runtime }),
      architecture: snapshot.architecture,
      ...(attachment ? { agent: attachment.agent, variant: attachment.variant, attachment } : {}),
      pending: next.pending ?? record?.pending ?? [],
      ...(attachment && next.status === 'protected' ? { goalMark: goalMark(attachment) } : {}),
      ...(group === undefined ? {} : { group }),
      ...(next.purpose ? { purpose: next.purpose } : {}),
      repairs: next.repairs ?? record?.repairs ?? [],
      repairCount: (record?.repairCount ?? 0) + (next.action === 'repaired' && outcome ? 1 : 0),
      outbox: waitingWith(record?.outbox ?? [], outcome),
      ...(announced === undefined ? {} : { announced }),
    },
    outcome,
  };
}

/** What waits to be told, with one more. Where that is too much, the oldest goes that a later one repeats, or the oldest. */
function waitingWith(outbox: readonly Outcome[], outcome: Outcome | undefined): readonly Outcome[] {
  const waiting = outcome ? [...outbox, outcome] : outbox;
  if (waiting.length <= keptOutcomes) return waiting;
  const kinds = waiting.map(({ status, reason, action }) => `${status} ${reason} ${action}`);
  const repeated = kinds.findIndex((kind, index) => kinds.includes(kind, index + 1));
  return waiting.toSpliced(Math.max(0, repeated), 1);
}

function driftMark(drift: readonly Drift[]): string {
  return drift
    .map(({ code, path }) => `${code} ${path}`)
    .sort()
    .join();
}

function outcomeOf(record: FunctionRecord | undefined, functionArn: string, now: Date, next: Step): Outcome {
  const { status, reason, detail, action, drift, cause, attachment } = next;
  const group = next.group ?? attachment?.group;
  return {
    functionArn,
    status,
    reason,
    detail,
    action,
    drift,
    cause,
    at: now.toISOString(),
    durationMs: Math.max(0, now.getTime() - Date.parse(cause.eventTime)),
    ...(attachment ? { agent: attachment.agent, variant: attachment.variant } : {}),
    ...(group === undefined ? {} : { group }),
    ...(record ? { previous: { status: record.status, reason: record.reason } } : {}),
  };
}
