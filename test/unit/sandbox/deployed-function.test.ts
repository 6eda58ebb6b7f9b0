import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateFunctionCommand, LambdaClient, UntagResourceCommand } from '@aws-sdk/client-lambda';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';

/** Does what its messages say, and prints what it has seen, one JSON line a message. */
const handler = `
import { get } from 'node:http';

const call = (authorization) => new Promise((resolve, reject) => {
  get(process.env.AWS_ENDPOINT_URL + '/2015-03-31/functions/nothing', { headers: { authorization } }, (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode));
  }).on('error', reject);
});

const objects = () => Array.from({ length: 100_000 }, (_, index) => ({ index }));
let kept;

export async function handler(event, context) {
  const batchItemFailures = [];
  for (const record of event.Records) {
    const message = JSON.parse(record.body);
    const command = message.command ?? 'seen';
    console.info(JSON.stringify({ command, messageId: record.messageId }));
    process.stdout.write(JSON.stringify({ command, message, count: record.attributes.ApproximateReceiveCount }) + '\\n');
    if (command === 'environment') process.stdout.write(JSON.stringify({ environment: process.env }) + '\\n');
    if (command === 'context') process.stdout.write(JSON.stringify({ ...context, left: context.getRemainingTimeInMillis() }) + '\\n');
    if (command === 'call') await call('AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0');
    if (command === 'throw') throw new RangeError('asked to throw');
    if (command === 'exit') process.exit(7);
    if (command === 'hang') await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (command === 'litter') objects();
    if (command === 'keep') kept = objects();
    if (command === 'fail') batchItemFailures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures };
}
`;

const template = `
Transform: AWS::Serverless-2016-10-31
Globals: { Function: { MemorySize: 256, Environment: { Variables: { SHARED: yes-please } } } }
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        $or:
          - { source: [aws.lambda], detail: { eventName: [{ prefix: CreateFunction }], errorCode: [{ exists: false }] } }
          - { source: [aws.tag], detail: { changed-tag-keys: ['layerward:protect'] } }
      Targets: [{ Id: queue, Arn: !GetAtt Queue.Arn }]
  UnadmittedRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [aws.lambda] }
      Targets: [{ Id: queue, Arn: !GetAtt Queue.Arn }]
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2 }
  Dead: { Type: AWS::SQS::Queue }
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          Effect: Allow
          Principal: { Service: events.amazonaws.com }
          Action: sqs:SendMessage
          Resource: !GetAtt Queue.Arn
          Condition: { ArnEquals: { aws:SourceArn: !GetAtt Rule.Arn } }
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      CodeUri: code/
      Handler: index.handler
      Runtime: nodejs24.x
      Timeout: 1
      Environment: { Variables: { QUEUE_URL: !Ref Queue } }
      Events:
        Changes:
          Type: SQS
          Properties: { Queue: !GetAtt Queue.Arn, BatchSize: 10, FunctionResponseTypes: [ReportBatchItemFailures] }
  Broken:
    Type: AWS::Serverless::Function
    Properties: { FunctionName: broken, CodeUri: broken/, Handler: index.handler, Runtime: nodejs24.x, Events: { Q: { Type: SQS, Properties: { Queue: !GetAtt Other.Arn } } } }
  Other: { Type: AWS::SQS::Queue }
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: { AlarmName: never } }
Outputs:
  AlarmArn: { Value: !GetAtt Alarm.Arn }
  RoleArn: { Value: !GetAtt WorkerRole.Arn }
`;

const heldBytes = z.object({ residentBytes: z.number(), heapBytes: z.number() });
const memory = z.object({
  sandbox: heldBytes.pick({ residentBytes: true }),
  functions: z.record(z.string(), z.array(heldBytes)),
});

let folder: string;
let sandbox: Sandbox;
let sqs: SQSClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'layerward-sandbox-'));
  for (const [path, text] of [
    ['code/index.mjs', handler],
    ['broken/index.mjs', 'throw new Error("cannot start");'],
    ['template.yaml', template],
  ] as const) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  sandbox = await startSandbox({ templatePath: join(folder, 'template.yaml'), timings: { deliveryMs: 1 } });
  sqs = new SQSClient(client);
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => sandbox.calls.reset());

const client = {
  get endpoint() {
    return sandbox.endpoint;
  },
  region: 'us-east-1',
  credentials: { accessKeyId: 'erin', secretAccessKey: 'x' },
};

const queueUrl = (name: string) => sandbox.deployment?.resources[name] ?? '';
const send = (command: string, queue = 'Queue') =>
  sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(queue), MessageBody: JSON.stringify({ command }) }));
const lines = (group = 'worker') => sandbox.logs.events(`/aws/lambda/${group}`).map(({ message }) => message);
const until = <Value>(find: () => Value | undefined) =>
  vi.waitFor(
    () => {
      const found = find();
      if (found === undefined || found === false) throw new Error('not yet');
      return found;
    },
    { timeout: 10_000, interval: 20 },
  );
const printed = (command: string, key: string) =>
  until(() => {
    const at = lines().findIndex((line) => line.startsWith(`{"command":"${command}"`));
    const line = at === -1 ? undefined : lines().find((text, index) => index > at && text.startsWith(`{"${key}"`));
    return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
  });
const waiting = async (name: string) => {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl(name),
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return (
    Number(Attributes?.['ApproximateNumberOfMessages']) + Number(Attributes?.['ApproximateNumberOfMessagesNotVisible'])
  );
};

describe('an API call', () => {
  it('reaches the function through rule, policy and queue, from every region, as the record that CloudTrail has', async () => {
    await new LambdaClient({ ...client, region: 'eu-central-1' }).send(
      new CreateFunctionCommand({
        FunctionName: 'checkout',
        Role: 'arn:aws:iam::111122223333:role/app',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') },
        Tags: { 'layerward:protect': 'on' },
      }),
    );
    const seen = () =>
      lines()
        .filter((line) => line.startsWith('{"command":"seen"'))
        .map((line) => (JSON.parse(line) as { message: Record<string, unknown> }).message);
    await until(() => seen().length >= 2);
    expect(seen()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          source: 'aws.lambda',
          'detail-type': 'AWS API Call via CloudTrail',
          region: 'eu-central-1',
          account: '111122223333',
          detail: sandbox.trail.records().find(({ eventName }) => eventName === 'CreateFunction20150331'),
        }),
        expect.objectContaining({
          source: 'aws.tag',
          resources: ['arn:aws:lambda:eu-central-1:111122223333:function:checkout'],
          detail: expect.objectContaining({ 'resource-type': 'function', tags: { 'layerward:protect': 'on' } }),
        }),
      ]),
    );
    expect(seen()).toHaveLength(2);
  });

  it('whose event is dropped by a fault reaches nobody', async () => {
    const before = lines().length;
    sandbox.lambda.faults.replace({ delivery: [{ effect: 'drop' }] });
    await new LambdaClient({ ...client, region: 'eu-central-1' }).send(
      new UntagResourceCommand({
        Resource: 'arn:aws:lambda:eu-central-1:111122223333:function:checkout',
        TagKeys: ['layerward:protect'],
      }),
    );
    sandbox.lambda.faults.replace({});
    await send('after the dropped one');
    await until(() => lines().some((line) => line.includes('after the dropped one')));
    expect(
      lines()
        .slice(before)
        .filter((line) => line.includes('aws.tag')),
    ).toEqual([]);
  });
});

describe('the function', () => {
  it('has the environment of the template and of Lambda, and nothing of the sandbox', async () => {
    process.env['LAYERWARD_LEAK'] = 'leaked';
    await send('environment');
    const { environment } = await printed('environment', 'environment');
    delete process.env['LAYERWARD_LEAK'];
    expect(environment).toMatchObject({
      SHARED: 'yes-please',
      QUEUE_URL: queueUrl('Queue'),
      AWS_ENDPOINT_URL: sandbox.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'worker',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/worker',
      AWS_SESSION_TOKEN: expect.any(String),
      _HANDLER: 'index.handler',
    });
    expect(environment).not.toHaveProperty('LAYERWARD_LEAK');
    expect(Object.keys(environment ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(HOME|NODE_)/)]),
    );
  });

  it('gets a context with its name, its ARN and the time that is left', async () => {
    await send('context');
    expect(await printed('context', 'awsRequestId')).toMatchObject({
      functionName: 'worker',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:111122223333:function:worker',
      memoryLimitInMB: '256',
      left: expect.toSatisfy((left: number) => left > 0 && left <= 1000),
    });
  });

  it('calls AWS as its execution role, told apart from users', async () => {
    await send('call');
    const call = await until(() => sandbox.calls.list().find(({ caller }) => caller.kind === 'function'));
    const roleName = String(sandbox.deployment?.outputs['RoleArn']).split('/').at(-1);
    expect(call).toMatchObject({
      service: 'lambda',
      action: 'GetFunction',
      caller: { functionName: 'worker', arn: `arn:aws:sts::111122223333:assumed-role/${roleName}/worker` },
    });
  });
});

describe('the memory of the function', () => {
  const held = async () => {
    const answer = await fetch(`${sandbox.endpoint}/_sandbox/memory`);
    const { sandbox: own, functions } = memory.parse(await answer.json());
    // A message may come to any of its processes.
    const workers = functions['worker'] ?? [];
    const most = (of: 'heapBytes' | 'residentBytes') => Math.max(0, ...workers.map((one) => one[of]));
    return { own, heap: most('heapBytes'), resident: most('residentBytes'), broken: functions['broken'] };
  };
  const heldOnce = async (command: string) => {
    const invocations = () => lines().filter((line) => line.startsWith('END RequestId')).length;
    const before = invocations();
    await send(command);
    await until(() => invocations() > before);
    return held();
  };

  it('is what it keeps, without its garbage', async () => {
    const before = await heldOnce('nothing');
    expect(before.resident).toBeGreaterThan(before.heap);
    expect(before.own.residentBytes).toBeGreaterThan(before.heap);
    expect(before.broken).toEqual([]);
    expect((await heldOnce('litter')).heap).toBeLessThan(before.heap + 1_000_000);
    expect((await heldOnce('keep')).heap).toBeGreaterThan(before.heap + 2_000_000);
  }, 15_000);
});

describe('a message', () => {
  it('that is reported comes back after its time-out, and ends in the dead-letter queue; the rest is deleted', async () => {
    await Promise.all([send('fail'), send('fine')]);
    const dead = await receiveDead();
    expect(dead).toEqual({ command: 'fail' });
    const counts = lines().filter((line) => line.startsWith('{"command":"fail"'));
    expect(counts.map((line) => (JSON.parse(line) as { count: string }).count)).toEqual(['1', '2']);
    expect(lines().filter((line) => line.startsWith('{"command":"fine"'))).toHaveLength(1);
    expect(await waiting('Queue')).toBe(0);
  }, 15_000);

  it('that makes the handler throw comes back, and the log has the error', async () => {
    await send('throw');
    expect(await receiveDead()).toEqual({ command: 'throw' });
    expect(lines().find((line) => line.includes('Invoke Error'))).toContain('asked to throw');
  }, 15_000);

  it('that outlasts the time-out has its process killed, and a fresh one serves the next', async () => {
    await send('hang');
    await until(() => lines().find((line) => line.endsWith('Task timed out after 1.00 seconds')));
    await send('served after the time-out');
    await until(() => lines().find((line) => line.includes('"command":"served after the time-out"')));
    expect(await receiveDead()).toEqual({ command: 'hang' });
  }, 20_000);

  it('that makes the process exit is told with its exit status', async () => {
    await send('exit');
    await until(() => lines().find((line) => line.includes('Runtime exited with error: exit status 7')));
    expect(await receiveDead()).toEqual({ command: 'exit' });
  }, 15_000);

  it('for a function that cannot start is told with the reason, and stays', async () => {
    await send('anything', 'Other');
    await until(() => lines('broken').find((line) => line.includes('Error: cannot start')));
    expect(await waiting('Other')).toBe(1);
  }, 15_000);

  async function receiveDead() {
    const QueueUrl = queueUrl('Dead');
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
    const [message] = Messages ?? [];
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
    return message?.Body === undefined ? undefined : (JSON.parse(message.Body) as unknown);
  }
});

it('what is not simulated is listed, and can be referred to', () => {
  expect(sandbox.deployment?.notSimulated).toEqual({ Alarm: 'AWS::CloudWatch::Alarm' });
  expect(sandbox.deployment?.outputs['AlarmArn']).toBe('arn:aws:cloudwatch:us-east-1:111122223333:alarm:never');
});
