import type { Item } from './dynamodb-expression.ts';
import type { Notice, ToldOutcome } from './notices.ts';
import type { RecordAccess } from './record-access.ts';
import { InvariantViolated } from './story.ts';

/** A change of a function's state, as it was written to its record. */
export interface StateChange {
  readonly functionArn: string;
  readonly status: string;
  readonly reason: string;
  readonly action: string;
  /** When it was written, ISO 8601. */
  readonly at: string;
}

/** Sees every write of a record, and remembers the changes of state that somebody has to be told of. */
export interface StateChanges {
  /** A write that was accepted. */
  note(item: Item): void;
  /** A record that was deleted: what people were told of its function is forgotten with it. */
  forget(functionArn: string): void;
  readonly all: readonly StateChange[];
  /** When the record of a function was deleted. */
  forgotten(functionArn: string): readonly number[];
  /** Whether so much once waited to be told of a function that there was no room for more. */
  wasFull(functionArn: string): boolean;
}

/** As many outcomes wait in a record at the most. */
const mostWaiting = 50;

export function createStateChanges(now: () => number): StateChanges {
  const last = new Map<string, string>();
  const all: StateChange[] = [];
  const forgotten = new Map<string, number[]>();
  const full = new Set<string>();
  return {
    all,
    note(item) {
      const text = (name: string) => item[name]?.S ?? '';
      const functionArn = text('functionArn');
      const [status, reason, action, at] = [text('status'), text('reason'), text('action'), text('updatedAt')];
      const mark = [status, reason, action].join(' ');
      // Whether an outcome belongs to a write is for the record to say; that a state is another one can be seen.
      if (last.get(functionArn) !== mark && action !== 'sent') all.push({ functionArn, status, reason, action, at });
      last.set(functionArn, mark);
      if ((item['outbox']?.L ?? []).length >= mostWaiting) full.add(functionArn);
    },
    forget(functionArn) {
      last.delete(functionArn);
      forgotten.set(functionArn, [...(forgotten.get(functionArn) ?? []), now()]);
    },
    forgotten: (functionArn) => forgotten.get(functionArn) ?? [],
    wasFull: (functionArn) => full.has(functionArn),
  };
}

const kindOf = ({ functionArn, status, reason, action }: StateChange): string =>
  [functionArn, status, reason, action].join(' ');
const keyOf = (change: StateChange): string => `${kindOf(change)} ${change.at}`;
const outcomeKey = (outcome: ToldOutcome): string =>
  [keyOf(outcome), outcome.cause.eventId, outcome.cause.eventTime].join(' ');

/** How often somebody was told again of the same thing, and why that had to be. */
export interface AnnouncementCounts {
  readonly notices: number;
  /** Told again, since who told it first was disturbed before that could be noted down. */
  readonly afterTrouble: number;
  /** Told again, since two looks at the same function came in each other's way. */
  readonly atOnce: number;
}

/**
 * Each change of state was told at least once, and is in the history; and people got an alert of what is worth one.
 *
 * @param history the outcomes that were written to the history of all functions
 * @throws {InvariantViolated}
 */
export function checkAnnouncements(
  notices: readonly Notice[],
  changes: StateChanges,
  history: readonly ToldOutcome[],
): void {
  const events = notices.filter(({ channel }) => channel === 'EventBridge');
  const told = new Set(events.map(keyOf));
  // Where there is no room for all that waits, what comes again later is told then.
  const isToldLater = (change: StateChange) =>
    changes.wasFull(change.functionArn) &&
    events.some((later) => kindOf(later) === kindOf(change) && later.at > change.at);
  for (const change of changes.all)
    if (!told.has(keyOf(change)) && !isToldLater(change))
      throw new InvariantViolated(
        'told',
        change.functionArn,
        `nobody was told that it was ${change.status} ${change.reason} (${change.action}) at ${change.at}`,
      );
  const toldOutcomes = new Set(events.map(outcomeKey));
  for (const outcome of history)
    if (outcome.action !== 'sent' && !toldOutcomes.has(outcomeKey(outcome)) && !isToldLater(outcome))
      throw new InvariantViolated(
        'told',
        outcome.functionArn,
        `${outcome.status} ${outcome.reason} (${outcome.action}) of ${outcome.at} is in its history, and nobody was told`,
      );
  // The same outcome of the same event is one item, however often it came to that.
  const itemKey = (outcome: ToldOutcome) => outcomeKey({ ...outcome, at: '' });
  const kept = new Set(history.map(itemKey));
  for (const notice of events)
    if (!kept.has(itemKey(notice)))
      throw new InvariantViolated(
        'history',
        notice.functionArn,
        `somebody was told that it was ${notice.status} ${notice.reason} (${notice.action}) at ${notice.at}, and its history says nothing of it`,
      );
  checkPeople(notices, changes);
}

/**
 * Each notice was sent once, but where the run that sent it was disturbed before it could note that down, or another look
 * at the same function came in its way.
 *
 * @throws {InvariantViolated}
 */
export function checkRepeats(notices: readonly Notice[], access: RecordAccess): AnnouncementCounts {
  const counts = { notices: notices.length, afterTrouble: 0, atOnce: 0 };
  const former = new Map<string, Notice>();
  for (const notice of notices) {
    const key = `${notice.channel} ${outcomeKey(notice)}`;
    const before = former.get(key);
    former.set(key, notice);
    if (before) counts[whyAgain(before, notice, access)]++;
  }
  return counts;
}

/** Why something was told again. @throws {InvariantViolated} where there was no need. */
function whyAgain(before: Notice, again: Notice, access: RecordAccess): 'afterTrouble' | 'atOnce' {
  const { functionArn, run, sentAt } = before;
  const writes = access.writesOf(functionArn);
  const noted = writes.find((write) => write.run === run && write.isEmptied && write.at >= sentAt);
  // Who tells it again read the record before that was noted down.
  if (noted && again.readAt <= noted.at) return 'atOnce';
  if (!noted) {
    if (run.troubledAt() >= sentAt || run.wasKilled() || run.isAlive()) return 'afterTrouble';
    // It was about to note it down, when the other one had begun; whoever writes first makes the other one's write stale.
    if (run.endedAt() >= again.readAt) return 'atOnce';
    if (writes.some((write) => write.run !== run && write.at >= before.readAt && write.at <= again.toldAt))
      return 'atOnce';
  }
  throw new InvariantViolated(
    'budget',
    functionArn,
    `${again.channel} is told again by ${again.run.name} what ${run.name} has told ${noted ? 'and noted down' : 'undisturbed'}: ` +
      `${again.status} ${again.reason} (${again.action}) of ${again.at}`,
  );
}

/**
 * Who gets an alert, from docs/decisions.md: repairs each time; what blocks, is contested, released or only reported once,
 * until something else is published of the function.
 */
function checkPeople(notices: readonly Notice[], changes: StateChanges): void {
  const functions = new Map<string, Notice[]>();
  for (const notice of notices) {
    const own = functions.get(notice.functionArn) ?? [];
    own.push(notice);
    functions.set(notice.functionArn, own);
  }
  for (const [functionArn, own] of functions) {
    const outcomes = new Map<string, Notice>();
    const alerted = new Set<string>();
    for (const notice of own)
      if (notice.channel === 'SNS') alerted.add(outcomeKey(notice));
      else outcomes.set(outcomeKey(notice), outcomes.get(outcomeKey(notice)) ?? notice);
    let mark = '';
    let markedAt = '';
    for (const [key, { status, reason, action, at }] of [...outcomes].sort(([, a], [, b]) => (a.at < b.at ? -1 : 1))) {
      const isForgotten = changes.forgotten(functionArn).some((when) => isBetween(markedAt, when, at));
      const isSame = mark === `${status} ${reason}` && !isForgotten;
      const wanted =
        status === 'protected'
          ? action === 'repaired'
          : status === 'drifted' || status === 'release'
            ? action === 'reported' && !isSame
            : (status === 'blocked' || status === 'contested' || status === 'released') && !isSame;
      mark = `${status} ${reason}`;
      markedAt = at;
      // Where tags can't be read, only functions that we attached to are worth an alert; the notice does not tell which.
      if (reason === 'tags-unreadable') continue;
      if (wanted && !alerted.has(key))
        throw new InvariantViolated(
          'alerts',
          functionArn,
          `nobody got an alert that it was ${status} ${reason} (${action}) at ${at}`,
        );
      if (!wanted && alerted.has(key))
        throw new InvariantViolated(
          'alerts',
          functionArn,
          `people got an alert that it was ${status} ${reason} (${action}) at ${at}, for nothing`,
        );
    }
  }
}

function isBetween(from: string, when: number, until: string): boolean {
  return Date.parse(from) <= when && when <= Date.parse(until);
}
