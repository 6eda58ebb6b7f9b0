import * as z from 'zod';
import type { InternalClient } from './internal-client.ts';

/** A queue of a message's, and what it is to hold. */
export interface QueueMessage {
  readonly queueArn: string;
  readonly body: string;
  /** Message attributes, all of them texts. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Sends a message to a queue, once its policy has been looked at.
 *
 * @param requireAdmitted gets the queue's policy, and rejects if it does not admit the sender.
 * @throws Error with the reason why the message cannot be sent.
 */
export async function sendToQueue(
  client: InternalClient,
  { queueArn, body, attributes = {} }: QueueMessage,
  requireAdmitted: (policy: string | undefined) => Promise<void>,
): Promise<void> {
  const [, , , , account = '', name = ''] = queueArn.split(':');
  const QueueUrl = `http://127.0.0.1/${account}/${name}`;
  const answer = await client.json('sqs', 'AmazonSQS.GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
  const { Attributes } = z.object({ Attributes: z.object({ Policy: z.string().optional() }) }).parse(answer);
  await requireAdmitted(Attributes.Policy);
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([key, StringValue]) => [key, { DataType: 'String', StringValue }]),
  );
  await client.json('sqs', 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: body, MessageAttributes });
}
