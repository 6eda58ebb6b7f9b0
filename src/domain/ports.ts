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
  /** The secret's credentials, or why there are none, in a sentence without any of its content. */
  find(secretName: string): Promise<{ readonly found: Credentials } | { readonly missing: string }>;
}

/** An account of the organization. */
export interface Account {
  readonly accountId: string;
  readonly name: string;
  /** Whether AWS says that it is active; a suspended one answers nothing. */
  readonly isActive: boolean;
}

/** The organization that the accounts are in. */
export interface Organization {
  /**
   * The organizational units of an account, the root included, nearest first; `undefined` where this deployment is for
   * one account and can't see an organization.
   */
  unitsOf(accountId: string): Promise<readonly string[] | undefined>;
  /** Every account, suspended ones included. */
  accounts(): AsyncIterable<Account>;
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
   * @throws {Throttled} where the line is longer than anybody should wait in it.
   */
  reserve(quarter: Quarter): Promise<number>;
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
export type RecordSummary = Pick<FunctionRecord, 'functionArn' | 'status' | 'reason' | 'action' | 'goalMark'>;

/** What a sweep found in an account and region: how many functions are in which state. Kept for plots over time. */
export interface Coverage {
  readonly sweepId: string;
  readonly accountId: string;
  readonly region: string;
  /** ISO 8601. */
  readonly at: string;
  /** By status, or by status and reason: `protected`, `blocked: layer-limit`. */
  readonly counts: Readonly<Record<string, number>>;
  /** How many functions were put on the queue to be looked at. */
  readonly sent: number;
  /** Why the sweep could not look, where it could not. */
  readonly failure?: string;
}

/** The policy in force. */
export interface Policies {
  /** @throws {PolicyUnusable} where there is none, or none that can be used. */
  current(): Promise<Policy>;
}

/** The records of functions, and their history. */
export interface Records {
  find(functionArn: string): Promise<FunctionRecord | undefined>;
  /** Writes a record; `stale`, and nothing is written, where the stored one is not what it builds on (`version - 1`). */
  save(record: FunctionRecord): Promise<'saved' | 'stale'>;
  /** Forgets the state of a function that was never changed; its history stays. */
  forget(record: FunctionRecord): Promise<'saved' | 'stale'>;
  /** Adds an outcome to its function's history; adding it again changes nothing. */
  remember(outcome: Outcome): Promise<void>;
}

/** What sweeps read and write beside the functions' own records. */
export interface SweepRecords {
  /** The functions of an account and region that are neither released nor deleted. */
  summaries(quarter: Quarter): AsyncIterable<RecordSummary>;
  saveCoverage(coverage: Coverage): Promise<void>;
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
  | 'EventToFix';

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
