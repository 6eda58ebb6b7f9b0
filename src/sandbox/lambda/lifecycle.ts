import type { Clock } from '../api.ts';
import type { Faults, Occasion } from './faults.ts';
import { conflict } from './refusals.ts';
import type { FunctionVersion, Lifecycle } from './state.ts';

/*
 * The life of a function as AWS documents it in "Lambda function states", with the reasons seen in recorded answers:
 * a creation is `Pending` until it is `Active` or `Failed`; an update leaves the state `Active` and is told by
 * `LastUpdateStatus`. Ending a transition gives another `RevisionId`, as AWS does.
 *
 * A failed update: AWS says that invocations go on with the configuration from before. `GetFunction` describes
 * `$LATEST`, which is what the update asked for, with `LastUpdateStatus: Failed` and its reason beside it; nothing is
 * rolled back. So a failed update reads as if the settings were in place, and only `LastUpdateStatus` tells that they
 * don't take effect. The next update starts from those settings. The sandbox does the same.
 */

export const creating: Lifecycle = {
  State: 'Pending',
  StateReason: 'The function is being created.',
  StateReasonCode: 'Creating',
};

export const updating: Lifecycle = {
  State: 'Active',
  LastUpdateStatus: 'InProgress',
  LastUpdateStatusReason: 'The function is being created.',
  LastUpdateStatusReasonCode: 'Creating',
};

export const ready: Lifecycle = { State: 'Active', LastUpdateStatus: 'Successful' };

function failed(from: Lifecycle, code: string, reason: string): Lifecycle {
  return from.State === 'Pending'
    ? { State: 'Failed', StateReason: reason, StateReasonCode: code }
    : {
        State: from.State,
        LastUpdateStatus: 'Failed',
        LastUpdateStatusReason: reason,
        LastUpdateStatusReasonCode: code,
      };
}

/** @throws AwsError `ResourceConflictException` while a creation or an update goes on. */
export function requireAtRest(version: FunctionVersion, arn: string): void {
  if (version.lifecycle.State === 'Pending') {
    throw conflict(
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    );
  }
  if (version.lifecycle.LastUpdateStatus === 'InProgress') {
    throw conflict(`The operation cannot be performed at this time. An update is in progress for resource: ${arn}`);
  }
}

/** Brings creations and updates to their end after their time. */
export interface Transitions {
  /**
   * `end` gets what becomes of a version's lifecycle; it runs once, later, unless a fault keeps the transition stuck:
   * then it runs some time after the faults were replaced.
   */
  begin(occasion: Occasion, kind: 'creation' | 'update', end: (settle: (from: Lifecycle) => Lifecycle) => void): void;
}

export function createTransitions(
  clock: Clock,
  faults: Faults,
  defaults: { pendingMs: number; updateMs: number },
): Transitions {
  let stuck: (() => void)[] = [];
  faults.onReplaced(() => {
    const waiting = stuck;
    stuck = [];
    for (const restart of waiting) restart();
  });

  const begin: Transitions['begin'] = (occasion, kind, end) => {
    const fault = faults.onTransition(occasion);
    if (fault?.outcome === 'stuck') {
      stuck.push(() => begin(occasion, kind, end));
      return;
    }
    const timings = faults.settings().timings;
    const milliseconds =
      kind === 'creation'
        ? (timings.pendingMilliseconds ?? defaults.pendingMs)
        : (timings.updateMilliseconds ?? defaults.updateMs);
    clock.after(milliseconds, () => {
      if (fault === undefined) end(() => ready);
      else end((from) => failed(from, fault.reasonCode, fault.reason ?? reasons[fault.reasonCode] ?? fault.reasonCode));
    });
  };
  return { begin };
}

/** AWS's words for the commoner reason codes. */
const reasons: Readonly<Record<string, string>> = {
  EniLimitExceeded: 'You have exceeded the maximum limit for Hyperplane ENIs for your account.',
  ImageAccessDenied: 'Lambda does not have permission to access the ECR image. Check the ECR permissions.',
  ImageDeleted: 'The image no longer exists in the repository.',
  InsufficientRolePermissions:
    "The function's execution role does not have permissions to call CreateNetworkInterface on EC2",
  InternalError: 'An internal error occurred.',
  InvalidConfiguration: 'The function configuration is invalid.',
  InvalidImage: 'The image is not valid.',
  KMSKeyAccessDenied: 'Lambda was unable to use the KMS key because access was denied.',
  SubnetOutOfIPAddresses: 'The subnets of the function have no free IP addresses.',
};
