import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { followUpMessage } from '../domain/change-message.ts';
import type { FollowUps } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

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
  };
}
