import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { toLayerwardError } from '../aws/refusal.ts';
import type { AttachedRecords } from '../domain/ports.ts';
import { type Attached, findAttached } from './uninstall-attached.ts';
import { describeStack, failureOf } from './uninstall-stack.ts';
import type { Ending } from './uninstall-words.ts';

/** A release takes up to an hour: a network that is away for a moment is no reason to stop watching. */
const failuresAllowed = 10;

/** What is watched. */
export interface Watched {
  readonly client: CloudFormationClient;
  readonly stackId: string;
  readonly records: AttachedRecords | undefined;
  readonly releasesFunctions: boolean;
  readonly onProgress: (status: string, left: Attached) => void;
  /** How long it waits between two looks. */
  readonly pollMs?: number;
}

/**
 * Watches a stack that is being deleted until it is gone, or CloudFormation gives up.
 * @throws what AWS's client throws, once it has gone on for a while.
 */
export async function followDeletion({
  client,
  stackId,
  records,
  releasesFunctions,
  onProgress,
  pollMs = 2000,
}: Watched): Promise<Ending> {
  let failures = 0;
  for (;;) {
    await sleep(pollMs);
    try {
      const stack = await describeStack(client, stackId);
      const status = stack?.status ?? 'DELETE_COMPLETE';
      const left = await findAttached(records);
      onProgress(status, left);
      if (stack && status === 'DELETE_FAILED') return { status, left, failure: await failureOf(client, stack) };
      if (status === 'DELETE_COMPLETE')
        return { status, left: releasesFunctions ? await settled(left, records, pollMs) : left };
      failures = 0;
    } catch (error) {
      failures++;
      const isPassing = toLayerwardError(error, 'watching the stack').retryable;
      if (!isPassing || failures > failuresAllowed) throw error;
    }
  }
}

/** The index of the records is a moment late: what it still says is attached may have been released just now. */
async function settled(left: Attached, records: AttachedRecords | undefined, pollMs: number): Promise<Attached> {
  if ('unknown' in left || left.functions.length === 0) return left;
  await sleep(pollMs);
  return findAttached(records);
}
