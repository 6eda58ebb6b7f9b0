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

/** People and systems that want to know. */
export interface Announcer {
  announce(outcome: Outcome): Promise<void>;
}

/** The queue, for looks at a later time. */
export interface FollowUps {
  /** Puts a change on the queue again; `change.followUp` says why. */
  schedule(change: Change, delaySeconds: number): Promise<void>;
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
