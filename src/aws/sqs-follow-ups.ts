import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Change } from '../domain/change.ts';
import { followUpMessage } from '../domain/change-message.ts';
import { ServiceUnavailable } from '../domain/errors.ts';
import type { FollowUps } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

/** As many messages as SQS takes at once. */
const entriesPerCall = 10;

/** Looks at a later time, as delayed messages on the queue that the events come through. */
export function createSqsFollowUps(client: SQSClient, queueUrl: string): FollowUps {
  return {
    async schedule(change, delaySeconds) {
      try {
        await client.send(
          new SendMessageCommand({
            QueueUrl: queueUrl,
            MessageBody: followUpMessage(change),
            DelaySeconds: delaySeconds,
          }),
        );
      } catch (error) {
        throw toLayerwardError(error, `putting a later look on the queue ${queueUrl}`);
      }
    },
    async send(changes) {
      for (let from = 0; from < changes.length; from += entriesPerCall)
        await sendBatch(changes.slice(from, from + entriesPerCall));
    },
  };

  async function sendBatch(changes: readonly Change[]): Promise<void> {
    const doing = `putting ${changes.length} looks on the queue ${queueUrl}`;
    const Entries = changes.map((change, index) => ({ Id: String(index), MessageBody: followUpMessage(change) }));
    const answer = await client
      .send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
      .catch((error: unknown) => {
        throw toLayerwardError(error, doing);
      });
    // A batch is answered with 200 also where some of it was not taken.
    const refused = answer.Failed?.[0];
    if (refused) throw new ServiceUnavailable(`${doing} failed: ${refused.Code}: ${refused.Message}`);
  }
}
