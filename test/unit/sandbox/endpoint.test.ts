import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppConfigDataClient, StartConfigurationSessionCommand } from '@aws-sdk/client-appconfigdata';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { CreateFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  CreateTopicCommand,
  ListTopicsCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runSandbox } from '../../../src/sandbox/command.ts';
import { PortInUseError } from '../../../src/sandbox/endpoint.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ service: false });
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.calls.reset());

/** Runs the command, and what it wrote to standard error. */
async function run(argv: string[]) {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return { exitCode: await runSandbox(argv), errors: write.mock.calls.map(([text]) => String(text)).join('') };
  } finally {
    write.mockRestore();
  }
}

const as = (accessKeyId: string, region = 'eu-west-1') => ({
  endpoint: sandbox.endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey: 'x' },
  maxAttempts: 1,
});

const role = 'arn:aws:iam::444455556666:role/teams/deployer';

async function assumeRole() {
  const answer = await new STSClient(as('alice')).send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'ci' }));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

const nowhere = {
  ApplicationIdentifier: 'a',
  EnvironmentIdentifier: 'b',
  ConfigurationProfileIdentifier: 'c',
};

const newFunction = (FunctionName: string) =>
  new CreateFunctionCommand({
    FunctionName,
    Role: 'arn:aws:iam::111122223333:role/app',
    Runtime: 'python3.12',
    Handler: 'app.handler',
    Code: { ImageUri: undefined, ZipFile: Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') },
  });

describe('a caller', () => {
  it('is a user named like the access key, in the hub account', async () => {
    const identity = await new STSClient(as('alice')).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe('arn:aws:iam::111122223333:user/alice');
    expect(identity.Account).toBe('111122223333');
  });

  it('in a session is the role of its account', async () => {
    const sts = new STSClient({ ...as('x'), credentials: await assumeRole() });
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    expect(identity.Account).toBe('444455556666');
    expect(identity.Arn).toBe('arn:aws:sts::444455556666:assumed-role/deployer/ci');
  });

  it('is written into CloudTrail records as a user', async () => {
    await new LambdaClient(as('carol')).send(newFunction('by-carol'));
    const record = sandbox.trail.records().find(({ eventName }) => eventName === 'CreateFunction20150331');
    expect(record?.['userIdentity']).toEqual({
      type: 'IAMUser',
      principalId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      arn: 'arn:aws:iam::111122223333:user/carol',
      accountId: '111122223333',
      accessKeyId: 'carol',
      userName: 'carol',
    });
  });

  it('is written into CloudTrail records as a session of a role', async () => {
    const lambda = new LambdaClient({ ...as('x'), credentials: await assumeRole() });
    await lambda.send(newFunction('by-role'));
    const record = sandbox.trail.records().at(-1);
    expect(record?.recipientAccountId).toBe('444455556666');
    expect(record?.['userIdentity']).toEqual({
      type: 'AssumedRole',
      principalId: expect.stringMatching(/^AROA[A-Z2-7]{17}:ci$/),
      arn: 'arn:aws:sts::444455556666:assumed-role/deployer/ci',
      accountId: '444455556666',
      accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
          arn: role,
          accountId: '444455556666',
          userName: 'deployer',
        },
        attributes: {
          creationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          mfaAuthenticated: 'false',
        },
      },
    });
  });
});

describe('a refusal reaches SDK clients by its name', () => {
  it.each([
    [
      'Lambda',
      'ResourceNotFoundException',
      404,
      () => new LambdaClient(as('a')).send(new GetFunctionCommand({ FunctionName: 'no' })),
    ],
    [
      'Secrets Manager',
      'ResourceNotFoundException',
      400,
      () => new SecretsManagerClient(as('a')).send(new GetSecretValueCommand({ SecretId: 'no' })),
    ],
    [
      'EventBridge',
      'InvalidEventPatternException',
      400,
      () => new EventBridgeClient(as('a')).send(new PutRuleCommand({ Name: 'r', EventPattern: '{"a":1}' })),
    ],
    [
      'AppConfig',
      'ResourceNotFoundException',
      404,
      () => new AppConfigDataClient(as('a')).send(new StartConfigurationSessionCommand(nowhere)),
    ],
    [
      'STS',
      'ValidationError',
      400,
      () =>
        new STSClient(as('a')).send(
          new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::1:user/no', RoleSessionName: 'ci' }),
        ),
    ],
    [
      'SNS',
      'NotFoundException',
      404,
      () =>
        new SNSClient(as('a')).send(
          new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:111122223333:no', Message: 'm' }),
        ),
    ],
    [
      'SQS',
      'QueueDoesNotExist',
      400,
      () =>
        new SQSClient(as('a')).send(
          new SendMessageCommand({ QueueUrl: `${sandbox.endpoint}/111122223333/no`, MessageBody: 'm' }),
        ),
    ],
    [
      'DynamoDB',
      'ResourceNotFoundException',
      400,
      () => new DynamoDBClient(as('a')).send(new DescribeTableCommand({ TableName: 'missing' })),
    ],
    [
      'DynamoDB without an action',
      'UnknownOperationException',
      400,
      () => new DynamoDBClient(as('a')).send(new TransactWriteItemsCommand({ TransactItems: [] })),
    ],
  ])('%s: %s', async (_service, name, status, call) => {
    await expect(call()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
  });

  it('and a service that is not there is told with those that are', async () => {
    const answer = await fetch(sandbox.endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': 'AWSGlue.GetJobs',
        'content-type': 'application/x-amz-json-1.1',
        authorization:
          'AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/glue/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: '{}',
    });
    expect(answer.status).toBe(501);
    expect(await answer.json()).toMatchObject({
      message: expect.stringContaining('The sandbox has no glue. It serves: lambda,'),
    });
  });
});

describe('the call log', () => {
  it('has each call in order, with its caller and outcome', async () => {
    const lambda = new LambdaClient(as('dave', 'ap-south-1'));
    await lambda.send(new GetFunctionCommand({ FunctionName: 'no' })).catch(() => {});
    await new STSClient(as('dave')).send(new GetCallerIdentityCommand({}));
    const calls = (await (await fetch(`${sandbox.endpoint}/_sandbox/calls`)).json()) as unknown[];
    expect(calls).toMatchObject([
      {
        service: 'lambda',
        action: 'GetFunction',
        region: 'ap-south-1',
        account: '111122223333',
        caller: { kind: 'user', accessKeyId: 'dave', arn: 'arn:aws:iam::111122223333:user/dave' },
        status: 404,
        errorCode: 'ResourceNotFoundException',
        inFlight: false,
      },
      { service: 'sts', action: 'GetCallerIdentity', status: 200 },
    ]);
  });

  it('tells when each call came and went, so that those in flight together can be counted', async () => {
    sandbox.lambda.faults.replace({ latencyMilliseconds: { sts: 300 } });
    const sts = new STSClient(as('dave'));
    await Promise.all([1, 2, 3].map(() => sts.send(new GetCallerIdentityCommand({}))));
    await sts.send(new GetCallerIdentityCommand({}));
    sandbox.lambda.faults.replace({});
    const times = sandbox.calls.list().map((call) => ({
      from: call.startedAtMilliseconds,
      to: call.endedAtMilliseconds ?? expect.fail('in flight'),
    }));
    const inFlightAt = (moment: number) => times.filter(({ from, to }) => from <= moment && moment < to).length;
    expect(times.every(({ from, to }) => Number.isFinite(from) && to > from)).toBe(true);
    expect(Math.max(...times.slice(0, 3).map(({ from }) => inFlightAt(from)))).toBe(3);
    expect(inFlightAt(times[3]?.from ?? 0)).toBe(1);
    expect(Math.abs((times[0]?.from ?? 0) - Date.now())).toBeLessThan(3_600_000);
  });

  it('is filtered and emptied on request', async () => {
    await new STSClient(as('dave')).send(new GetCallerIdentityCommand({}));
    const url = `${sandbox.endpoint}/_sandbox/calls`;
    expect(await (await fetch(`${url}?service=lambda`)).json()).toEqual([]);
    expect(await (await fetch(`${url}?functionName=worker`)).json()).toEqual([]);
    expect(await (await fetch(`${url}?caller=user`)).json()).toHaveLength(1);
    const [{ sequence } = { sequence: 0 }] = sandbox.calls.list();
    expect(await (await fetch(`${url}?after=${sequence - 1}`)).json()).toMatchObject([{ sequence }]);
    expect(await (await fetch(`${url}?after=${sequence}`)).json()).toEqual([]);
    expect((await fetch(`${url}?after=today`)).status).toBe(400);
    expect((await fetch(`${url}?function=worker`)).status).toBe(400);
    await fetch(url, { method: 'DELETE' });
    expect(await (await fetch(url)).json()).toEqual([]);
  });
});

describe('queues and topics', () => {
  it('show the hub account and the one endpoint, in the region of the client only', async () => {
    const sqs = new SQSClient(as('a', 'eu-north-1'));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
    expect(QueueUrl).toBe(`${sandbox.endpoint}/111122223333/orders`);
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    expect(Attributes?.['QueueArn']).toBe('arn:aws:sqs:eu-north-1:111122223333:orders');
    const elsewhere = new SQSClient(as('a', 'eu-south-1'));
    expect((await elsewhere.send(new ListQueuesCommand({}))).QueueUrls ?? []).toEqual([]);
    const sns = new SNSClient(as('a', 'eu-north-1'));
    await sns.send(new CreateTopicCommand({ Name: 'news' }));
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([
      { TopicArn: 'arn:aws:sns:eu-north-1:111122223333:news' },
    ]);
    expect((await new SNSClient(as('a', 'eu-south-1')).send(new ListTopicsCommand({}))).Topics ?? []).toEqual([]);
  });

  it('hand on bodies untouched, whatever account they name', async () => {
    const sqs = new SQSClient(as('a'));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'bodies' }));
    const MessageBody = 'arn:aws:sqs:eu-west-1:111122223333:bodies arn:aws:sns:eu-west-1:000000000000:t';
    // The SDK itself compares the MD5 of what it sends and receives.
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(Messages?.[0]?.Body).toBe(MessageBody);
  });

  it('move dead letters back to where they are asked to, and count their receives anew', async () => {
    const sqs = new SQSClient(as('a', 'sa-east-1'));
    const arnOf = (name: string) => `arn:aws:sqs:sa-east-1:111122223333:${name}`;
    const { QueueUrl: dead } = await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
    const { QueueUrl: living } = await sqs.send(new CreateQueueCommand({ QueueName: 'living' }));
    const bodies = Array.from({ length: 25 }, (_, index) => `letter ${index}`);
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'late' } };
    for (const MessageBody of bodies)
      await sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody, MessageAttributes }));
    const move = (SourceArn: string, DestinationArn: string) =>
      sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
    expect((await move(arnOf('dead'), arnOf('living'))).TaskHandle).toBeTruthy();
    const found: (string | undefined)[] = [];
    for (let round = 0; round < 3; round++) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: living,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      );
      for (const message of Messages) {
        expect(message).toMatchObject({ MessageAttributes, Attributes: { ApproximateReceiveCount: '1' } });
        found.push(message.Body);
      }
    }
    expect(found.sort()).toEqual([...bodies].sort());
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead }))).Messages).toBeUndefined();
    await expect(move(arnOf('nowhere'), arnOf('living'))).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    await expect(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('dead') }))).rejects.toThrow(
      'only with a DestinationArn',
    );
  });

  it('wrap notifications with the hub account, and pick the text for queues', async () => {
    const sqs = new SQSClient(as('a'));
    const sns = new SNSClient(as('a'));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'inbox' }));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }));
    const Endpoint = 'arn:aws:sqs:eu-west-1:111122223333:inbox';
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
    const Message = JSON.stringify({ default: 'short', sqs: 'for arn:aws:sns:eu-west-1:000000000000:machines' });
    await sns.send(new PublishCommand({ TopicArn, Message, MessageStructure: 'json' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(JSON.parse(Messages?.[0]?.Body ?? '')).toMatchObject({
      TopicArn: 'arn:aws:sns:eu-west-1:111122223333:alerts',
      Message: 'for arn:aws:sns:eu-west-1:000000000000:machines',
      UnsubscribeURL: expect.stringContaining('arn:aws:sns:eu-west-1:111122223333:alerts'),
    });
  });
});

it('tables are of the region and account of the client', async () => {
  const input = {
    TableName: 'records',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
    BillingMode: 'PAY_PER_REQUEST' as const,
  };
  await new DynamoDBClient(as('a', 'eu-west-1')).send(new CreateTableCommand(input));
  const other = await new DynamoDBClient(as('a', 'us-west-2')).send(new CreateTableCommand(input));
  expect(other.TableDescription?.TableArn).toBe('arn:aws:dynamodb:us-west-2:111122223333:table/records');
});

it('secrets are refused a second time under one name', async () => {
  const secrets = new SecretsManagerClient(as('a'));
  await secrets.send(new CreateSecretCommand({ Name: 'once', SecretString: 's' }));
  await expect(secrets.send(new CreateSecretCommand({ Name: 'once', SecretString: 's' }))).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
});

it('nobody may put events in the name of AWS', async () => {
  const answer = await new EventBridgeClient(as('a')).send(
    new PutEventsCommand({ Entries: [{ Source: 'aws.lambda', DetailType: 'x', Detail: '{}' }] }),
  );
  expect(answer).toMatchObject({
    FailedEntryCount: 1,
    Entries: [{ ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' }],
  });
});

it('faults are replaced, read and taken away from outside', async () => {
  const url = `${sandbox.endpoint}/_sandbox/faults`;
  const fault = {
    action: 'GetFunction',
    error: { status: 429, code: 'TooManyRequestsException', message: 'Rate exceeded' },
  };
  await fetch(url, { method: 'PUT', body: JSON.stringify({ calls: [fault] }) });
  await expect(new LambdaClient(as('a')).send(new GetFunctionCommand({ FunctionName: 'x' }))).rejects.toMatchObject({
    name: 'TooManyRequestsException',
  });
  await fetch(url, { method: 'DELETE' });
  expect(await (await fetch(url)).json()).toMatchObject({ calls: [] });
  const refused = await fetch(url, { method: 'PUT', body: '{"unknown":1}' });
  expect(refused.status).toBe(400);
});

describe('a latency', () => {
  afterEach(() => sandbox.lambda.faults.replace({}));
  const identity = () => new STSClient(as('a')).send(new GetCallerIdentityCommand({}));
  const listTopics = () => new SNSClient(as('a')).send(new ListTopicsCommand({}));

  it('of a service holds back its calls, and no others', async () => {
    sandbox.lambda.faults.replace({ latencyMilliseconds: { sts: 300 } });
    const story: string[] = [];
    const slow = identity().then(() => story.push('sts'));
    await vi.waitFor(() => expect(sandbox.calls.list()).toMatchObject([{ service: 'sts', inFlight: true }]));
    await listTopics();
    story.push('sns');
    await slow;
    expect(story).toEqual(['sns', 'sts']);
  });

  it('of all services holds back each, before it is looked at', async () => {
    sandbox.lambda.faults.replace({ latencyMilliseconds: 300 });
    const before = sandbox.trail.records().length;
    const calls = [identity(), new LambdaClient(as('a')).send(new GetFunctionCommand({ FunctionName: 'no' }))];
    const ended = Promise.allSettled(calls);
    await vi.waitFor(() => expect(sandbox.calls.list()).toMatchObject([{ inFlight: true }, { inFlight: true }]));
    expect(sandbox.trail.records()).toHaveLength(before);
    expect(await ended).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { name: 'ResourceNotFoundException' } },
    ]);
    expect(sandbox.trail.records()).toHaveLength(before + 1);
  });

  it('of a service that there is not is refused', async () => {
    const put = (latencyMilliseconds: unknown) =>
      fetch(`${sandbox.endpoint}/_sandbox/faults`, { method: 'PUT', body: JSON.stringify({ latencyMilliseconds }) });
    expect(await (await put({ lamda: 20 })).text()).toContain('latencyMilliseconds: Unrecognized key: \\"lamda\\"');
    expect((await put(-1)).status).toBe(400);
    expect((await put({ lambda: 20, tagging: 20 })).status).toBe(200);
  });
});

describe('a fault of calls', () => {
  afterEach(() => sandbox.lambda.faults.replace({}));
  const queues = () => new SQSClient(as('a')).send(new ListQueuesCommand({}));

  it.each([
    ['json', 'sqs', queues],
    ['query', 'sns', () => new SNSClient(as('a')).send(new ListTopicsCommand({}))],
    [
      'rest-json',
      'appconfig',
      () => new AppConfigDataClient(as('a')).send(new StartConfigurationSessionCommand(nowhere)),
    ],
  ])('refuses calls of other services than Lambda, in their protocol: %s', async (_protocol, service, call) => {
    const error = { status: 503, code: 'InternalFailure', message: 'Not now' };
    sandbox.lambda.faults.replace({ calls: [{ service, times: 1, error }] });
    await expect(call()).rejects.toMatchObject({
      name: 'InternalFailure',
      message: expect.stringContaining('Not now'),
      $metadata: { httpStatusCode: 503 },
    });
    expect(sandbox.calls.list()).toMatchObject([{ service, status: 503, errorCode: 'InternalFailure' }]);
  });

  it('loses an answer after the call took effect, and once only', async () => {
    sandbox.lambda.faults.replace({ calls: [{ service: 'sqs', action: 'CreateQueue', times: 1, loseAnswer: true }] });
    const create = () => new SQSClient(as('a')).send(new CreateQueueCommand({ QueueName: 'lost' }));
    await expect(create()).rejects.toThrow();
    expect(sandbox.calls.list()).toMatchObject([{ action: 'CreateQueue', errorCode: 'ConnectionLost' }]);
    expect((await queues()).QueueUrls).toContain(`${sandbox.endpoint}/111122223333/lost`);
    await create();
  });

  it('is limited by caller and action as those of Lambda are', async () => {
    const error = { status: 500, code: 'InternalFailure' };
    sandbox.lambda.faults.replace({ calls: [{ service: '*', caller: '*:user/mallory', error }] });
    await queues();
    await expect(new SQSClient(as('mallory')).send(new ListQueuesCommand({}))).rejects.toThrow();
    sandbox.lambda.faults.replace({ calls: [{ service: 'sqs', action: 'CreateQueue', error }] });
    await queues();
  });
});

describe('requests to the sandbox itself', () => {
  const post = (name: string, body: unknown) =>
    fetch(`${sandbox.endpoint}/_sandbox/${name}`, { method: 'POST', body: JSON.stringify(body) });

  it('put functions in place, without records', async () => {
    const before = sandbox.trail.records().length;
    const seed = (name: string) => ({
      accountId: '222233334444',
      region: 'eu-west-1',
      name,
      runtime: 'python3.12',
      handler: 'app.handler',
      tags: { team: 'shop' },
    });
    const answer = await post('functions', [seed('one'), seed('two')]);
    expect([answer.status, await answer.json()]).toEqual([200, { functions: 2 }]);
    expect(sandbox.trail.records()).toHaveLength(before);
    const { Configuration } = await new LambdaClient(as('222233334444/olga')).send(
      new GetFunctionCommand({ FunctionName: 'two' }),
    );
    expect(Configuration).toMatchObject({ State: 'Active', Runtime: 'python3.12' });
    const refused = await post('functions', [seed('three'), { ...seed('four'), region: 1 }]);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: 'InvalidFunctions',
      message: expect.stringContaining('functions[1].region'),
    });
    expect((await post('functions', { functions: [] })).status).toBe(400);
  });

  it('make roles that no template has made', async () => {
    const trustPolicy = { Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }] };
    const statement = { Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' };
    const definition = {
      accountId: '333344445555',
      name: 'by-hand',
      path: '/teams/',
      trustPolicy,
      policies: { p: { Statement: statement } },
    };
    const made = await post('roles', definition);
    expect([made.status, await made.json()]).toEqual([200, { arn: 'arn:aws:iam::333344445555:role/teams/by-hand' }]);
    const again = await post('roles', definition);
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining('already exists in account')]);
    expect((await post('roles', { ...definition, name: 'other', trustPolicy: { Statement: 1 } })).status).toBe(400);
    expect((await post('roles', { ...definition, accountId: 'x' })).status).toBe(400);
  });
});

describe('a port that is taken', () => {
  it('is told in one sentence', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    try {
      await expect(startSandbox({ port, service: false })).rejects.toThrow(PortInUseError);
      expect(await run(['--port', String(port), '--no-service'])).toEqual({
        exitCode: 3,
        errors: `layerward: port ${port} on 127.0.0.1 is taken: end that program, or give another port, or 0 for any\n`,
      });
    } finally {
      blocker.close();
    }
  });
});

it.each([[['--prot', '1']], [['--port', 'x']], [['--port', '70000']], [['extra']]])(
  'the command refuses %j with exit code 2',
  async (argv) => {
    const { exitCode, errors } = await run(argv);
    expect(exitCode).toBe(2);
    expect(errors).toContain('Usage: npm run sandbox');
  },
);
