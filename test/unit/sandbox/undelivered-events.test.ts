import { beforeEach, describe, expect, it } from 'vitest';
import type { Access } from '../../../src/sandbox/access/access.ts';
import type { BusEvent, Target } from '../../../src/sandbox/event-bus.ts';
import { deliverEvent, type TargetServices } from '../../../src/sandbox/event-targets.ts';
import type { InternalClient } from '../../../src/sandbox/internal-client.ts';

/* What becomes of an event that EventBridge can't deliver. */

const ruleArn = 'arn:aws:events:us-east-1:111122223333:rule/changes';
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:111122223333:${name}`;
const event: BusEvent = {
  version: '0',
  id: 'event-1',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.lambda',
  account: '111122223333',
  time: '2026-11-26T12:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail: { eventName: 'UpdateFunctionConfiguration' },
};
const admitting = (name: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn(name),
        Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
      },
    ],
  });

let policies: Map<string, string>;
let sent: { readonly queue: string; readonly body: unknown; readonly attributes: Readonly<Record<string, string>> }[];
let isDown: boolean;

beforeEach(() => {
  policies = new Map([['letters', admitting('letters')]]);
  sent = [];
  isDown = false;
});

const json: InternalClient['json'] = async (_, target, input) => {
  const {
    QueueUrl,
    MessageBody,
    MessageAttributes = {},
  } = input as {
    QueueUrl: string;
    MessageBody: string;
    MessageAttributes?: Record<string, { StringValue: string }>;
  };
  const queue = QueueUrl.split('/').at(-1) ?? '';
  if (isDown && queue === 'changes') throw new Error('the queue does not answer');
  if (target === 'AmazonSQS.GetQueueAttributes') {
    const Policy = policies.get(queue);
    return { Attributes: Policy === undefined ? {} : { Policy } };
  }
  const attributes = Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]),
  );
  sent.push({ queue, body: JSON.parse(MessageBody), attributes });
  return {};
};
const services: TargetServices = {
  access: {} as Access,
  client: () => ({ json }) as InternalClient,
  bus: () => {
    throw new Error('no bus is asked');
  },
  invoke: async () => {},
  functionPolicy: () => undefined,
  startExecution: async () => {},
};
const target: Target = { Id: 'changes', Arn: queueArn('changes'), DeadLetterConfig: { Arn: queueArn('letters') } };
const deliver = (to: Target) => deliverEvent(services, to, ruleArn, event);

describe('an event that a policy refuses', () => {
  it('is a dead letter as it was, with EventBridge’s attributes', async () => {
    await expect(deliver(target)).rejects.toThrow('does not let events.amazonaws.com send');
    expect(sent).toEqual([
      {
        queue: 'letters',
        body: event,
        attributes: {
          RULE_ARN: ruleArn,
          TARGET_ARN: queueArn('changes'),
          ERROR_CODE: 'NO_PERMISSIONS',
          ERROR_MESSAGE: `the queue's policy does not let events.amazonaws.com send for ${ruleArn}`,
        },
      },
    ]);
  });

  it('is lost where the target has no dead-letter queue', async () => {
    await expect(deliver({ Id: 'changes', Arn: queueArn('changes') })).rejects.toThrow('does not let');
    expect(sent).toEqual([]);
  });

  it('is lost where that queue’s policy refuses it, too', async () => {
    policies.clear();
    await expect(deliver(target)).rejects.toThrow('does not let');
    expect(sent).toEqual([]);
  });
});

describe('an event whose target fails', () => {
  it('is a dead letter with the failure’s words', async () => {
    isDown = true;
    await expect(deliver(target)).rejects.toThrow('the queue does not answer');
    expect(sent).toMatchObject([
      { attributes: { ERROR_CODE: 'SDK_CLIENT_ERROR', ERROR_MESSAGE: 'the queue does not answer' } },
    ]);
  });
});

describe('an event that is delivered', () => {
  it('is no dead letter', async () => {
    policies.set('changes', admitting('changes'));
    await deliver(target);
    expect(sent).toMatchObject([{ queue: 'changes', attributes: {} }]);
  });
});
