import type { DeployedResource } from '../template-resolver.ts';
import { type StackRecord, USER_INITIATED } from './stack-record.ts';

/** What became of a stack's deletion. One resource that cannot be deleted ends it, and what came before it is left. */
export interface StackRemoval {
  readonly status: 'DELETE_COMPLETE' | 'DELETE_FAILED';
  /** What this deletion has deleted; one that goes on after a failure tells its own part. */
  readonly deleted: readonly string[];
  readonly retained: readonly string[];
  readonly failed?: { readonly logicalId: string; readonly reason: string };
}

/** Takes a stack's resources away again, the last one first, and tells of each in the stack's record. */
export interface StackRemover {
  /** Deletes what is left; while a deletion goes on, it is joined. */
  remove(retained?: readonly string[]): Promise<StackRemoval>;
  /** Takes away what was created, since a resource could not be. */
  rollBack(failedId: string): Promise<void>;
}

/**
 * @param deployed the resources by logical id, in the order of their creation; what is taken away leaves it, so that a
 * deletion that failed can go on.
 * @param isRetained what the template wants to outlive the stack.
 */
export function createStackRemover(
  deployed: Map<string, DeployedResource>,
  record: StackRecord,
  isRetained: (logicalId: string) => boolean,
): StackRemover {
  const retained: string[] = [];
  let going: Promise<StackRemoval> | undefined;

  const removeAll = async (isKept: (logicalId: string) => boolean): Promise<StackRemoval> => {
    const deleted: string[] = [];
    for (const [logicalId, resource] of [...deployed].toReversed()) {
      if (isKept(logicalId)) {
        record.note(logicalId, 'DELETE_SKIPPED');
        retained.push(logicalId);
        deployed.delete(logicalId);
        continue;
      }
      record.note(logicalId, 'DELETE_IN_PROGRESS');
      try {
        await resource.remove?.();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        record.note(logicalId, 'DELETE_FAILED', { reason });
        return { status: 'DELETE_FAILED', deleted, retained: [...retained], failed: { logicalId, reason } };
      }
      record.note(logicalId, 'DELETE_COMPLETE');
      deployed.delete(logicalId);
      deleted.push(logicalId);
    }
    return { status: 'DELETE_COMPLETE', deleted, retained: [...retained] };
  };

  const remove = async (kept: readonly string[]): Promise<StackRemoval> => {
    record.become('DELETE_IN_PROGRESS', USER_INITIATED);
    const removal = await removeAll((logicalId) => isRetained(logicalId) || kept.includes(logicalId));
    record.become(removal.status, failureOf(removal));
    return removal;
  };

  return {
    remove: (kept = []) => {
      going ??= remove(kept).finally(() => {
        going = undefined;
      });
      return going;
    },

    rollBack: async (failedId) => {
      record.become(
        'ROLLBACK_IN_PROGRESS',
        `The following resource(s) failed to create: [${failedId}]. Rollback requested by user.`,
      );
      const removal = await removeAll(() => false);
      record.become(removal.failed === undefined ? 'ROLLBACK_COMPLETE' : 'ROLLBACK_FAILED', failureOf(removal));
    },
  };
}

/** The stack's own reason, in AWS's words; the resource's event tells why. */
function failureOf({ failed }: StackRemoval): string | undefined {
  return failed === undefined ? undefined : `The following resource(s) failed to delete: [${failed.logicalId}].`;
}
