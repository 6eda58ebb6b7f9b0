import { isDeepStrictEqual } from 'node:util';
import type { Agents } from '../domain/agent.ts';
import { announcementMark, isForMachines, isForPeople } from '../domain/announcement.ts';
import { shapeOf } from '../domain/attachment.ts';
import {
  attribute,
  type Change,
  type FollowUpPurpose,
  followUpAttempts,
  followUpDelay,
  idOfAnother,
  knowledgeAsOf,
} from '../domain/change.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { Deferred, FunctionBusy, RecordChanged, RevisionChanged, StillWaiting, Throttled } from '../domain/errors.ts';
import { type FunctionArn, formatFunctionArn } from '../domain/function-arn.ts';
import { type Policy, type Selection, select } from '../domain/policy.ts';
import type {
  AccountPlaces,
  Announcer,
  CredentialStore,
  FairShare,
  FollowUps,
  Functions,
  Log,
  Metrics,
  Policies,
  Records,
} from '../domain/ports.ts';
import {
  type Cause,
  causeOf,
  type FunctionRecord,
  type Outcome,
  recordDeleted,
  recordObstacle,
  recordProtected,
  recordReleased,
  recordUpdate,
  repairsOf,
  type Transition,
  withUndone,
} from '../domain/record.ts';
import { withoutValues } from '../domain/redaction.ts';
import { bearsTraces, notReady, withRebuiltAttachment } from '../domain/situation.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { placeOf, situationFor } from './judge.ts';

/** The world as `remediate` sees it. */
export interface World {
  readonly agents: Agents;
  readonly ownFunctionArns: readonly string[];
  readonly functions: Functions;
  readonly accounts: AccountPlaces;
  readonly credentials: CredentialStore;
  readonly policies: Policies;
  readonly records: Records;
  /** For people. */
  readonly alerts: Announcer;
  /** For machines. */
  readonly events: Announcer;
  readonly followUps: FollowUps;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly fairShare: FairShare;
  readonly now: () => Date;
  readonly sleep: (ms: number) => Promise<void>;
  /** A turn that comes sooner is waited for; a look whose turn comes later goes back to the queue until then. */
  readonly longestWaitMs: number;
  /** A number from 0 to 1 that sets apart the retries of functions that failed together. */
  readonly spread: () => number;
}

/** Long enough for an update to be sent and verified. */
const afterTurnSeconds = 10;

/** How often a look starts over at once when the function or its record changed under it. */
const attemptsAtOnce = 3;

/** A function as it was listed, the time at which it certainly was like that, or later, and its record, read after that. */
export interface Listed {
  readonly snapshot: Snapshot;
  readonly at: Date;
  readonly record: FunctionRecord;
}

/** What became of one look, for the log and for whoever asked. */
export interface Look {
  readonly functionArn: string;
  readonly status: Decision['status'] | 'deleted';
  readonly reason: string;
}

/**
 * Looks at one function because of some changes, and does what the policy wants: read, decide, write ahead, update,
 * record, tell. What made us look may come twice, late or out of order: only what AWS says now counts.
 *
 * @param listed spares the first reads; whoever has to look again reads
 * @throws a {@link LayerwardError} where the changes must come back; nothing is lost then.
 */
export async function remediate(
  functionArn: FunctionArn,
  changes: readonly Change[],
  world: World,
  listed?: Listed,
): Promise<Look> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await look(functionArn, changes, world, attempt === 1 ? listed : undefined);
    } catch (error) {
      const hasMovedOn = error instanceof RevisionChanged || error instanceof RecordChanged;
      if (hasMovedOn && attempt < attemptsAtOnce) continue;
      const purpose = purposeOfReturn(error);
      if (!purpose) throw error;
      world.metrics.add(purpose === 'throttled' ? 'Throttled' : 'Conflicts', 1);
      const atLeast = error instanceof Throttled ? error.retryAfterSeconds : undefined;
      await lookAgain(changes, purpose, world, atLeast);
      return { functionArn: formatFunctionArn(functionArn), status: 'waiting', reason: purpose };
    }
  }
}

function purposeOfReturn(error: unknown): FollowUpPurpose | undefined {
  if (error instanceof Throttled) return 'throttled';
  if (error instanceof FunctionBusy) return 'function-busy';
  if (error instanceof RevisionChanged || error instanceof RecordChanged) return 'revision-changed';
  return undefined;
}

async function look(
  arn: FunctionArn,
  changes: readonly Change[],
  world: World,
  listed: Listed | undefined,
): Promise<Look> {
  const functionArn = formatFunctionArn(arn);
  // A deleted function that we know nothing of needs no look at AWS.
  if (changes.every(({ kind }) => kind === 'deleted') && !(await world.records.find(functionArn)))
    return { functionArn, status: 'deleted', reason: '' };

  const seenAt = listed?.at ?? world.now();
  const snapshot = listed?.snapshot ?? (await world.functions.read(arn));
  world.metrics.add('Looked', 1);
  if (!snapshot) return lookAtNothing(functionArn, changes, world);

  const asOf = knowledgeAsOf(changes);
  const policy = await world.policies.current(asOf);
  const selection = select(policy, world.agents, await placeOf(arn, policy, world.accounts), snapshot.tags);
  const isRecorded = mayBeRecorded(snapshot, selection, changes, policy, world.agents);
  const record = listed?.record ?? (isRecorded ? await world.records.find(functionArn) : undefined);
  // It would have us take for the team's what we have put on the function since.
  if (record && Date.parse(record.updatedAt) > seenAt.getTime()) throw changedMeanwhile(record);
  const situation = await situationFor(snapshot, selection, record, policy, world, asOf);
  const mayBeLost = !situation.attachment && selection.scope === 'in' && bearsTraces(snapshot, policy, world.agents);
  const isLost = mayBeLost && (await world.records.areLost());
  const found = isLost ? withRebuiltAttachment(situation) : situation;
  const decision = decide(found);
  const told = isAnother(record, snapshot, decision, changes) ? changes.map(forAnother) : changes;
  const { change, isCulprit } = attribute(told, partsConcerned(decision));
  const cause = causeOf(change, isCulprit);
  const counted = decision.status === 'drifted' ? withUndone(record, snapshot, told, cause, found.now) : record;
  const final = counted === record ? decision : decide({ ...found, repairs: repairsOf(counted) });
  await act({ snapshot, selection, record: counted, decision: final, changes: told, cause }, world);
  return { functionArn, status: final.status, reason: 'reason' in final ? final.reason : '' };
}

/** CloudTrail's times are cut to the second, and its clocks are not ours. */
const clockToleranceMs = 2_000;

/**
 * Whether what these changes led to had come to its end: somebody has done something since, of which no event has told us
 * yet. What AWS has not accepted is tried again, and is the same change. What was changed before all was last found in
 * place, and is told of late, has led to nothing that is seen now, and nobody is blamed for it.
 */
function isAnother(
  record: FunctionRecord | undefined,
  { lastUpdateStatus }: Snapshot,
  { status }: Decision,
  changes: readonly Change[],
): boolean {
  const endedAt = record?.status === 'protected' || record?.status === 'released' ? Date.parse(record.updatedAt) : 0;
  return (
    (status === 'drifted' || status === 'release') &&
    lastUpdateStatus !== 'Failed' &&
    changes.every(
      ({ followUp, eventId, eventTime }) =>
        followUp?.purpose === 'verify' ||
        (endedAt > 0 && record?.cause.eventId === eventId) ||
        Date.parse(eventTime) + clockToleranceMs < endedAt,
    )
  );
}

/** The same look for a change of its own: it counts by itself, is kept in the history, and nobody is known to have made it. */
function forAnother({ actor: _, ...followed }: Change): Change {
  return { ...followed, eventId: idOfAnother(followed.eventId) };
}

async function lookAtNothing(functionArn: string, changes: readonly Change[], world: World): Promise<Look> {
  const record = await world.records.find(functionArn);
  if (record?.status === 'deleted') await emptyOutbox(record, world);
  else if (record) {
    const { change, isCulprit } = attribute(changes, []);
    await settle(
      record,
      recordDeleted(record, causeOf(change, isCulprit || change.kind === 'deleted'), world.now()),
      world,
    );
  }
  return { functionArn, status: 'deleted', reason: '' };
}

/** Functions that never opted in leave no record, so that nobody needs to ask for one. */
function mayBeRecorded(
  snapshot: Snapshot,
  selection: Selection,
  changes: readonly Change[],
  policy: Policy,
  agents: Agents,
): boolean {
  return (
    selection.scope === 'in' ||
    !snapshot.tags.readable ||
    // A sweep sends what the records know and the tags don't.
    changes.some(
      ({ followUp, tagKeys, kind }) =>
        followUp || kind === 'asked' || kind === 'swept' || tagKeys.includes(policy.optIn.tag),
    ) ||
    bearsTraces(snapshot, policy, agents)
  );
}

/** The parts of a function whose change may have led to a decision, for naming who did it. */
function partsConcerned(decision: Decision): readonly string[] {
  switch (decision.status) {
    case 'drifted':
    case 'contested':
      return decision.drift.map(({ path }) => path);
    case 'release':
      return { 'opted-out': ['Tags'], excluded: [], runtime: ['Runtime'], architecture: ['Architectures'] }[
        decision.reason
      ];
    case 'blocked':
    case 'unsupported':
      return ['Handler', 'Layers', 'Environment', 'Runtime', 'Architectures', 'Tags'];
    case 'out-of-scope':
    case 'compliant':
    case 'waiting':
      return [];
  }
}

/** One look with its answer, about to be acted on. */
interface Case {
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  readonly record: FunctionRecord | undefined;
  readonly decision: Decision;
  readonly changes: readonly Change[];
  readonly cause: Cause;
}

async function act({ snapshot, selection, record, decision, changes, cause }: Case, world: World): Promise<void> {
  const now = world.now();
  switch (decision.status) {
    case 'out-of-scope':
      // What was never changed needs no record; what was keeps it, for people to look up.
      if (!record) return;
      if (record.status === 'release' && record.action === 'sent')
        return conclude(record, recordReleased(record, snapshot, record, cause, now), snapshot, changes, world);
      if (!record.attachment && record.status !== 'released' && hasArrived(record, now)) return forget(record, world);
      await emptyOutbox(record, world);
      return;
    case 'compliant':
      if (
        record?.status === 'protected' &&
        record.pending.length === 0 &&
        isDeepStrictEqual(record.attachment, decision.attachment)
      ) {
        await emptyOutbox(record, world);
        return;
      }
      return conclude(
        record,
        recordProtected(record, snapshot, decision.attachment, cause, now),
        snapshot,
        changes,
        world,
      );
    case 'waiting':
      return lookAgain(changes, 'not-ready', world);
    case 'unsupported':
    case 'blocked':
    case 'contested':
      await settle(record, recordObstacle(record, snapshot, decision, cause, selection.groupName, now), world);
      if (decision.reason === 'tags-unreadable') await lookAgain(changes, 'tags-unreadable', world);
      return;
    case 'release':
      if (!record) throw new TypeError('a release was decided on without a record');
      if (!decision.plan)
        return conclude(record, recordReleased(record, snapshot, decision, cause, now), snapshot, changes, world);
      break;
    case 'drifted':
      world.metrics.add('DriftSeen', 1);
      break;
  }
  const isFailed = record?.action === 'sent' && snapshot.lastUpdateStatus === 'Failed';
  if (isFailed && changes.every(({ followUp }) => followUp?.purpose === 'verify')) {
    const detail = snapshot.lastUpdateStatusReason ?? 'the update failed, and AWS does not say why';
    const refusal = { status: 'blocked', reason: 'aws-refused', detail } as const;
    return settle(record, recordObstacle(record, snapshot, refusal, cause, selection.groupName, now), world);
  }
  const ahead = recordUpdate(record, snapshot, decision, cause, selection.groupName, now);
  if (decision.mode === 'audit' || !decision.plan) return settle(record, ahead, world);
  const waitMs = hasTurn(changes) ? 0 : await reserveTurn(snapshot.arn, changes, world);
  if (waitMs === undefined) return;
  await world.sleep(waitMs);
  await save(ahead, world);
  // AWS may quote variables that were not sent, too.
  const hide = (words: string) => withoutValues(words, Object.values(shapeOf(snapshot).variables));
  const answer = await world.functions.update(decision.plan).catch(async (error: unknown) => {
    if (error instanceof Throttled) await world.fairShare.slowDown(snapshot.arn, error.retryAfterSeconds);
    if (error instanceof Deferred && error.hadNoEffect) {
      const unchanged = withoutAhead(ahead, record);
      await save({ record: { ...unchanged, version: unchanged.version + 1 }, outcome: undefined }, world);
    }
    if (error instanceof Error) {
      error.message = hide(error.message);
      delete error.cause;
    }
    throw error;
  });
  if (answer.accepted) return lookAgain(withoutAttempts(changes), 'verify', world);
  world.metrics.add('UpdateRefused', 1);
  const unchanged = withoutAhead(ahead, record);
  const refusal = { status: 'blocked', reason: answer.reason, detail: hide(answer.detail) } as const;
  return settle(ahead.record, recordObstacle(unchanged, snapshot, refusal, cause, selection.groupName, now), world);
}

/** What was refused was not put on, and must not be taken for what is: the record goes back to what it knew. */
function withoutAhead({ record }: Transition, former: FunctionRecord | undefined): FunctionRecord {
  return { ...record, pending: former?.pending ?? [] };
}

/** Records what is verified: nothing is, as long as AWS is at work on the function. */
async function conclude(
  record: FunctionRecord | undefined,
  transition: Transition,
  snapshot: Snapshot,
  changes: readonly Change[],
  world: World,
): Promise<void> {
  if (notReady(snapshot)) return lookAgain(changes, 'verify', world);
  return settle(record, transition, world);
}

/** Longer than any run of ours: an update that was written ahead of has arrived by then, or never will. */
const longestRunMs = 900_000;

/** Whether what was written ahead, and is not on the function, can't get there any more. */
function hasArrived({ pending, updatedAt }: FunctionRecord, now: Date): boolean {
  return pending.length === 0 || Date.parse(updatedAt) + longestRunMs < now.getTime();
}

/** Forgets a record, once all that it knows is told. */
async function forget(record: FunctionRecord, world: World): Promise<void> {
  const told = await emptyOutbox(record, world);
  if ((await world.records.forget(told)) === 'stale') throw changedMeanwhile(record);
}

function changedMeanwhile({ functionArn }: FunctionRecord): RecordChanged {
  return new RecordChanged(`the record of ${functionArn} was changed by another look at it`);
}

async function save({ record }: Transition, world: World): Promise<void> {
  if ((await world.records.save(record)) === 'stale') throw changedMeanwhile(record);
}

/** Records a transition and tells whoever wants to know; a transition to the same state costs nothing. */
async function settle(former: FunctionRecord | undefined, transition: Transition, world: World): Promise<void> {
  const { record, outcome } = transition;
  const hasMoved =
    outcome || !former || !isDeepStrictEqual([former.attachment, former.pending], [record.attachment, record.pending]);
  if (!hasMoved) {
    await emptyOutbox(former, world);
    return;
  }
  await save(transition, world);
  if (outcome) {
    count(outcome, former, world.metrics);
    const { functionArn, status, reason, action, cause, durationMs } = outcome;
    const who = cause.actor ? { actor: cause.actor.name } : {};
    world.log.info({ functionArn, status, reason, action, eventId: cause.eventId, ...who, durationMs }, 'outcome');
  }
  await emptyOutbox(record, world);
}

/**
 * Puts what waits in a record's outbox into the history, announces it, and empties the outbox. Whoever is stopped in
 * between does it again on the next look: at least once, and once where nothing went wrong.
 */
async function emptyOutbox(record: FunctionRecord, world: World): Promise<FunctionRecord> {
  if (record.outbox.length === 0) return record;
  let { announced } = record;
  for (const outcome of record.outbox) {
    await world.records.remember(outcome);
    if (!isForMachines(outcome)) continue;
    if (isForPeople(outcome, announced)) await world.alerts.announce(outcome);
    await world.events.announce(outcome);
    announced = announcementMark(outcome);
  }
  const told = {
    ...record,
    version: record.version + 1,
    outbox: [],
    ...(announced === undefined ? {} : { announced }),
  };
  // Where somebody else has written since, theirs still lists these outcomes, and they see to them.
  await world.records.save(told);
  return told;
}

function count(outcome: Outcome, former: FunctionRecord | undefined, metrics: Metrics): void {
  const { status, action, durationMs } = outcome;
  if (status === 'protected') {
    metrics.add('Protected', 1);
    if (action === 'attached') metrics.add('Attached', 1);
    if (action === 'repaired') metrics.add('Repaired', 1);
    if (action !== 'none') metrics.add('EventToFix', durationMs);
  }
  if (status === 'released') metrics.add('Released', 1);
  // An alarm stands behind it, so a refusal that stands counts once, however often it is tried again.
  if (status === 'blocked' && former?.announced !== announcementMark(outcome)) metrics.add('FunctionsBlocked', 1);
  if (status === 'contested') metrics.add('Contested', 1);
}

/**
 * Reserves a turn, and answers in how many milliseconds it comes; nothing, where the look has gone back to the queue. A
 * turn that comes too late to wait for is kept, and the look comes back for it. Where another look at the function waits
 * for its turn already, this one comes after it, and most likely finds nothing left to do.
 */
async function reserveTurn(arn: FunctionArn, changes: readonly Change[], world: World): Promise<number | undefined> {
  const functionArn = formatFunctionArn(arn);
  const now = world.now().getTime();
  const taken = await world.fairShare.waitingUntil(functionArn);
  if (taken) {
    await lookAgain(changes, 'turn-taken', world, (taken.getTime() - now) / 1000 + afterTurnSeconds);
    return undefined;
  }
  const waitMs = await world.fairShare.reserve(arn);
  if (waitMs <= world.longestWaitMs) return waitMs;
  await lookAgain(changes, 'turn', world, waitMs / 1000);
  await world.fairShare.noteWaiting(functionArn, new Date(now + waitMs));
  return undefined;
}

/** A look that comes back for the turn that was reserved for it. */
function hasTurn(changes: readonly Change[]): boolean {
  return changes.some(({ followUp }) => followUp?.purpose === 'turn');
}

/** An accepted update is a new beginning: its verification has all its attempts before it. */
function withoutAttempts(changes: readonly Change[]): Change[] {
  return changes.map(({ followUp: _, ...change }) => change);
}

/**
 * Puts the look on the queue again, so that nothing waits inside a function.
 * @throws {StillWaiting} where that has been done too often.
 */
export async function lookAgain(
  changes: readonly Change[],
  purpose: FollowUpPurpose,
  world: World,
  atLeastSeconds = 0,
): Promise<void> {
  const { change } = attribute(changes, ['Handler', 'Layers', 'Environment', 'Tags']);
  const attempt = Math.max(0, ...changes.map(({ followUp }) => followUp?.attempt ?? 0)) + 1;
  if (attempt > followUpAttempts)
    throw new StillWaiting(
      `${formatFunctionArn(change.functionArn)} was looked at ${followUpAttempts} times (${purpose}) and is no further; ` +
        'the message goes to the dead-letter queue: see docs/operations.md',
    );
  await world.followUps.schedule(
    { ...change, followUp: { purpose, attempt } },
    followUpDelay(attempt, world.spread(), atLeastSeconds),
  );
}
