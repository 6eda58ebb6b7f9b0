import { setTimeout as sleep } from 'node:timers/promises';
import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/sandbox/access/evaluate.ts';
import { EXAMPLE_ORGANIZATION } from '../../src/sandbox/organization/accounts.ts';
import { HUB_ACCOUNT, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, openStage, type Stage } from '../../src/sandbox/tour/stage.ts';

/*
 * Who could use Layerward against the organization, and what keeps them from it in what is deployed: the policies of both
 * templates, the rules and the built functions. docs/security.md lists the threats, each with its tests.
 */

const [orders, payments] = ['222233334444', '333344445555'];
/** An account outside of the organization. */
const stranger = '777788889999';
const memberRole = (accountId: string) => `arn:aws:iam::${accountId}:role/layerward-member`;
const tags = { 'layerward:protect': 'on' };
const everything = { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
const everybody = { Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }] };

let sandbox: Sandbox;
let stage: Stage;
beforeAll(async () => {
  sandbox = await startSandbox({
    organization: true,
    roles: [
      // What administrators make in their own accounts, as powerful as can be.
      { accountId: stranger, name: 'layerward-member', trustPolicy: everybody, policies: { everything } },
      { accountId: stranger, name: 'layerward-forward-x', trustPolicy: everybody, policies: { everything } },
      { accountId: orders, name: 'layerward-forward-mallory', trustPolicy: everybody, policies: { everything } },
      { accountId: orders, name: 'admin', trustPolicy: everybody, policies: { everything } },
      { accountId: HUB_ACCOUNT, name: 'admin', trustPolicy: everybody, policies: { everything } },
      { accountId: HUB_ACCOUNT, name: 'layerward-member', trustPolicy: everybody, policies: { everything } },
    ],
    timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20 },
  });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
}, 60_000);
afterAll(() => sandbox?.stop());

const at = (accountId: string) => stage.at({ accountId, region: 'us-east-1' });
const options = (accessKeyId: string) => ({
  endpoint: sandbox.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey: 'any' },
  maxAttempts: 1,
});

/** A session of a role, taken on by somebody: its access key. */
async function takeOn(by: string, roleArn: string): Promise<string> {
  const command = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'mallory' });
  const { Credentials } = await new STSClient(options(by)).send(command);
  return Credentials?.AccessKeyId ?? '';
}

/** What the hub's bus answers to an entry: an error's code, or that it took it. */
async function putOnBus(by: string, entry: PutEventsRequestEntry): Promise<string> {
  const EventBusName = String(sandbox.deployment?.outputs['EventBusArn']);
  const { Entries } = await new EventBridgeClient(options(by)).send(
    new PutEventsCommand({ Entries: [{ EventBusName, ...entry }] }),
  );
  return Entries?.[0]?.ErrorCode ?? 'taken';
}

/** Calls of ours about a function. */
const callsAbout = (name: string) =>
  sandbox.calls.list().filter(({ caller, path }) => caller.kind === 'function' && path.includes(name));

/** Something else that is put right shows that what came before it was passed over, not overlooked. */
let honest = 0;
async function untilAnotherIsProtected(): Promise<void> {
  const name = `honest-${++honest}`;
  await at(payments).create('paul', name, { Tags: tags });
  await at(payments).recorded(name, 'protected');
}

const laterLook = (accountId: string, name: string) => ({
  functionArn: `arn:aws:lambda:us-east-1:${accountId}:function:${name}`,
  kind: 'asked',
  eventId: 'forged',
  eventName: 'Forged',
  eventTime: '2999-01-01T00:00:00Z',
  touched: [],
  tagKeys: [],
});

describe('the hub’s bus', () => {
  const entry = { Source: 'layerward', DetailType: 'Layerward Look', Detail: '{}' };

  it('takes nothing from a member’s people and roles, apart from the role that the member stack has for it', async () => {
    const admin = await takeOn(`${orders}/olga`, `arn:aws:iam::${orders}:role/admin`);
    for (const by of [`${orders}/olga`, admin, `${stranger}/mallory`])
      expect(await putOnBus(by, entry)).toBe('AccessDeniedException');
  });

  it('takes nothing from another organization, whatever its role is called', async () => {
    const forwarder = await takeOn(`${stranger}/mallory`, `arn:aws:iam::${stranger}:role/layerward-forward-x`);
    expect(await putOnBus(forwarder, entry)).toBe('AccessDeniedException');
  });

  it('takes nothing as an event of AWS’s, even from a role that an administrator has named like ours', async () => {
    const forwarder = await takeOn(`${orders}/olga`, `arn:aws:iam::${orders}:role/layerward-forward-mallory`);
    for (const Source of ['aws.lambda', 'aws.tag'])
      expect(await putOnBus(forwarder, { ...entry, Source })).toBe('NotAuthorizedForSourceException');
  });

  it('passes nothing on that is not an event of AWS’s: no later look, no request for a sweep, no record by hand', async () => {
    await at(payments).create('paul', 'victim', { Tags: tags });
    await at(payments).recorded('victim', 'protected');
    await sleep(1_500);
    const before = callsAbout('victim').length;
    const forwarder = await takeOn(`${orders}/olga`, `arn:aws:iam::${orders}:role/layerward-forward-mallory`);
    const Detail = JSON.stringify(laterLook(payments, 'victim'));
    for (const [Source, DetailType] of [
      ['layerward', 'Layerward Look'],
      ['layerward', 'Layerward Sweep Request'],
      ['mine', 'AWS API Call via CloudTrail'],
      ['AWS.lambda', 'AWS API Call via CloudTrail'],
      ['aws-lambda', 'Tag Change on Resource'],
    ] as const)
      expect(await putOnBus(forwarder, { Source, DetailType, Detail })).toBe('taken');
    await untilAnotherIsProtected();
    expect(callsAbout('victim')).toHaveLength(before);
  });

  it('passes nothing on that a member’s own rule forwards by the member stack’s role', async () => {
    const bridge = new EventBridgeClient(options(`${orders}/olga`));
    await bridge.send(new PutRuleCommand({ Name: 'mine', EventPattern: JSON.stringify({ source: ['mine'] }) }));
    await bridge.send(
      new PutTargetsCommand({
        Rule: 'mine',
        Targets: [
          {
            Id: 'hub',
            Arn: String(sandbox.deployment?.outputs['EventBusArn']),
            RoleArn: `arn:aws:iam::${orders}:role/layerward-forward-us-east-1`,
          },
        ],
      }),
    );
    const before = callsAbout('victim').length;
    const Detail = JSON.stringify(laterLook(payments, 'victim'));
    await bridge.send(new PutEventsCommand({ Entries: [{ Source: 'mine', DetailType: 'Layerward Look', Detail }] }));
    await untilAnotherIsProtected();
    expect(callsAbout('victim')).toHaveLength(before);
  });
});

describe('a message that somebody puts on the queue by hand', () => {
  const queue = () => String(sandbox.deployment?.resources['ChangeQueue']);
  const send = (detail: unknown) =>
    new SQSClient(options('insider')).send(
      new SendMessageCommand({
        QueueUrl: queue(),
        MessageBody: JSON.stringify({ source: 'layerward', 'detail-type': 'Layerward Look', detail }),
      }),
    );

  it('changes nothing on a function that did not opt in', async () => {
    const looked = (least: number) =>
      eventually(`it is looked at ${least} times`, async () => {
        const looks = callsAbout('not-mine').length;
        return { value: looks >= least ? true : undefined, seen: String(looks) };
      });
    await at(payments).create('paul', 'not-mine');
    await looked(1);
    await send({ ...laterLook(payments, 'not-mine'), followUp: { purpose: 'turn', attempt: 1 } });
    await looked(2);
    await untilAnotherIsProtected();
    expect((await at(payments).see('not-mine')).layers).toEqual([]);
    expect(await at(payments).record('not-mine')).toBeUndefined();
  });

  it('puts no credentials on a function of another organization whose role layerward-member lets everybody in', async () => {
    await at(stranger).create('mallory', 'trap', { Tags: tags });
    await send(laterLook(stranger, 'trap'));
    const refusal = await eventually('the refusal is logged', async () => {
      const lines = sandbox.logs.events('/aws/lambda/layerward-remediate').map(({ message }) => message);
      return { value: lines.find((line) => line.includes('"access-denied"')), seen: lines.at(-1) };
    });
    expect(refusal).toContain(`account ${stranger} does not let Layerward in`);
    const { Configuration } = await new LambdaClient(options(`${stranger}/mallory`)).send(
      new GetFunctionCommand({ FunctionName: 'trap' }),
    );
    expect(Configuration?.Layers ?? []).toEqual([]);
    expect(Configuration?.Environment?.Variables ?? {}).toEqual({});
    expect(callsAbout('trap')).toEqual([]);
  });
});

describe('the role layerward-member', () => {
  /** Opens a role of the hub to its people, as only somebody could who administers the hub. */
  const open = async (name: string) => {
    const role = sandbox.access.roles.list().find((one) => one.accountId === HUB_ACCOUNT && one.name.includes(name));
    if (!role) throw new Error(`the hub has no role ${name}`);
    const answer = await fetch(`${sandbox.endpoint}/_sandbox/roles/${HUB_ACCOUNT}/${role.name}`, {
      method: 'PUT',
      body: JSON.stringify({ trustPolicy: everybody }),
    });
    expect(answer.status).toBe(200);
    return takeOn('alice', role.arn);
  };

  it.each(['RemediateRole', 'SweepRole', 'DeploymentRole'])('lets in the hub’s %s', async (name) => {
    expect(await takeOn(await open(name), memberRole(payments))).toMatch(/^ASIA/);
  });

  it.each<[string, () => Promise<string>]>([
    ['the hub’s people', async () => 'alice'],
    ['an administrator’s role of the hub', () => takeOn('alice', `arn:aws:iam::${HUB_ACCOUNT}:role/admin`)],
    ['a role of that name in the hub', () => takeOn('alice', memberRole(HUB_ACCOUNT))],
    ['the hub’s OrganizeSweepRole, which looks at no function', () => open('OrganizeSweepRole')],
    ['the hub’s SweepMachineRole', () => open('SweepMachineRole')],
    ['another member’s people', async () => `${orders}/olga`],
    ['another member’s administrator', () => takeOn(`${orders}/olga`, `arn:aws:iam::${orders}:role/admin`)],
    ['a stranger', async () => `${stranger}/mallory`],
    ['a stranger’s role of its name', () => takeOn(`${stranger}/mallory`, memberRole(stranger))],
  ])('does not let in %s', async (_, key) => {
    await expect(takeOn(await key(), memberRole(payments))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('lets nobody in any more once the hub has left the organization, nor a hub of another one', () => {
    const role = sandbox.access.roles.get(memberRole(payments));
    const hub = sandbox.access.roles.list().find(({ name }) => name.includes('RemediateRole'));
    if (!role || !hub) throw new Error('there is no such role');
    const ask = (context: Record<string, string>) =>
      evaluate([role.trust], {
        action: 'sts:AssumeRole',
        resource: role.arn,
        principal: { arn: hub.arn, accountId: HUB_ACCOUNT, roleArn: hub.arn },
        context: { 'aws:PrincipalArn': hub.arn, 'aws:PrincipalAccount': HUB_ACCOUNT, ...context },
      }).decision;
    expect(ask({ 'aws:PrincipalOrgID': EXAMPLE_ORGANIZATION.id })).toBe('allow');
    expect(ask({})).toBe('implicit-deny');
    expect(ask({ 'aws:PrincipalOrgID': 'o-another001' })).toBe('implicit-deny');
  });

  it('is taken on in this organization only: the hub’s own policies refuse it elsewhere', async () => {
    for (const name of ['RemediateRole', 'SweepRole', 'DeploymentRole'])
      await expect(takeOn(await open(name), memberRole(stranger))).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('can only read functions and tags, and update configurations', () => {
    const actions = sandbox.access.roles
      .get(memberRole(payments))
      ?.policies.flatMap(({ statements }) => statements.flatMap((statement) => statement.actions ?? ['everything']));
    expect(actions?.sort()).toEqual([
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:Encrypt',
      'lambda:GetAccountSettings',
      'lambda:GetFunction',
      'lambda:GetLayerVersion',
      'lambda:ListFunctions',
      'lambda:ListTags',
      'lambda:UpdateFunctionConfiguration',
      'tag:GetResources',
    ]);
  });
});
