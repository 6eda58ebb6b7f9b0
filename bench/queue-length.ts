import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';

const lengths = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** How many messages a queue holds: those that wait, those that are being worked on, and those that are held back. */
export async function queueLength(client: SQSClient, queueUrl: string): Promise<number> {
  const attributes = await attributesOf(client, queueUrl, lengths);
  return lengths.reduce((sum, name) => sum + Number(attributes?.[name] ?? Number.NaN), 0);
}

/** The ARN of a queue. */
export async function queueArn(client: SQSClient, queueUrl: string): Promise<string> {
  return (await attributesOf(client, queueUrl, ['QueueArn']))?.QueueArn ?? '';
}

async function attributesOf(client: SQSClient, QueueUrl: string, names: readonly QueueAttributeName[]) {
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return Attributes;
}
