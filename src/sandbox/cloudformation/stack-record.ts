import { randomUUID } from 'node:crypto';
import type { Clock } from '../api.ts';
import type { StackIdentity } from '../template-resolver.ts';
import { stackArn } from './stack-arn.ts';

/** Where a stack is in its life, in CloudFormation's words. */
export type StackStatus =
  | 'CREATE_IN_PROGRESS'
  | 'CREATE_COMPLETE'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_FAILED'
  | 'ROLLBACK_COMPLETE'
  | 'DELETE_IN_PROGRESS'
  | 'DELETE_FAILED'
  | 'DELETE_COMPLETE';

/** The same of one of its resources; `DELETE_SKIPPED` is one that was retained. */
export type ResourceStatus =
  | 'CREATE_IN_PROGRESS'
  | 'CREATE_FAILED'
  | 'CREATE_COMPLETE'
  | 'DELETE_IN_PROGRESS'
  | 'DELETE_FAILED'
  | 'DELETE_COMPLETE'
  | 'DELETE_SKIPPED';

/** One line of a stack's story. The stack itself is told under its own name, as `AWS::CloudFormation::Stack`. */
export interface StackEvent {
  readonly id: string;
  readonly time: Date;
  readonly logicalId: string;
  /** Empty as long as there is none. */
  readonly physicalId: string;
  readonly type: string;
  readonly status: StackStatus | ResourceStatus;
  readonly reason: string | undefined;
}

/** A resource, as the last event about it tells. */
export type StackResource = StackEvent & { readonly status: ResourceStatus };

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description: string | undefined;
  readonly exportName: string | undefined;
}

/** What is known of a stack before it is created. */
export interface StackDescription extends StackIdentity {
  readonly description: string | undefined;
  /** By key; those that are not to be shown as asterisks. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What CloudFormation tells of one stack, also after its deletion. */
export interface StackRecord extends StackDescription {
  readonly stackId: string;
  readonly created: Date;
  readonly status: StackStatus;
  readonly statusReason: string | undefined;
  /** When its deletion ended; undefined before. */
  readonly deleted: Date | undefined;
  outputs: readonly StackOutput[];
  /** All that happened, the latest first. */
  events(): readonly StackEvent[];
  /** In the order of their creation, deleted ones too. */
  resources(): readonly StackResource[];
  /** Notes that the stack has come to a status. */
  become(status: StackStatus, reason?: string): void;
  /** Notes that a resource has; what is not known of it stays as it was. */
  note(
    logicalId: string,
    status: ResourceStatus,
    more?: { readonly type?: string; readonly physicalId?: string; readonly reason?: string },
  ): void;
}

/** The record of a stack whose creation begins. */
export function createStackRecord(description: StackDescription, clock: Clock): StackRecord {
  const stackId = stackArn(description);
  const events: StackEvent[] = [];
  const resources = new Map<string, StackResource>();
  const created = clock.now();
  let status: StackStatus = 'CREATE_IN_PROGRESS';
  let statusReason: string | undefined;
  let deleted: Date | undefined;

  const become: StackRecord['become'] = (next, reason) => {
    status = next;
    statusReason = reason;
    deleted = next === 'DELETE_COMPLETE' ? clock.now() : undefined;
    const logicalId = description.stackName;
    const type = 'AWS::CloudFormation::Stack';
    events.push({ id: randomUUID(), time: clock.now(), logicalId, physicalId: stackId, type, status: next, reason });
  };
  become('CREATE_IN_PROGRESS', USER_INITIATED);

  return {
    ...description,
    stackId,
    created,
    get status() {
      return status;
    },
    get statusReason() {
      return statusReason;
    },
    get deleted() {
      return deleted;
    },
    outputs: [],
    events: () => events.toReversed(),
    resources: () => [...resources.values()],
    become,
    note: (logicalId, next, more = {}) => {
      const known = resources.get(logicalId);
      const event: StackResource = {
        id: `${logicalId}-${next}-${randomUUID()}`,
        time: clock.now(),
        logicalId,
        physicalId: more.physicalId ?? known?.physicalId ?? '',
        type: more.type ?? known?.type ?? '',
        status: next,
        reason: more.reason,
      };
      resources.set(logicalId, event);
      events.push(event);
    },
  };
}

/** Why a stack is created or deleted, in AWS's words. */
export const USER_INITIATED = 'User Initiated';
