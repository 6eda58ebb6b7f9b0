import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStackSets, type StackSetDefinition } from '../../../../src/sandbox/organization/stack-sets.ts';
import {
  type RoleDefinition,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../../../src/sandbox/sandbox.ts';

const hub = '111122223333';
const orders = '222233334444';
const payments = '333344445555';
const management = '999988887777';
const administration = `arn:aws:iam::${hub}:role/administration`;

const member = `
Parameters: { HubBusArn: { Type: String, AllowedPattern: 'arn:.*' } }
Resources:
  Forward:
    Type: AWS::Events::Rule
    Properties:
      Name: forward
      EventPattern: { source: [aws.lambda], detail: { eventName: [{ prefix: CreateFunction }] } }
      Targets: [{ Id: hub, Arn: !Ref HubBusArn, RoleArn: !Sub 'arn:aws:iam::\${AWS::AccountId}:role/forward' }]
`;
const named = `
Resources:
  Forward:
    Type: AWS::IAM::Role
    Properties:
      RoleName: forward
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - { PolicyName: forward, PolicyDocument: { Statement: [{ Effect: Allow, Action: events:PutEvents, Resource: '*' }] } }
`;
const indent = (text: string) => text.trim().replace(/^/gm, ' '.repeat(8));

/** A hub with the administration role, a bus that feeds a queue, and stack sets. */
const hubTemplate = (sets: string, { trust = 'cloudformation.amazonaws.com', may = '*' } = {}) => `
Resources:
  Administration:
    Type: AWS::IAM::Role
    Properties:
      RoleName: administration
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: '${trust}' }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: administration
          PolicyDocument:
            Statement: [{ Effect: Allow, Action: sts:AssumeRole, Resource: 'arn:aws:iam::${may}:role/execution' }]
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: all } }
  BusPolicy:
    Type: AWS::Events::EventBusPolicy
    Properties:
      EventBusName: !Ref Bus
      StatementId: Members
      Statement: { Effect: Allow, Principal: '*', Action: events:PutEvents, Resource: !GetAtt Bus.Arn }
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: { source: [aws.lambda] }
      Targets: [{ Id: queue, Arn: !GetAtt Queue.Arn }]
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: changes } }
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          { Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn }
${sets}
`;

const selfManaged = (accounts: string, more = '', regions = 'us-east-1, eu-west-1') => `
  Members:
    Type: AWS::CloudFormation::StackSet
    DependsOn: [BusPolicy, Administration]
    Properties:
      StackSetName: members
      PermissionModel: SELF_MANAGED
      AdministrationRoleARN: ${administration}
      ExecutionRoleName: execution
      Parameters: [{ ParameterKey: HubBusArn, ParameterValue: !GetAtt Bus.Arn }]
      StackInstancesGroup:
        - DeploymentTargets: { Accounts: [${accounts}] }
          Regions: [${regions}]
${more}
      TemplateBody: |
${indent(member)}
`;

const serviceManaged = (more = 'CallAs: DELEGATED_ADMIN', capabilities = '[CAPABILITY_NAMED_IAM]') => `
  Roles:
    Type: AWS::CloudFormation::StackSet
    Properties:
      StackSetName: roles
      PermissionModel: SERVICE_MANAGED
      ${more}
      Capabilities: ${capabilities}
      AutoDeployment: { Enabled: true, RetainStacksOnAccountRemoval: false }
      ManagedExecution: { Active: true }
      OperationPreferences:
        RegionConcurrencyType: PARALLEL
        MaxConcurrentPercentage: 100
        FailureTolerancePercentage: 100
        ConcurrencyMode: SOFT_FAILURE_TOLERANCE
      StackInstancesGroup:
        - DeploymentTargets: { OrganizationalUnitIds: [ou-lw01-workload1] }
          Regions: [us-east-1]
      TemplateBody: |
${indent(named)}
`;

const trusting = (principal: string) => ({
  Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole' }],
});
const execution = (accountId: string, principal = administration): RoleDefinition => ({
  accountId,
  name: 'execution',
  trustPolicy: trusting(principal),
});
const forward = (accountId: string): RoleDefinition => ({
  accountId,
  name: 'forward',
  trustPolicy: {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  },
  policies: { forward: { Statement: [{ Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' }] } },
});

let folder: string;
let sandbox: Sandbox | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layerward-stack-sets-'));
});
afterEach(async () => {
  await sandbox?.stop();
  sandbox = undefined;
  rmSync(folder, { recursive: true });
});
const start = async (template: string, options: SandboxOptions = {}) => {
  const templatePath = join(folder, 'template.yaml');
  writeFileSync(templatePath, template);
  sandbox = await startSandbox({ templatePath, timings: { deliveryMs: 1 }, ...options });
  return sandbox;
};
const placesOf = ({ stackInstances }: Sandbox) =>
  stackInstances().map(
    ({ stackSetName, accountId, region, status }) => `${stackSetName} ${accountId} ${region} ${status}`,
  );
const as = ({ endpoint }: Sandbox, accessKeyId: string, region = 'us-east-1') => ({
  endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey: 'x' },
  maxAttempts: 1,
});

describe('a self-managed stack set', () => {
  const both = `'${orders}', '${payments}'`;

  it('deploys into the accounts that it names, outside of an organization, and their events arrive', async () => {
    const running = await start(hubTemplate(selfManaged(both)), {
      roles: [execution(orders), execution(payments), forward(orders)],
    });
    expect(placesOf(running)).toEqual([
      `members ${orders} us-east-1 CURRENT`,
      `members ${payments} us-east-1 CURRENT`,
      `members ${orders} eu-west-1 CURRENT`,
      `members ${payments} eu-west-1 CURRENT`,
    ]);
    const create = (person: string, region: string) =>
      new LambdaClient(as(running, person, region)).send(
        new CreateFunctionCommand({
          FunctionName: 'checkout',
          Role: `arn:aws:iam::${orders}:role/app`,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Code: { ZipFile: Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') },
        }),
      );
    // Nothing forwards from there: no stack, no role.
    await create('alice', 'eu-west-1');
    await create(`${payments}/paul`, 'eu-west-1');
    await create(`${orders}/olga`, 'eu-west-1');
    const sqs = new SQSClient(as(running, 'alice'));
    const QueueUrl = running.deployment?.resources['Queue'];
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
    expect(Messages.map(({ Body = '' }) => JSON.parse(Body))).toMatchObject([{ account: orders, region: 'eu-west-1' }]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }))).Messages ?? []).toEqual([]);
  });

  it('can be in the account that manages it, in other regions', async () => {
    const running = await start(hubTemplate(selfManaged(`'${hub}'`)), { roles: [execution(hub)] });
    expect(placesOf(running)).toEqual([`members ${hub} us-east-1 CURRENT`, `members ${hub} eu-west-1 CURRENT`]);
    const stacks = new CloudFormationClient(as(running, 'alice', 'eu-west-1'));
    expect((await stacks.send(new DescribeStacksCommand({}))).Stacks).toMatchObject([
      { StackName: 'StackSet-members', StackStatus: 'CREATE_COMPLETE' },
    ]);
  });

  it.each([
    [
      'without the administration role',
      { may: '*' },
      [],
      'other',
      `should have 'other' role with trust relationship to CloudFormation service (there is no role`,
    ],
    [
      'whose administration role trusts another service',
      { trust: 'lambda.amazonaws.com' },
      [execution(orders)],
      'administration',
      `Account ${hub} should have 'administration' role with trust relationship to CloudFormation service (its trust policy does not let cloudformation.amazonaws.com take it on)`,
    ],
    [
      'without an execution role',
      {},
      [],
      'administration',
      `Account ${orders} should have 'execution' role with trust relationship to Role 'administration' (there is no such role)`,
    ],
    [
      'whose execution role trusts another role',
      {},
      [execution(orders, `arn:aws:iam::${hub}:role/other`)],
      'administration',
      `the trust policy of arn:aws:iam::${orders}:role/execution does not let it in`,
    ],
    [
      'whose administration role may not take on the execution role',
      { may: payments },
      [execution(orders)],
      'administration',
      `it is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${orders}:role/execution because no identity-based policy allows`,
    ],
  ])('%s is refused', async (_what, roles, existing, name, message) => {
    const set = selfManaged(`'${orders}'`).replace(administration, `arn:aws:iam::${hub}:role/${name}`);
    await expect(start(hubTemplate(set, roles), { roles: existing })).rejects.toThrow(message);
  });

  it.each([
    [
      'for units',
      selfManaged("'x'").replace(/Accounts: \[.*\]/, 'OrganizationalUnitIds: [ou-lw01-workload1]'),
      'can only have Account as target',
    ],
    [
      'with automatic deployment',
      selfManaged(`'${orders}'`, '      AutoDeployment: { Enabled: true }'),
      'are for the permission model SERVICE_MANAGED only',
    ],
    [
      'as a delegated administrator',
      selfManaged(`'${orders}'`, '      CallAs: DELEGATED_ADMIN'),
      'are for the permission model SERVICE_MANAGED only',
    ],
    [
      'for a region that is none',
      selfManaged(`'${orders}'`, '', "''"),
      'StackInstancesGroup.0.Regions.0: "" is no region',
    ],
    [
      'with two tolerances',
      selfManaged(
        `'${orders}'`,
        '      OperationPreferences: { FailureToleranceCount: 1, FailureTolerancePercentage: 10 }',
      ),
      'FailureToleranceCount and FailureTolerancePercentage exclude each other',
    ],
    [
      'with a preference that there is not',
      selfManaged(`'${orders}'`, '      OperationPreferences: { FailureTolerance: 1 }'),
      'OperationPreferences: Unrecognized key: "FailureTolerance"',
    ],
  ])('%s is refused', async (_what, set, message) => {
    await expect(start(hubTemplate(set), { organization: true, roles: [execution(orders)] })).rejects.toThrow(message);
  });

  it('tolerates as many failures in a region as it says', async () => {
    const preferences = '      OperationPreferences: { FailureTolerancePercentage: 50 }';
    const running = await start(hubTemplate(selfManaged(both, preferences)), { roles: [execution(orders)] });
    expect(placesOf(running)).toEqual([
      `members ${orders} us-east-1 CURRENT`,
      `members ${payments} us-east-1 OUTDATED`,
      `members ${orders} eu-west-1 CURRENT`,
      `members ${payments} eu-west-1 OUTDATED`,
    ]);
  });

  it('goes with its stack, in any account that still lets it in', async () => {
    const running = await start(hubTemplate(selfManaged(both)), { roles: [execution(orders), execution(payments)] });
    const trust = (principal: string) =>
      fetch(`${running.endpoint}/_sandbox/roles/${payments}/execution`, {
        method: 'PUT',
        body: JSON.stringify({ trustPolicy: trusting(principal) }),
      });
    await trust(`arn:aws:iam::${hub}:role/other`);
    expect(await running.removeDeployment()).toMatchObject({
      status: 'DELETE_FAILED',
      failed: { logicalId: 'Members', reason: expect.stringContaining('does not let it in') },
    });
    await trust(administration);
    expect((await running.removeDeployment()).status).toBe('DELETE_COMPLETE');
    expect(running.stackInstances()).toEqual([]);
    expect(running.access.roles.list().map(({ name }) => name)).toEqual(['execution', 'execution']);
  });
});

describe('a service-managed stack set', () => {
  const inOrganization = { organization: true } as const;

  it('works beside a self-managed one, with all preferences that CloudFormation has', async () => {
    const running = await start(hubTemplate(serviceManaged() + selfManaged(`'${management}'`)), {
      organization: true,
      roles: [execution(management)],
    });
    expect(placesOf(running).toSorted()).toEqual([
      `members ${management} eu-west-1 CURRENT`,
      `members ${management} us-east-1 CURRENT`,
      `roles ${orders} us-east-1 CURRENT`,
      `roles ${payments} us-east-1 CURRENT`,
    ]);
    await running.putAccount({ accountId: '666677778888', name: 'new', organizationalUnit: 'ou-lw01-workload1' });
    expect(running.stackInstances().filter(({ accountId }) => accountId === '666677778888')).toMatchObject([
      { stackSetName: 'roles', region: 'us-east-1' },
    ]);
    expect((await running.removeDeployment()).status).toBe('DELETE_COMPLETE');
  });

  it('is refused by a delegated administrator that does not call as one', async () => {
    await expect(start(hubTemplate(serviceManaged('CallAs: SELF')), inOrganization)).rejects.toThrow(
      'You must be the management account or delegated admin account of an organization before operating a SERVICE_MANAGED stack set',
    );
    await expect(start(hubTemplate(serviceManaged('Description: x')), inOrganization)).rejects.toThrow('CallAs: SELF');
  });

  it('is refused by accounts that are no delegated administrators, the management account among them', async () => {
    const { definition } = (await start(hubTemplate(''), inOrganization)).organization ?? expect.fail();
    await sandbox?.stop();
    const organization = (change: object) => ({ organization: { ...definition, ...change } });
    const asManagement = organization({ managementAccountId: hub, delegatedAdministrators: [orders] });
    await expect(start(hubTemplate(serviceManaged()), asManagement)).rejects.toThrow(
      'Account used is not a delegated administrator',
    );
    const running = await start(hubTemplate(serviceManaged('CallAs: SELF')), asManagement);
    expect(placesOf(running)).toHaveLength(2);
    await running.stop();
    await expect(start(hubTemplate(serviceManaged()), organization({ delegatedAdministrators: [] }))).rejects.toThrow(
      'Account used is not a delegated administrator',
    );
  });

  it('of roles with names needs the capability', async () => {
    await expect(start(hubTemplate(serviceManaged(undefined, '[CAPABILITY_IAM]')), inOrganization)).rejects.toThrow(
      'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    );
  });

  it('takes no roles of the other model', async () => {
    const set = serviceManaged(`CallAs: DELEGATED_ADMIN\n      AdministrationRoleARN: ${administration}`);
    await expect(start(hubTemplate(set), inOrganization)).rejects.toThrow(
      'are for the permission model SELF_MANAGED only',
    );
  });
});

it('a stack of a stack set that cannot be made is rolled back, and tells why', async () => {
  const preferences = '      OperationPreferences: { FailureToleranceCount: 1 }';
  const running = await start(
    hubTemplate(selfManaged(`'${orders}'`, preferences)).replace('prefix: CreateFunction', 'nonsense: x'),
    { roles: [execution(orders)] },
  );
  expect(running.stackInstances()).toMatchObject([{ status: 'OUTDATED' }, { status: 'OUTDATED' }]);
  const stacks = new CloudFormationClient(as(running, `${orders}/olga`));
  const StackName = 'StackSet-members';
  expect((await stacks.send(new DescribeStacksCommand({ StackName }))).Stacks).toMatchObject([
    { StackStatus: 'ROLLBACK_COMPLETE' },
  ]);
  const { StackEvents = [] } = await stacks.send(new DescribeStackEventsCommand({ StackName }));
  expect(StackEvents.map((event) => `${event.LogicalResourceId} ${event.ResourceStatus}`)).toContain(
    'Forward CREATE_FAILED',
  );
});

describe('a stack set with more failures than it tolerates', () => {
  /** Deploys into two accounts and three regions, of which one account fails in one region. */
  async function create(change: Partial<StackSetDefinition>) {
    const story: string[] = [];
    const accounts = { accountsOf: () => [orders, payments] };
    const sets = createStackSets({
      organization: undefined,
      serviceManagement: { ...accounts, requireCaller: () => {} },
      selfManagement: { ...accounts, requireAdministration: () => {}, requireExecution: () => {} },
      deploy: async ({ accountId, region }) => {
        const place = `${accountId} ${region}`;
        story.push(`+ ${place}`);
        if (place === `${payments} eu-west-1`) throw new Error('broken');
        return {
          remove: async () => {
            story.push(`- ${place}`);
          },
        };
      },
      log: () => {},
    });
    const group = { organizationalUnits: [], accounts: [], accountFilter: 'NONE', parameterOverrides: {} } as const;
    const permissions = {
      model: 'SELF_MANAGED',
      administrationRoleArn: administration,
      executionRoleName: 'x',
    } as const;
    const created = sets.create({
      name: 'members',
      accountId: hub,
      region: 'us-east-1',
      templateBody: '',
      parameters: {},
      permissions,
      groups: [{ ...group, regions: ['us-east-1', 'eu-west-1', 'ap-south-1'] }],
      failureTolerance: {},
      triesAllRegions: false,
      ...change,
    });
    return { sets, story, outcome: await created.then(() => 'done', String) };
  }

  it('tries no further regions, and leaves nothing behind', async () => {
    const { sets, story, outcome } = await create({});
    expect(outcome).toBe(`Error: The StackSet members failed in ${payments} eu-west-1: broken`);
    expect(story).toEqual([
      `+ ${orders} us-east-1`,
      `+ ${payments} us-east-1`,
      `+ ${orders} eu-west-1`,
      `+ ${payments} eu-west-1`,
      `- ${orders} eu-west-1`,
      `- ${payments} us-east-1`,
      `- ${orders} us-east-1`,
    ]);
    expect([sets.exist(), sets.instances()]).toEqual([false, []]);
  });

  it('tries all regions, where they are deployed in parallel', async () => {
    const { story, outcome } = await create({ triesAllRegions: true });
    expect(outcome).toContain('broken');
    expect(story).toContain(`+ ${payments} ap-south-1`);
  });

  it.each([
    [{ count: 1 }, 'done'],
    [{ percentage: 50 }, 'done'],
    [{ percentage: 49 }, 'failed'],
  ])('counts failures in each region: %j', async (failureTolerance, expected) => {
    const { sets, outcome } = await create({ failureTolerance });
    expect(outcome === 'done' ? outcome : 'failed').toBe(expected);
    expect(sets.exist()).toBe(expected === 'done');
  });
});
