import type { FunctionArn } from './function-arn.ts';

/** Who called AWS, as CloudTrail's `userIdentity` has it. */
export interface Actor {
  /** `IAMUser`, `AssumedRole`, `AWSService`, … */
  readonly type: string;
  /** A name for people: a user's, a role's with its session, a service's. */
  readonly name: string;
  readonly arn?: string;
  /** The service that called on somebody's behalf, such as `cloudformation.amazonaws.com`. */
  readonly invokedBy?: string;
  readonly sourceIpAddress?: string;
  readonly userAgent?: string;
}

/** What made us look. */
export type ChangeKind = 'created' | 'configured' | 'code-updated' | 'tagged' | 'deleted' | 'swept' | 'asked';

/** Why a function is looked at again. */
export type FollowUpPurpose =
  | 'verify'
  | 'not-ready'
  | 'function-busy'
  | 'throttled'
  | 'revision-changed'
  | 'tags-unreadable'
  /** Something that it needs could not be had: an answer of a service, the policy, the place of its account. */
  | 'unavailable'
  /** The turn that was reserved for it has come. */
  | 'turn'
  /** Another look at it waits for its turn; this one comes after it. */
  | 'turn-taken';

/** A hint to look at a function: the truth is what `GetFunction` says. */
export interface Change {
  readonly functionArn: FunctionArn;
  readonly kind: ChangeKind;
  /** CloudTrail's `eventID`, or the id of the EventBridge event. */
  readonly eventId: string;
  /** AWS's name without the date, such as `UpdateFunctionConfiguration`. */
  readonly eventName: string;
  /** ISO 8601. */
  readonly eventTime: string;
  readonly actor?: Actor;
  /** The parts of the function that the call named: `Handler`, `Layers`, `Environment`, `Runtime`, `Architectures`, `Tags`. */
  readonly touched: readonly string[];
  /** The keys of the tags that changed. */
  readonly tagKeys: readonly string[];
  /** Set where this is a look that we put on the queue ourselves. */
  readonly followUp?: { readonly purpose: FollowUpPurpose; readonly attempt: number };
}

/**
 * The moment that what is known of policy and credentials must not be older than. A sweep is often there because one of
 * them has just changed, and what a worker still has in memory would say that all is well.
 */
export function knowledgeAsOf(changes: readonly Change[]): Date | undefined {
  const times = changes.filter(({ kind }) => kind === 'swept' || kind === 'asked').map(({ eventTime }) => eventTime);
  const latest = times.sort().at(-1);
  return latest === undefined ? undefined : new Date(latest);
}

/** The longest delay that SQS allows, in seconds. */
const longestDelay = 900;

/** How often a function is looked at again before the message is left to the dead-letter queue. */
export const followUpAttempts = 14;

/**
 * Seconds until the next look, growing with each one: 1, 2, 4, … up to a quarter of an hour, so that the attempts add up
 * to about an hour. `spread` (0 to 1) sets apart those that failed together.
 */
export function followUpDelay(attempt: number, spread: number, atLeastSeconds = 0): number {
  const growing = 2 ** Math.min(attempt - 1, 10);
  return Math.min(longestDelay, Math.max(Math.ceil(atLeastSeconds), Math.round(growing * (1 + spread / 2))));
}

/**
 * The change that most likely led to what is there now: the newest of those that named a part that drifted, else the
 * newest. `isCulprit` tells whether it may be named as who did it.
 */
export function attribute(
  changes: readonly Change[],
  driftPaths: readonly string[],
): { readonly change: Change; readonly isCulprit: boolean } {
  const newestFirst = [...changes].sort((a, b) => b.eventTime.localeCompare(a.eventTime));
  const parts = driftPaths.map((path) => path.split('.')[0]);
  const culprit = newestFirst.find(
    ({ kind, touched, actor }) => actor && (kind === 'created' || touched.some((part) => parts.includes(part))),
  );
  if (culprit) return { change: culprit, isCulprit: true };
  const [newest] = newestFirst;
  if (!newest) throw new TypeError('a look needs a change that led to it');
  return { change: newest, isCulprit: false };
}

/** The id of a change that is only seen after the one of this event, and that no event has told of yet. */
export function idOfAnother(eventId: string): string {
  return `${eventId}+`;
}
