import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../src/sandbox/sandbox.ts';

/**
 * Refuses to be deleted as often as its property says, and prints which stack asks. It counts in a file, since the next
 * request may come to another environment.
 */
const custom = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
const file = new URL('refusals', import.meta.url);
export async function handler({ RequestType, ResponseURL, ResourceProperties, StackId }) {
  console.log(JSON.stringify({ RequestType, StackId }));
  const refusals = existsSync(file) ? readFileSync(file).length : 0;
  const isRefused = RequestType === 'Delete' && refusals < Number(ResourceProperties.Refusals);
  if (isRefused) appendFileSync(file, '.');
  const body = JSON.stringify({ Status: isRefused ? 'FAILED' : 'SUCCESS', Reason: 'not yet', PhysicalResourceId: 'made' });
  await fetch(ResponseURL, { method: 'PUT', body });
}
`;

/** Asks CloudFormation for stacks, as its role. */
const asking = `
export async function handler({ action, stack }) {
  const credential = [process.env.AWS_ACCESS_KEY_ID, '20260101/us-east-1/cloudformation/aws4_request'].join('/');
  const answer = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=' + credential + ', SignedHeaders=host, Signature=0',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ Action: action, ...(stack === undefined ? {} : { StackName: stack }) }),
  });
  return { status: answer.status, text: await answer.text() };
}
`;

/** Works for a while on each message. */
const slow = `
export async function handler({ Records }) {
  console.log('begun');
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log('done');
}
`;

const template = `
Transform: AWS::Serverless-2016-10-31
Description: A stack to look at
Parameters:
  Refusals: { Type: Number, Default: 0 }
  Names: { Type: CommaDelimitedList, Default: 'a, b' }
  Hidden: { Type: String, Default: do-not-show, NoEcho: true }
Globals: { Function: { Runtime: nodejs24.x, Handler: index.handler, Timeout: 10 } }
Resources:
  Custom: { Type: AWS::Serverless::Function, Properties: { FunctionName: custom, CodeUri: custom/ } }
  Slow:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: slow
      CodeUri: slow/
      Events: { Queue: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } } }
  Asking:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: asking
      CodeUri: asking/
      Policies:
        - Statement:
            - Effect: Allow
              Action: cloudformation:DescribeStacks
              Resource: !Sub 'arn:aws:cloudformation:us-east-1:\${AWS::AccountId}:stack/\${AWS::StackName}/*'
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: work } }
  Kept: { Type: AWS::SQS::Queue, DeletionPolicy: Retain, DependsOn: Queue }
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: { AlarmName: never } }
  Made:
    Type: Custom::Thing
    DependsOn: [Kept, Slow]
    Properties: { ServiceToken: !GetAtt Custom.Arn, Refusals: !Ref Refusals }
Outputs:
  QueueName: { Value: !GetAtt Queue.QueueName, Description: Where work waits, Export: { Name: !Sub '\${AWS::StackName}-queue' } }
  Made: { Value: !Ref Made }
`;

const stackId = 'arn:aws:cloudformation:us-east-1:111122223333:stack/layerward/00000000-0000-4000-8000-000000000000';

let folder: string;
let sandbox: Sandbox;
const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const start = async (refusals = 0) => {
  sandbox = await startSandbox({
    templatePath: join(folder, 'template.yaml'),
    parameters: { Refusals: String(refusals) },
    timings: { deliveryMs: 1 },
  });
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layerward-stacks-'));
  write('custom/index.mjs', custom);
  write('asking/index.mjs', asking);
  write('slow/index.mjs', slow);
  write('template.yaml', template);
});
afterEach(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

const as = (accessKeyId: string, region = 'us-east-1') => ({
  endpoint: sandbox.endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey: 'x' },
  maxAttempts: 1,
});
const client = () => new CloudFormationClient(as('alice'));
const describeStack = async (StackName: string) => {
  const { Stacks } = await client().send(new DescribeStacksCommand({ StackName }));
  return Stacks?.[0] ?? expect.fail('no stack');
};
const deleted = async () => {
  await client().send(new DeleteStackCommand({ StackName: 'layerward' }));
  return vi.waitFor(
    async () => {
      const stack = await describeStack(stackId);
      expect(stack.StackStatus).not.toBe('DELETE_IN_PROGRESS');
      return stack;
    },
    { timeout: 20_000, interval: 20 },
  );
};
const eventsOf = async (StackName = stackId) => {
  const all: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client().send(new DescribeStackEventsCommand({ StackName, NextToken }));
    all.push(...(page.StackEvents ?? []).map((event) => `${event.LogicalResourceId} ${event.ResourceStatus}`));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return all;
};

describe('a deployed stack', () => {
  beforeEach(() => start());

  it('is described by its name, by its ARN, and among all', async () => {
    const expected = {
      StackId: stackId,
      StackName: 'layerward',
      Description: 'A stack to look at',
      StackStatus: 'CREATE_COMPLETE',
      CreationTime: expect.any(Date),
      Parameters: [
        { ParameterKey: 'Refusals', ParameterValue: '0' },
        { ParameterKey: 'Names', ParameterValue: 'a,b' },
        { ParameterKey: 'Hidden', ParameterValue: '****' },
      ],
      Outputs: [
        {
          OutputKey: 'QueueName',
          OutputValue: 'work',
          Description: 'Where work waits',
          ExportName: 'layerward-queue',
        },
        { OutputKey: 'Made', OutputValue: 'made' },
      ],
    };
    expect(await describeStack('layerward')).toMatchObject(expected);
    expect(await describeStack(stackId)).toMatchObject(expected);
    expect((await client().send(new DescribeStacksCommand({}))).Stacks).toMatchObject([expected]);
    expect(sandbox.deployment).toMatchObject({ stackId, status: 'CREATE_COMPLETE' });
  });

  it('has the ARN that its custom resources are told', () => {
    const asked = sandbox.logs.events('/aws/lambda/custom').map(({ message }) => message);
    expect(asked.some((line) => line.includes(`{"RequestType":"Create","StackId":"${stackId}"}`))).toBe(true);
  });

  it('is of its account and region only', async () => {
    const elsewhere = new CloudFormationClient(as('alice', 'eu-west-1'));
    expect((await elsewhere.send(new DescribeStacksCommand({}))).Stacks ?? []).toEqual([]);
    const other = new CloudFormationClient(as('222233334444/olga'));
    await expect(other.send(new DescribeStacksCommand({ StackName: 'layerward' }))).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id layerward does not exist',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('tells its resources, with those that SAM makes and those that are not simulated', async () => {
    const { StackResources = [] } = await client().send(new DescribeStackResourcesCommand({ StackName: 'layerward' }));
    const told = StackResources.map((one) => [one.LogicalResourceId, one.ResourceType, one.ResourceStatus]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['Custom', 'AWS::Serverless::Function', 'CREATE_COMPLETE'],
        ['CustomRole', 'AWS::IAM::Role', 'CREATE_COMPLETE'],
        ['Queue', 'AWS::SQS::Queue', 'CREATE_COMPLETE'],
        ['Alarm', 'AWS::CloudWatch::Alarm', 'CREATE_COMPLETE'],
        ['Made', 'Custom::Thing', 'CREATE_COMPLETE'],
      ]),
    );
    const { StackResourceDetail } = await client().send(
      new DescribeStackResourceCommand({ StackName: stackId, LogicalResourceId: 'Queue' }),
    );
    expect(StackResourceDetail).toMatchObject({
      PhysicalResourceId: sandbox.deployment?.resources['Queue'],
      ResourceStatus: 'CREATE_COMPLETE',
      StackId: stackId,
    });
    const byPhysicalId = await client().send(
      new DescribeStackResourcesCommand({ PhysicalResourceId: 'made', LogicalResourceId: 'Made' }),
    );
    expect(byPhysicalId.StackResources).toMatchObject([{ LogicalResourceId: 'Made', StackName: 'layerward' }]);
  });

  it('refuses what it does not have', async () => {
    await expect(
      client().send(new DescribeStackResourceCommand({ StackName: 'layerward', LogicalResourceId: 'Nope' })),
    ).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Resource Nope does not exist for stack layerward',
    });
    await expect(client().send(new DescribeStackEventsCommand({ StackName: 'other' }))).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack [other] does not exist',
    });
  });

  it('is seen by roles as far as their policies let them', async () => {
    const ask = async (action: string, stack?: string) => {
      const { Payload } = await new LambdaClient(as('alice')).send(
        new InvokeCommand({ FunctionName: 'asking', Payload: Buffer.from(JSON.stringify({ action, stack })) }),
      );
      return JSON.parse(Payload?.transformToString() ?? '') as { status: number; text: string };
    };
    expect((await ask('DescribeStacks', 'layerward')).status).toBe(200);
    expect((await ask('DescribeStacks', stackId)).status).toBe(200);
    const all = await ask('DescribeStacks');
    expect([all.status, all.text]).toEqual([
      403,
      expect.stringContaining(
        'cloudformation:DescribeStacks on resource: arn:aws:cloudformation:us-east-1:111122223333:stack/*/*',
      ),
    ]);
    expect((await ask('DeleteStack', 'layerward')).text).toContain('<Code>AccessDenied</Code>');
    expect(sandbox.deployment).toBeDefined();
  });
});

describe('a stack that is deleted', () => {
  it('goes by itself, what is to be retained aside, and is found by its ARN afterwards', async () => {
    await start();
    await client().send(new DeleteStackCommand({ StackName: 'layerward' }));
    expect((await describeStack('layerward')).StackStatus).toBe('DELETE_IN_PROGRESS');
    expect(await deleted()).toMatchObject({ StackStatus: 'DELETE_COMPLETE', DeletionTime: expect.any(Date) });
    await expect(describeStack('layerward')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id layerward does not exist',
    });
    expect((await client().send(new DescribeStacksCommand({}))).Stacks ?? []).toEqual([]);
    expect(sandbox.deployment).toBeUndefined();
    const events = await eventsOf();
    expect(events[0]).toBe('layerward DELETE_COMPLETE');
    expect(events.at(-1)).toBe('layerward CREATE_IN_PROGRESS');
    expect(events).toEqual(
      expect.arrayContaining(['Kept DELETE_SKIPPED', 'Queue DELETE_COMPLETE', 'Made CREATE_COMPLETE']),
    );
    expect(events.indexOf('Queue DELETE_COMPLETE')).toBeLessThan(events.indexOf('Made DELETE_COMPLETE'));
  });

  it('and one that is not there, are nothing to delete', async () => {
    await start();
    await deleted();
    await client().send(new DeleteStackCommand({ StackName: stackId }));
    await client().send(new DeleteStackCommand({ StackName: 'never-was' }));
    expect((await describeStack(stackId)).StackStatus).toBe('DELETE_COMPLETE');
  });

  it('stays where a resource cannot go, tells why, and goes on when it is asked again', async () => {
    await start(1);
    const failed = await deleted();
    expect(failed).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [Made].',
    });
    const made = { StackName: 'layerward', LogicalResourceId: 'Made' };
    expect((await client().send(new DescribeStackResourceCommand(made))).StackResourceDetail).toMatchObject({
      ResourceStatus: 'DELETE_FAILED',
      ResourceStatusReason: expect.stringContaining('not yet'),
    });
    expect(sandbox.deployment?.status).toBe('DELETE_FAILED');
    expect(await deleted()).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    const events = await eventsOf();
    const once = (event: string) => expect(events.filter((one) => one === event)).toEqual([event]);
    once('Alarm DELETE_COMPLETE');
    once('Made DELETE_COMPLETE');
    once('Kept DELETE_SKIPPED');
    expect(events.filter((one) => one === 'Made DELETE_IN_PROGRESS')).toHaveLength(2);
  });

  it('may leave behind what cannot go', async () => {
    await start(100);
    await expect(
      client().send(new DeleteStackCommand({ StackName: 'layerward', RetainResources: ['Made'] })),
    ).rejects.toMatchObject({ name: 'ValidationError' });
    expect((await deleted()).StackStatus).toBe('DELETE_FAILED');
    await client().send(new DeleteStackCommand({ StackName: 'layerward', RetainResources: ['Made'] }));
    expect((await deleted()).StackStatus).toBe('DELETE_COMPLETE');
    expect(await eventsOf()).toContain('Made DELETE_SKIPPED');
  });

  it('is deleted once, whoever asks at the same time', async () => {
    await start();
    await client().send(new DeleteStackCommand({ StackName: 'layerward' }));
    const removal = await sandbox.removeDeployment();
    expect(removal).toMatchObject({ status: 'DELETE_COMPLETE', retained: ['Kept'] });
    expect((await eventsOf()).filter((event) => event === 'Made DELETE_IN_PROGRESS')).toHaveLength(1);
    await expect(sandbox.removeDeployment()).rejects.toThrow('Nothing is deployed');
  });

  it('lets its functions end the batches that they have begun', async () => {
    await start();
    const QueueUrl = sandbox.deployment?.resources['Queue'];
    await new SQSClient(as('alice')).send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    const printed = () => sandbox.logs.events('/aws/lambda/slow').map(({ message }) => message);
    await vi.waitFor(() => expect(printed().some((line) => line.includes('begun'))).toBe(true), 10_000);
    expect((await sandbox.removeDeployment()).status).toBe('DELETE_COMPLETE');
    expect(printed().some((line) => line.includes('done'))).toBe(true);
  });
});
