import type { Change } from '../domain/change.ts';
import { LayerwardError } from '../domain/errors.ts';
import { type FunctionArn, formatFunctionArn } from '../domain/function-arn.ts';
import { lookAgain, remediate, type World } from './remediate.ts';

/** A message of the queue. */
export interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** What reading a message comes to: a change to look at, or why there is none. May throw a {@link LayerwardError}. */
export type ReadMessage = (
  body: string,
) => { readonly change: Change } | { readonly dropped: string; readonly detail: string; readonly eventId?: string };

/**
 * Works off a batch: one look per function, however many messages name it, and all functions side by side.
 * Answers the ids of the messages that have to come back. One that fails does not keep the others from being served.
 */
export async function remediateBatch(messages: readonly Message[], read: ReadMessage, world: World): Promise<string[]> {
  const failed: string[] = [];
  const looks = new Map<
    string,
    { readonly arn: FunctionArn; readonly changes: Change[]; readonly messageIds: string[] }
  >();
  for (const { messageId, body } of messages)
    try {
      const reading = read(body);
      if ('dropped' in reading) {
        world.log.info({ messageId, eventId: reading.eventId, dropped: reading.dropped }, reading.detail);
        continue;
      }
      const { change } = reading;
      const key = formatFunctionArn(change.functionArn);
      const look = looks.get(key) ?? { arn: change.functionArn, changes: [], messageIds: [] };
      look.changes.push(change);
      look.messageIds.push(messageId);
      looks.set(key, look);
    } catch (error) {
      logFailure(error, { messageId }, world);
      failed.push(messageId);
    }
  await Promise.all(
    [...looks].map(async ([functionArn, { arn, changes, messageIds }]) => {
      const startedAt = world.now().getTime();
      try {
        const { status, reason } = await remediate(arn, changes, world);
        const eventIds = changes.map(({ eventId }) => eventId);
        const durationMs = world.now().getTime() - startedAt;
        world.log.info({ functionArn, status, reason, eventIds, durationMs }, 'looked');
      } catch (error) {
        logFailure(error, { functionArn, messageIds }, world);
        if (!(await comesBackSooner(error, changes, world))) failed.push(...messageIds);
      }
    }),
  );
  return failed;
}

/**
 * Most troubles that pass do so within seconds, and a message that fails stays away for minutes; so the look is put on the
 * queue again. Where that fails too, or has been done too often, the message comes back.
 */
async function comesBackSooner(error: unknown, changes: readonly Change[], world: World): Promise<boolean> {
  if (!(error instanceof LayerwardError && error.retryable)) return false;
  return lookAgain(changes, 'unavailable', world).then(
    () => true,
    () => false,
  );
}

/** Errors of ours say all there is to say; of any other, the stack is what helps. */
function logFailure(error: unknown, about: Readonly<Record<string, unknown>>, world: World): void {
  if (error instanceof LayerwardError)
    world.log.error({ ...about, code: error.code, retryable: error.retryable }, error.message);
  else world.log.error({ ...about, code: 'unexpected', err: error }, 'unexpected error');
}
