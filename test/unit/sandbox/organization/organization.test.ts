import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  DescribeOrganizationCommand,
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListOrganizationalUnitsForParentCommand,
  ListParentsCommand,
  ListRootsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LoggedCall } from '../../../../src/sandbox/call-log.ts';
import { type Sandbox, startSandbox } from '../../../../src/sandbox/sandbox.ts';
import { writeHub } from './hub-template.ts';

const orders = '222233334444';
const payments = '333344445555';
const legacy = '444455556666';
const closed = '555566667777';
const management = '999988887777';
const memberRole = (account: string) => `arn:aws:iam::${account}:role/layerward-member`;

let sandbox: Sandbox;
const hub = writeHub();
beforeAll(async () => {
  sandbox = await startSandbox({ templatePath: hub.templatePath, organization: true, timings: { deliveryMs: 1 } });
  sandbox.lambda.faults.replace({ quotas: 'off' });
});
afterAll(async () => {
  await sandbox.stop();
  hub.remove();
});

const as = (accessKeyId: string, region = 'us-east-1') => ({
  endpoint: sandbox.endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey: 'x' },
  maxAttempts: 1,
});
const create = (person: string, FunctionName: string, region: string, Tags: Record<string, string> = {}) =>
  new LambdaClient(as(person, region)).send(
    new CreateFunctionCommand({
      FunctionName,
      Role: 'arn:aws:iam::111122223333:role/app',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') },
      Tags,
    }),
  );

interface Call {
  readonly service: string;
  readonly region?: string;
  readonly key?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
/** What the hub's function gets, when it makes these calls as its role. */
async function callAsHub(...calls: Call[]): Promise<{ status: number; text: string }[]> {
  const { Payload, FunctionError } = await new LambdaClient(as('alice')).send(
    new InvokeCommand({ FunctionName: 'hub', Payload: Buffer.from(JSON.stringify({ calls })) }),
  );
  expect(FunctionError).toBeUndefined();
  return JSON.parse(Payload?.transformToString() ?? '[]') as { status: number; text: string }[];
}
const assume = (roleArn: string, more: Record<string, string> = {}): Call => ({
  service: 'sts',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({
    Action: 'AssumeRole',
    RoleArn: roleArn,
    RoleSessionName: 'layerward',
    ...more,
  }).toString(),
});
async function memberKey(account: string): Promise<string> {
  const [answer] = await callAsHub(assume(memberRole(account)));
  return /<AccessKeyId>([^<]+)</.exec(answer?.text ?? '')?.[1] ?? expect.fail(answer?.text);
}
const lambdaCall = (key: string, region: string, path: string, method = 'GET', body?: unknown): Call => ({
  service: 'lambda',
  key,
  region,
  method,
  path,
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
const functionPath = (name: string) => `/2015-03-31/functions/${name}`;

describe('a caller', () => {
  it('is of the account that the access key names', async () => {
    const { Arn } = await new STSClient(as(`${orders}/olga`)).send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:iam::${orders}:user/olga`);
  });

  it('sees only the functions of that account', async () => {
    await create(`${orders}/olga`, 'mine', 'eu-west-1');
    const get = (person: string) =>
      new LambdaClient(as(person, 'eu-west-1')).send(new GetFunctionCommand({ FunctionName: 'mine' }));
    expect((await get(`${orders}/olga`)).Configuration?.FunctionArn).toContain(`:${orders}:function:mine`);
    await expect(get(`${payments}/paul`)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('of a suspended account is unknown', async () => {
    await expect(new STSClient(as(`${closed}/carl`)).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
  });
});

describe('the organization', () => {
  const client = (person: string) => new OrganizationsClient(as(person));

  it('lists its accounts by pages, with who is suspended', async () => {
    const first = await client('alice').send(new ListAccountsCommand({ MaxResults: 4 }));
    const second = await client('alice').send(new ListAccountsCommand({ NextToken: first.NextToken }));
    const all = [...(first.Accounts ?? []), ...(second.Accounts ?? [])];
    expect(first.Accounts).toHaveLength(4);
    expect(second.NextToken).toBeUndefined();
    expect(all.map(({ Id, Status }) => [Id, Status])).toEqual([
      [management, 'ACTIVE'],
      ['111122223333', 'ACTIVE'],
      [orders, 'ACTIVE'],
      [payments, 'ACTIVE'],
      [legacy, 'ACTIVE'],
      [closed, 'SUSPENDED'],
    ]);
  });

  it('tells its root, units, and who is where', async () => {
    const { Roots } = await client('alice').send(new ListRootsCommand({}));
    expect(Roots?.map(({ Id }) => Id)).toEqual(['r-lw01']);
    const units = await client('alice').send(new ListOrganizationalUnitsForParentCommand({ ParentId: 'r-lw01' }));
    expect(units.OrganizationalUnits?.map(({ Id }) => Id)).toEqual([
      'ou-lw01-security1',
      'ou-lw01-workload1',
      'ou-lw01-legacy001',
    ]);
    const accounts = await client('alice').send(new ListAccountsForParentCommand({ ParentId: 'ou-lw01-legacy001' }));
    expect(accounts.Accounts?.map(({ Id }) => Id)).toEqual([legacy]);
    const parents = await client('alice').send(new ListParentsCommand({ ChildId: orders }));
    expect(parents.Parents).toEqual([{ Id: 'ou-lw01-workload1', Type: 'ORGANIZATIONAL_UNIT' }]);
    await expect(client('alice').send(new ListParentsCommand({ ChildId: '000000000000' }))).rejects.toMatchObject({
      name: 'ChildNotFoundException',
    });
  });

  it('is told to members, and its accounts only to administrators', async () => {
    const { Organization } = await client(`${orders}/olga`).send(new DescribeOrganizationCommand({}));
    expect(Organization).toMatchObject({ Id: 'o-layerward01', MasterAccountId: management });
    await expect(client(`${orders}/olga`).send(new ListAccountsCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(client('777766665555/x').send(new DescribeOrganizationCommand({}))).rejects.toMatchObject({
      name: 'AWSOrganizationsNotInUseException',
    });
  });
});

describe('stacks of members', () => {
  it('are in every active account of the units and every region, and not in the management account', () => {
    const places = sandbox.stackInstances().map(({ accountId, region, status }) => `${accountId} ${region} ${status}`);
    expect(places.toSorted()).toEqual(
      [orders, payments, legacy].flatMap((account) => [`${account} eu-west-1 CURRENT`, `${account} us-east-1 CURRENT`]),
    );
  });
});

describe('taking on a role', () => {
  it('is granted to the role that the trust policy names', async () => {
    const [answer] = await callAsHub(assume(memberRole(orders)));
    expect(answer).toMatchObject({
      status: 200,
      text: expect.stringContaining(`:assumed-role/layerward-member/layerward`),
    });
    const records = sandbox.trail.records().filter(({ eventName }) => eventName === 'AssumeRole');
    expect(records.slice(-2).map((record) => record.recipientAccountId)).toEqual(['111122223333', orders]);
  });

  it.each<[string, string]>([
    ['whose trust policy somebody has changed', memberRole(legacy)],
    ['that there is not', memberRole(management)],
    ['of a suspended account', memberRole(closed)],
    ['that the caller’s own policy does not name', `arn:aws:iam::${orders}:role/layerward-forward`],
  ])('%s is refused', async (_what, roleArn) => {
    const [answer] = await callAsHub(assume(roleArn));
    expect(answer?.status).toBe(403);
    expect(answer?.text).toContain('<Code>AccessDenied</Code>');
    expect(answer?.text).toContain(
      `User: arn:aws:sts::111122223333:assumed-role/hub/hub is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
    expect(sandbox.trail.records().at(-1)).toMatchObject({
      eventName: 'AssumeRole',
      eventSource: 'sts.amazonaws.com',
      errorCode: 'AccessDenied',
      requestParameters: null,
      responseElements: null,
      recipientAccountId: '111122223333',
      userIdentity: { type: 'AssumedRole', arn: 'arn:aws:sts::111122223333:assumed-role/hub/hub' },
    });
  });

  it('is refused to users whom the conditions leave out', async () => {
    const command = new AssumeRoleCommand({ RoleArn: memberRole(orders), RoleSessionName: 'alice' });
    await expect(new STSClient(as('alice')).send(command)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('of administrators is granted to the management account only', async () => {
    const RoleArn = `arn:aws:iam::${orders}:role/OrganizationAccountAccessRole`;
    const command = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'alice' });
    const granted = await new STSClient(as(`${management}/alice`)).send(command);
    expect(granted.AssumedRoleUser?.Arn).toBe(
      `arn:aws:sts::${orders}:assumed-role/OrganizationAccountAccessRole/alice`,
    );
    await expect(new STSClient(as('alice')).send(command)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('for longer than an hour is refused to a session', async () => {
    const [answer] = await callAsHub(assume(memberRole(orders), { DurationSeconds: '7200' }));
    expect(answer?.text).toContain('exceeds the 1 hour session limit for roles assumed by role chaining');
  });

  it('works again once the trust policy lets it', async () => {
    const url = `${sandbox.endpoint}/_sandbox/roles/${payments}/layerward-member`;
    const trust = (Effect: string) =>
      fetch(url, {
        method: 'PUT',
        body: JSON.stringify({ trustPolicy: { Statement: [{ Effect, Principal: '*', Action: 'sts:AssumeRole' }] } }),
      });
    expect((await trust('Deny')).status).toBe(200);
    expect((await callAsHub(assume(memberRole(payments))))[0]?.status).toBe(403);
    expect((await trust('Allow')).status).toBe(200);
    expect((await callAsHub(assume(memberRole(payments))))[0]?.status).toBe(200);
  });
});

describe('a session of a role', () => {
  beforeAll(async () => {
    for (const region of ['eu-west-1', 'us-east-1']) {
      await create(`${orders}/olga`, 'tagged', region, { 'layerward:protect': 'on' });
      await create(`${orders}/olga`, 'plain', region, { other: 'x' });
      await create(`${orders}/olga`, 'critical', region, { 'layerward:protect': 'on' });
    }
  });
  const atRest = (name: string) =>
    vi.waitFor(() => {
      const { State, LastUpdateStatus } = sandbox.lambda.inspect(orders, 'eu-west-1', name)?.latest.lifecycle ?? {};
      expect([State, LastUpdateStatus]).toEqual(['Active', 'Successful']);
    });
  const update = async (name: string, body: unknown) => {
    const path = `${functionPath(name)}/configuration`;
    await atRest(name);
    const [answer] = await callAsHub(lambdaCall(await memberKey(orders), 'eu-west-1', path, 'PUT', body));
    return answer;
  };

  it('does what its policies allow, in its account', async () => {
    const [answer] = await callAsHub(lambdaCall(await memberKey(orders), 'eu-west-1', functionPath('tagged')));
    expect(JSON.parse(answer?.text ?? '')).toMatchObject({
      Configuration: { FunctionArn: `arn:aws:lambda:eu-west-1:${orders}:function:tagged` },
      Tags: { 'layerward:protect': 'on' },
    });
  });

  it('that a function has opened counts as the function’s, and so do those that it opens in turn', async () => {
    sandbox.calls.reset();
    const key = await memberKey(orders);
    await callAsHub(lambdaCall(key, 'eu-west-1', functionPath('tagged')), { ...assume(memberRole(payments)), key });
    await new LambdaClient(as(`${orders}/olga`, 'eu-west-1')).send(new GetFunctionCommand({ FunctionName: 'tagged' }));
    const url = `${sandbox.endpoint}/_sandbox/calls`;
    const of = async (query: string) => (await (await fetch(`${url}?${query}`)).json()) as LoggedCall[];
    expect(await of('functionName=hub')).toMatchObject([
      { service: 'sts', account: '111122223333', caller: { kind: 'function', functionName: 'hub' } },
      {
        service: 'lambda',
        account: orders,
        caller: { kind: 'function', functionName: 'hub', arn: expect.stringContaining('layerward-member') },
      },
      { service: 'sts', account: orders, caller: { kind: 'function', functionName: 'hub' } },
    ]);
    expect(await of('caller=user&service=lambda&action=GetFunction')).toHaveLength(1);
    expect(await of('functionName=other')).toEqual([]);
  });

  it('sees TagsError where it may not list tags', async () => {
    const [answer] = await callAsHub(lambdaCall(await memberKey(orders), 'us-east-1', functionPath('tagged')));
    const { Tags, TagsError } = JSON.parse(answer?.text ?? '') as Record<string, unknown>;
    expect(Tags).toBeUndefined();
    expect(TagsError).toEqual({
      ErrorCode: 'AccessDeniedException',
      Message:
        `User: arn:aws:sts::${orders}:assumed-role/layerward-member/layerward is not authorized to perform: lambda:ListTags ` +
        `on resource: arn:aws:lambda:us-east-1:${orders}:function:tagged because no identity-based policy allows the lambda:ListTags action`,
    });
  });

  it('is refused what its policies do not allow, in AWS’s words, and CloudTrail has it', async () => {
    const key = await memberKey(orders);
    const [answer] = await callAsHub(lambdaCall(key, 'eu-west-1', functionPath('tagged'), 'DELETE'));
    const message =
      `User: arn:aws:sts::${orders}:assumed-role/layerward-member/layerward is not authorized to perform: lambda:DeleteFunction ` +
      `on resource: arn:aws:lambda:eu-west-1:${orders}:function:tagged because no identity-based policy allows the lambda:DeleteFunction action`;
    expect(answer?.status).toBe(403);
    expect(answer?.text).toContain(message);
    expect(sandbox.trail.records().at(-1)).toMatchObject({
      eventName: 'DeleteFunction20150331',
      errorCode: 'AccessDenied',
      errorMessage: message,
      requestParameters: null,
      responseElements: null,
      recipientAccountId: orders,
    });
  });

  it('is held to conditions on the function’s tags', async () => {
    expect((await update('tagged', { Description: 'a' }))?.status).toBe(200);
    expect((await update('plain', { Description: 'a' }))?.text).toContain('lambda:UpdateFunctionConfiguration');
  });

  it('is refused what a policy denies', async () => {
    expect((await update('critical', { Description: 'a' }))?.text).toContain(
      'with an explicit deny in an identity-based policy',
    );
  });

  it('needs permission for every layer that it sends', async () => {
    const team = `arn:aws:lambda:eu-west-1:${orders}:layer:team:1`;
    expect((await update('tagged', { Layers: [team] }))?.text).toContain(
      `lambda:GetLayerVersion on resource: ${team} because no identity-based policy allows`,
    );
  });

  it('reads and writes no variables whose key it may not use', async () => {
    const KMSKeyArn = `arn:aws:kms:eu-west-1:${orders}:key/orders`;
    const lambda = new LambdaClient(as(`${orders}/olga`, 'eu-west-1'));
    await atRest('tagged');
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'tagged',
        KMSKeyArn,
        Environment: { Variables: { AB: 'c' } },
      }),
    );
    const [answer] = await callAsHub(lambdaCall(await memberKey(orders), 'eu-west-1', functionPath('tagged')));
    const { Configuration } = JSON.parse(answer?.text ?? '') as { Configuration: { Environment: { Error: unknown } } };
    expect(Configuration.Environment).toEqual({
      Error: {
        ErrorCode: 'AccessDeniedException',
        Message: expect.stringContaining(`is not authorized to perform: kms:Decrypt on resource: ${KMSKeyArn}`),
      },
    });
    expect((await update('tagged', { Environment: { Variables: {} } }))?.text).toContain(
      'the KMS key is invalid for Encrypt',
    );
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'tagged', KMSKeyArn: '' }));
  });

  it('of the hub is held to its own policies', async () => {
    const target = (name: string) => ({ 'x-amz-target': name, 'content-type': 'application/x-amz-json-1.1' });
    const entry = (Source: string) => ({ Source, DetailType: 'x', Detail: '{}' });
    const queueUrl = `${sandbox.endpoint}/111122223333/changes`;
    const answers = await callAsHub(
      {
        service: 'sqs',
        headers: target('AmazonSQS.SendMessage'),
        body: JSON.stringify({ QueueUrl: queueUrl, MessageBody: '{}' }),
      },
      { service: 'sqs', headers: target('AmazonSQS.PurgeQueue'), body: JSON.stringify({ QueueUrl: queueUrl }) },
      {
        service: 'events',
        headers: target('AWSEvents.PutEvents'),
        body: JSON.stringify({ Entries: [entry('layerward')] }),
      },
      {
        service: 'events',
        headers: target('AWSEvents.PutEvents'),
        body: JSON.stringify({ Entries: [entry('layerward'), entry('else')] }),
      },
      {
        service: 'secretsmanager',
        headers: target('secretsmanager.GetSecretValue'),
        body: '{"SecretId":"layerward/groups/default"}',
      },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 400, 400]);
    expect(answers[1]?.text).toContain('sqs:PurgeQueue on resource: arn:aws:sqs:us-east-1:111122223333:changes');
    expect(answers[4]?.text).toContain('AccessDeniedException');
    await drain();
  });

  it('leaves a trace of the statements that it used', () => {
    const used = [...sandbox.access.used];
    expect(used).toContain('arn:aws:iam::111122223333:role/hub hub/Members sts:AssumeRole');
    expect(used).toContain(`${memberRole(orders)} member/UpdateTagged lambda:UpdateFunctionConfiguration`);
    expect(used.some((line) => line.includes('member/VendorLayers'))).toBe(false);
  });
});

const sqs = () => new SQSClient(as('alice'));
const queueUrl = () => `${sandbox.endpoint}/111122223333/changes`;
/** The events on the hub's queue, until none comes any more. */
async function drain(waitSeconds = 1): Promise<Record<string, unknown>[]> {
  const events: Record<string, unknown>[] = [];
  for (;;) {
    const { Messages = [] } = await sqs().send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl(), MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds }),
    );
    if (Messages.length === 0) return events;
    for (const { Body = '', ReceiptHandle } of Messages) {
      events.push(JSON.parse(Body) as Record<string, unknown>);
      await sqs().send(new DeleteMessageCommand({ QueueUrl: queueUrl(), ReceiptHandle }));
    }
  }
}

describe('events', () => {
  it('of members reach the hub’s bus once, as they were; no others do, and none goes on from there', async () => {
    await drain();
    await create(`${orders}/olga`, 'forwarded', 'eu-west-1');
    await create(`${management}/mia`, 'unseen', 'eu-west-1');
    await create('alice', 'unseen', 'eu-west-1');
    await create(`${orders}/olga`, 'unseen', 'ap-south-1');
    expect(await drain()).toEqual([
      expect.objectContaining({
        source: 'aws.lambda',
        account: orders,
        region: 'eu-west-1',
        detail: expect.objectContaining({ eventName: 'CreateFunction20150331', recipientAccountId: orders }),
      }),
    ]);
  });

  it('can be put on the hub’s bus by everybody in the organization, and by nobody else', async () => {
    const put = (person: string) =>
      new EventBridgeClient(as(person)).send(
        new PutEventsCommand({
          Entries: [
            {
              Source: 'aside',
              DetailType: 'd',
              Detail: '{}',
              EventBusName: 'arn:aws:events:us-east-1:111122223333:event-bus/organization',
            },
          ],
        }),
      );
    expect(await put(`${orders}/olga`)).toMatchObject({ FailedEntryCount: 0 });
    expect(await put('777766665555/x')).toMatchObject({ Entries: [{ ErrorCode: 'AccessDeniedException' }] });
  });
});

describe('an account', () => {
  const joined = '666677778888';
  const put = (method: string, path: string, body: unknown) =>
    fetch(`${sandbox.endpoint}/_sandbox/organization/accounts${path}`, { method, body: JSON.stringify(body) });

  it('that joins gets its stacks, and its events arrive', async () => {
    const account = { accountId: joined, name: 'new', organizationalUnit: 'ou-lw01-workload1' };
    expect((await put('POST', '', account)).status).toBe(200);
    expect(sandbox.stackInstances().filter(({ accountId }) => accountId === joined)).toHaveLength(2);
    await create(`${joined}/nina`, 'first', 'us-east-1');
    expect(await drain()).toMatchObject([{ account: joined, region: 'us-east-1' }]);
    expect((await callAsHub(assume(memberRole(joined))))[0]?.status).toBe(200);
  });

  it('that leaves the units loses them', async () => {
    const before = await memberKey(joined);
    expect((await put('PUT', `/${joined}`, { organizationalUnit: 'r-lw01' })).status).toBe(200);
    expect(sandbox.stackInstances().filter(({ accountId }) => accountId === joined)).toEqual([]);
    const [stale] = await callAsHub(lambdaCall(before, 'us-east-1', functionPath('first')));
    expect(stale).toMatchObject({
      status: 403,
      text: expect.stringContaining('The security token included in the request is invalid.'),
    });
    await create(`${joined}/nina`, 'second', 'us-east-1');
    expect(await drain()).toEqual([]);
    expect((await callAsHub(assume(memberRole(joined))))[0]?.status).toBe(403);
  });

  it('that is suspended is lost to everybody', async () => {
    expect((await put('PUT', `/${payments}`, { status: 'SUSPENDED' })).status).toBe(200);
    expect((await callAsHub(assume(memberRole(payments))))[0]?.status).toBe(403);
    expect(sandbox.stackInstances().filter(({ accountId }) => accountId === payments)).toHaveLength(2);
  });

  it('in a unit that there is not is refused', async () => {
    const answer = await put('POST', '', { accountId: joined, name: 'x', organizationalUnit: 'ou-lw01-nowhere' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('no root or unit ou-lw01-nowhere; it has r-lw01, ou-lw01-security1');
  });

  it('that has not opted in to a region has no credentials there', async () => {
    await put('PUT', `/${orders}`, { disabledRegions: ['ap-south-1'] });
    await expect(create(`${orders}/olga`, 'there', 'ap-south-1')).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    await create(`${orders}/olga`, 'here', 'us-east-1');
    await drain();
  });

  it('can limit its roles by a service control policy', async () => {
    const Statement = [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 'lambda:GetFunction', Resource: '*' },
    ];
    await put('PUT', `/${orders}`, { serviceControlPolicies: [{ Statement }] });
    const [answer] = await callAsHub(lambdaCall(await memberKey(orders), 'eu-west-1', functionPath('tagged')));
    expect(answer?.text).toContain('with an explicit deny in a service control policy');
  });
});

describe('the stack, deleted,', () => {
  it('takes the members’ stacks along', async () => {
    const answer = await fetch(`${sandbox.endpoint}/_sandbox/deployment`, { method: 'DELETE' });
    expect(await answer.json()).toMatchObject({ status: 'DELETE_COMPLETE' });
    expect(sandbox.deployment).toBeUndefined();
    expect(sandbox.stackInstances()).toEqual([]);
    expect([...new Set(sandbox.access.roles.list().map(({ name }) => name))]).toEqual([
      'OrganizationAccountAccessRole',
    ]);
  });
});
