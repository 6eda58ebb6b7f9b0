import * as z from 'zod';
import type { ApiService } from './api.ts';
import type { BusEvent, Target } from './event-bus.ts';
import type { Identities } from './identity.ts';
import { createInternalClient } from './internal-client.ts';
import { admits } from './resource-policy.ts';

/**
 * EventBridge's side of a queue target: sends the event as a message, if the queue's policy lets this rule do so.
 *
 * @throws Error with the reason why the event cannot be delivered.
 */
export async function deliverToQueue(
  services: ReadonlyMap<string, ApiService>,
  identities: Identities,
  target: Target,
  ruleArn: string,
  event: BusEvent,
): Promise<void> {
  const [, , service, region = '', account = '', name = ''] = target.Arn.split(':');
  if (service !== 'sqs') {
    throw new Error('the sandbox delivers to SQS queues only');
  }
  const client = createInternalClient(services, identities.callerOf('events.amazonaws.com'), region);
  const QueueUrl = `http://127.0.0.1/${account}/${name}`;
  const answer = await client.json('sqs', 'AmazonSQS.GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
  const { Attributes } = z.object({ Attributes: z.object({ Policy: z.string().optional() }) }).parse(answer);
  const isAdmitted = admits(Attributes.Policy, {
    action: 'sqs:SendMessage',
    resourceArn: target.Arn,
    principal: { service: 'events.amazonaws.com' },
    context: {
      'aws:SourceArn': ruleArn,
      'aws:SourceAccount': ruleArn.split(':')[4] ?? '',
      'aws:SecureTransport': 'true',
    },
  });
  if (!isAdmitted) {
    throw new Error(`the queue's policy does not let events.amazonaws.com send for ${ruleArn}`);
  }
  await client.json('sqs', 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: JSON.stringify(event) });
}
