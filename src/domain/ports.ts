import type { Change } from './change.ts';
import type { Plan, RefusalReason } from './decision.ts';
import type { FunctionArn } from './function-arn.ts';
import type { Credentials } from './goal.ts';
import type { Policy } from './policy.ts';
import type { FunctionRecord, Outcome } from './record.ts';
import type { Snapshot } from './snapshot.ts';

/*
 * What the service asks of the world around it, in the domain's words. Every method may throw a LayerwardError:
 * a passing one (`retryable`) goes back to the queue, a permanent one to the dead letters.
 */

/** AWS's answer to an update. */
export type UpdateAnswer =
  | { readonly accepted: true; readonly revisionId: string }
  | { readonly accepted: false; readonly reason: RefusalReason; readonly detail: string };

/** Lambda functions, read and updated. */
export interface Functions {
  /** One `GetFunction`; `undefined` where there is no such function. */
  read(arn: FunctionArn): Promise<Snapshot | undefined>;
  /**
   * One `UpdateFunctionConfiguration`. A refusal that stays one is an answer.
   * @throws {RevisionChanged} {@link FunctionBusy} {@link Throttled} {@link ServiceUnavailable}
   */
  update(plan: Plan): Promise<UpdateAnswer>;
}

/** Credentials of groups. */
export interface CredentialStore {
  /**
   * The secret's credentials, or why there are none, in a sentence without any of its content.
   * @param asOf what was kept from before this moment does not count
   */
  find(
    secretName: string,
    asOf?: Date | undefined,
  ): Promise<{ readonly found: Credentials } | { readonly missing: string }>;
}

/** An account of the organization. */
export interface Account {
  readonly accountId: string;
  readonly name: string;
  /** Whether AWS says that it is active; a suspended one answers nothing. */
  readonly isActive: boolean;
  /** The organizational units that it is in, the root included, nearest first. */
  readonly organizationalUnits: readonly string[];
}

/** The organization as AWS has it now. */
export interface Organization {
  /** Every account, suspended ones included. */
  accounts(): AsyncIterable<Account>;
  /** Every organizational unit, the root included. */
  units(): AsyncIterable<string>;
  managementAccountId(): Promise<string>;
}

/** Where accounts are in the organization, as it was last noted down. */
export interface AccountPlaces {
  /**
   * The organizational units of an account, the root included, nearest first; `undefined` where this deployment is for
   * one account and can't see an organization.
   * @throws {AccountUnknown} for an account that has not been noted yet.
   */
  unitsOf(accountId: string): Promise<readonly string[] | undefined>;
}

/** Notes down where accounts are, so that nobody has to ask AWS Organizations for each function. */
export interface AccountRegister {
  /** Makes the register hold these accounts and no others. Answers how many entries changed. */
  replace(accounts: readonly Account[]): Promise<number>;
}

/** An account and region, which have quotas of their own. */
export interface Quarter {
  readonly accountId: string;
  readonly region: string;
}

/**
 * Our share of the calls that AWS allows in an account and region: 15 a second for all of the control plane but
 * `GetFunction`, and teams deploy through the same 15.
 */
export interface FairShare {
  /**
   * Reserves the next turn, and answers in how many milliseconds it comes. Everybody who shares the quarter waits in one
   * line, whichever worker they are in.
   * @param longestWaitMs no turn is taken that comes later; as long as SQS holds a message back, if left out
   * @throws {Throttled} where the line is longer than that.
   */
  reserve(quarter: Quarter, longestWaitMs?: number): Promise<number>;
  /** Until when a look at this function waits on the queue for the turn that was reserved for it; absent if none does. */
  waitingUntil(functionArn: string): Promise<Date | undefined>;
  /** Notes that a look at this function waits for its turn, so that others need not reserve one of their own. */
  noteWaiting(functionArn: string, until: Date): Promise<void>;
  /** Notes that AWS throttled us all the same: everybody slows down for a while, and then recovers. */
  slowDown(quarter: Quarter, retryAfterSeconds: number | undefined): Promise<void>;
}

/** A function as a listing shows it: without its tags, and without whether AWS is at work on it. */
export type Listed = Omit<Snapshot, 'tags'>;

/** The functions of an account and region, listed page by page. */
export interface Inventory {
  /** How many functions there are. */
  count(quarter: Quarter): Promise<number>;
  /** One page, from a marker on. */
  list(
    quarter: Quarter,
    marker: string | undefined,
  ): Promise<{ readonly functions: readonly Listed[]; readonly nextMarker: string | undefined }>;
  /** The functions that have a tag with this value, with all their tags. AWS is late to show and to forget them. */
  tagged(
    quarter: Quarter,
    tag: string,
    value: string,
  ): AsyncIterable<{ readonly functionArn: string; readonly tags: Readonly<Record<string, string>> }>;
}

/** What a sweep has to know of a record. */
export type RecordSummary = Pick<
  FunctionRecord,
  'functionArn' | 'status' | 'reason' | 'action' | 'goalMark' | 'outbox'
>;

/** What a sweep found in an account and region, or what kept it from looking. Kept for plots over time. */
export interface Coverage {
  readonly sweepId: string;
  /** ISO 8601. */
  readonly at: string;
  /** `account 111122223333 in us-east-1`, `organizational unit ou-…`: one entry for each in a sweep. */
  readonly what: string;
  readonly accountId?: string;
  readonly region?: string;
  /** Functions by status, or by status and reason: `protected`, `blocked: layer-limit`. */
  readonly counts: Readonly<Record<string, number>>;
  /** How many functions were put on the queue to be looked at. */
  readonly sent: number;
  /** How many were put right by the sweep itself. */
  readonly repaired: number;
  /** Why the sweep could not look, and what to do about it. */
  readonly problem?: string;
}

/** The policy in force. */
export interface Policies {
  /**
   * @param asOf what was read before this moment does not count
   * @throws {PolicyUnusable} where there is none, or none that can be used.
   */
  current(asOf?: Date | undefined): Promise<Policy>;
}

/** The records of functions, and their history. */
export interface Records {
  find(functionArn: string): Promise<FunctionRecord | undefined>;
  /**
   * Writes a record; `stale`, and nothing is written, where the stored one is not what it builds on (`version - 1`). The same
   * record may be written again.
   */
  save(record: FunctionRecord): Promise<'saved' | 'stale'>;
  /** Forgets the state of a function that was never changed; its history stays. */
  forget(record: FunctionRecord): Promise<'saved' | 'stale'>;
  /** Adds an outcome to its function's history; adding it again changes nothing. */
  remember(outcome: Outcome): Promise<void>;
  /** Whether somebody has said that records are missing: then having none does not mean that nothing of ours is on it. */
  areLost(): Promise<boolean>;
}

/** What sweeps read and write beside the functions' own records. */
export interface SweepRecords {
  /**
   * The functions of an account and region that are neither released nor deleted; and those that are, as long as that is
   * not told.
   */
  summaries(quarter: Quarter): AsyncIterable<RecordSummary>;
  /** Writes what a sweep found of something; writing it again replaces it. */
  saveCoverage(coverage: Coverage): Promise<void>;
  /** Everything that a sweep found so far. */
  coverageOf(sweepId: string): AsyncIterable<Coverage>;
}

/** Whether this deployment is being taken away. */
export interface DeploymentState {
  /** From now on nothing new is attached. */
  markEnding(): Promise<void>;
  isEnding(): Promise<boolean>;
}

/** The answer to a request of CloudFormation's for a custom resource. */
export interface CloudFormationAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

/** What a release of everything reads. */
export interface AttachedRecords {
  /** Records that say that something of ours is, or may be, on the function, or that it was taken off and that is not told. */
  attached(): AsyncIterable<FunctionRecord>;
}

/** People and systems that want to know. */
export interface Announcer {
  announce(outcome: Outcome): Promise<void>;
}

/** The queue, for looks at a later time. */
export interface FollowUps {
  /** Puts a change on the queue again; `change.followUp` says why. */
  schedule(change: Change, delaySeconds: number): Promise<void>;
  /** Puts changes on the queue, to be looked at as soon as somebody has time. */
  send(changes: readonly Change[]): Promise<void>;
}

/** Names of metrics. Documented in docs/operations.md. */
export type MetricName =
  | 'Looked'
  | 'Attached'
  | 'Repaired'
  | 'Protected'
  | 'Released'
  | 'FunctionsBlocked'
  | 'Contested'
  | 'DriftSeen'
  | 'UpdateRefused'
  | 'Throttled'
  | 'Conflicts'
  | 'EventToFix'
  | 'SweptPlaces'
  | 'SweepProblems';

/** Counts, and durations in milliseconds. */
export interface Metrics {
  add(name: MetricName, value: number): void;
}

/** One line for each thing worth knowing; fields, no prose, no secrets. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}
