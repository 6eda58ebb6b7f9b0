import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteFunctionCommand, UntagResourceCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXAMPLE_ORGANIZATION } from '../../src/sandbox/organization/accounts.ts';
import type { StackInstance } from '../../src/sandbox/organization/stack-sets.ts';
import { HUB_ACCOUNT, type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { readDeclaredPermissions } from '../fixtures/declared-permissions.ts';

/*
 * The policies of both templates against what the code does: all of it is done once, in an organization and in a single
 * account, by the built functions with the roles that the templates give them. Nothing may be refused for want of a
 * permission, and no permission may be there that nothing has used.
 */

/** Permissions that AWS itself makes use of, where the sandbox does not. */
const unusedHere: Readonly<Record<string, string>> = {
  'SweepMachineRole/FollowAccounts states:DescribeExecution':
    'Step Functions itself follows the executions of a distributed map by it',
  'SweepMachineRole/FollowAccounts states:StopExecution': 'Step Functions itself stops them by it',
  'PolicyMonitorRole/SeeAlarms cloudwatch:DescribeAlarms': 'AppConfig itself watches alarms, and the sandbox has none',
  'StackSetExecutionRole/':
    'CloudFormation itself makes what member.yaml has in it; test/referee/stack holds it against AWS’s own schemas',
};

const [orders, payments, legacy, leaving] = ['222233334444', '333344445555', '444455556666', '666677778888'];
const region = 'us-east-1';
const other = 'eu-west-1';
const optedIn = { 'layerward:protect': 'on' };
const policy = parse(`
version: 1
agent: trend-application-security
groups:
  default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } }
  keyed: { secret: layerward/groups/keyed, parameters: { cloudOneRegion: us-1 } }
  absent: { secret: layerward/groups/absent, parameters: { cloudOneRegion: us-1 } }
rules: [{ match: { functions: ["audited-*"] }, mode: audit }]
`);
const policyOfUnits = { ...policy, exclude: { organizationalUnits: ['ou-lw01-legacy001'] } };
const keyIn = (accountId: string, of: string) =>
  `arn:aws:kms:${of}:${accountId}:key/11111111-2222-3333-4444-555555555555`;

const stack = { accountId: HUB_ACCOUNT, region, stackName: 'layerward' };
const ofOrganization = {
  OrganizationId: EXAMPLE_ORGANIZATION.id,
  OrganizationalUnitIds: 'ou-lw01-workload1,ou-lw01-legacy001',
  Regions: `${region},${other}`,
};
const organization = {
  ...EXAMPLE_ORGANIZATION,
  accounts: [
    ...EXAMPLE_ORGANIZATION.accounts,
    { accountId: leaving, name: 'leaving', organizationalUnit: 'ou-lw01-workload1' },
  ],
};

interface DeploymentCase {
  readonly what: string;
  readonly options: SandboxOptions & { readonly parameters: Readonly<Record<string, string>> };
  /** Where there are more functions than can be read one by one. */
  readonly crowded: readonly string[];
  /** The account whose functions in the other region are looked after. */
  readonly elsewhere: string;
}

const deployments: readonly DeploymentCase[] = [
  {
    what: 'an organization',
    options: { organization, parameters: ofOrganization, policy: policyOfUnits },
    crowded: [HUB_ACCOUNT, orders],
    elsewhere: payments,
  },
  {
    what: 'a single account in two regions',
    options: { parameters: { Regions: ofOrganization.Regions }, policy },
    crowded: [HUB_ACCOUNT],
    elsewhere: HUB_ACCOUNT,
  },
];

/**
 * The template with little time for its custom resource's function: a second or two, and then a longer wait for others of
 * ours, so that it has to go on in another invocation. It lies beside links to what it names.
 */
function writeHurriedTemplate(folder: string): string {
  const root = join(import.meta.dirname, '../..');
  for (const name of ['dist', 'infra']) symlinkSync(join(root, name), join(folder, name));
  const changed = (text: string, from: string, to: string) => {
    expect(text.split(from).length, `template.yaml has ${from} once after the place`).toBeGreaterThan(1);
    return text.replace(from, to);
  };
  const [head = '', tail = ''] = readFileSync(join(root, 'template.yaml'), 'utf8').split('\n  DeploymentFunction:\n');
  const path = join(folder, 'template.yaml');
  writeFileSync(
    path,
    `${changed(head, 'SettleSeconds: 75', 'SettleSeconds: 4')}\n  DeploymentFunction:\n${changed(tail, 'Timeout: 900', 'Timeout: 62')}`,
  );
  return path;
}

describe.each(deployments)('deployed for $what', ({ options, crowded, elsewhere }) => {
  const isOrganization = options.organization !== undefined;
  let folder: string;
  let sandbox: Sandbox;
  let stage: Stage;
  /** The names of what was deployed; they outlive it. */
  let resources: Readonly<Record<string, string>>;
  let members: readonly StackInstance[];
  const log: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'layerward-permissions-'));
    sandbox = await startSandbox({
      ...options,
      templatePath: writeHurriedTemplate(folder),
      timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 },
      log: (line) => log.push(line),
    });
    sandbox.lambda.faults.replace({ quotas: 'off' });
    resources = sandbox.deployment?.resources ?? {};
    members = sandbox.stackInstances();
    stage = await openStage(sandbox);
  });
  afterAll(async () => {
    await sandbox?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const client = (person: string) => ({
    endpoint: sandbox.endpoint,
    region,
    credentials: { accessKeyId: person, secretAccessKey: 'any' },
  });
  const at = (accountId: string, where = region) => stage.at({ accountId, region: where });
  const create = (place: Stage, name: string, more: Parameters<Stage['create']>[2] = {}) =>
    place.create('olga', name, { Tags: optedIn, ...more });
  const inGroup = (group: string) => ({ Tags: { ...optedIn, 'layerward:group': group } });
  const optOut = (place: Stage, name: string) =>
    place
      .lambda('olga')
      .send(new UntagResourceCommand({ Resource: place.functionArn(name), TagKeys: ['layerward:protect'] }));

  it('looks, attaches, repairs and releases, here and elsewhere', async () => {
    const SecretString = JSON.stringify({ key: 'keyed-key', secret: 'keyed-secret' });
    const KmsKeyId = keyIn(HUB_ACCOUNT, region);
    await new SecretsManagerClient(client('admin')).send(
      new CreateSecretCommand({ Name: 'layerward/groups/keyed', SecretString, KmsKeyId }),
    );
    const goThrough = async (place: Stage) => {
      await create(place, 'attached');
      await create(place, 'released');
      await create(place, 'own-key', {
        ...inGroup('keyed'),
        Environment: { Variables: { TEAM: 'orders' } },
        KMSKeyArn: keyIn(place.place.accountId, place.place.region),
      });
      await Promise.all(['attached', 'released', 'own-key'].map((name) => place.recorded(name, 'protected')));
      expect((await place.see('own-key')).variables).toMatchObject({ TEAM: 'orders', TREND_AP_KEY: 'keyed-key' });
      await place.change('mallory', 'attached', { Layers: [] });
      await optOut(place, 'released');
      await place.recorded('attached', 'protected', '', ({ action }) => action === 'repaired');
      await place.recorded('released', 'released');
    };
    await Promise.all([at(HUB_ACCOUNT), at(elsewhere, other)].map(goThrough));
  });

  it('only reports, and forgets what it never changed', async () => {
    const place = at(HUB_ACCOUNT);
    await create(place, 'audited-orders');
    await create(place, 'blocked', inGroup('absent'));
    await create(place, 'deleted');
    await place.recorded('audited-orders', 'drifted', undefined, ({ action }) => action === 'reported');
    await place.recorded('blocked', 'blocked', 'credentials-missing');
    await optOut(place, 'blocked');
    await place.recorded('deleted', 'protected');
    await place.lambda('olga').send(new DeleteFunctionCommand({ FunctionName: 'deleted' }));
    await place.recorded('deleted', 'deleted');
    await eventually('the record is forgotten', async () => {
      const record = await place.record('blocked');
      return { value: record === undefined ? true : undefined, seen: record?.status };
    });
  });

  it('sweeps by listing and by reading one by one, and repairs what is plain', async () => {
    sandbox.lambda.faults.replace({ quotas: 'off', delivery: [{ effect: 'drop' }] });
    const unheardOf = ['one', 'two', 'three'];
    for (const accountId of crowded) for (const name of unheardOf) await create(at(accountId), name);
    const place = at(elsewhere, other);
    await place.change('mallory', 'attached', { Layers: [] });
    sandbox.lambda.faults.replace({ quotas: 'off' });
    expect(await stage.sweep()).toMatchObject({ repaired: 1 });
    await place.recorded('attached', 'protected', '', ({ repairCount }) => repairCount === 2);
    for (const accountId of crowded)
      await Promise.all(unheardOf.map((name) => at(accountId).recorded(name, 'protected')));
  });

  it('names an account whose sweep crashes', async () => {
    const error = { status: 502, code: 'InvalidRuntimeException' };
    const crash = { action: 'Invoke', function: 'layerward-sweep', times: 1, error };
    sandbox.lambda.faults.replace({ quotas: 'off', calls: [crash] });
    const { problems } = await stage.sweep();
    expect(problems.map(({ problem }) => problem)).toContainEqual(
      expect.stringContaining('the sweep ended without an answer: Lambda.InvalidRuntimeException'),
    );
    sandbox.lambda.faults.replace({ quotas: 'off' });
  });

  /** Waits until a sweep has ended that was started because of this. */
  const sweepAfter = async (what: string, cause: () => Promise<unknown>) => {
    const ended = () =>
      sandbox.stateMachines
        .executions()
        .filter(({ status, mapRunArn }) => status === 'SUCCEEDED' && mapRunArn === undefined).length;
    const before = ended();
    await cause();
    await eventually(`a sweep after ${what} has ended`, async () => {
      const now = ended();
      return { value: now > before ? now : undefined, seen: String(now) };
    });
  };

  it('sweeps by schedule, after a rotation and after a new policy', async () => {
    const place = at(HUB_ACCOUNT);
    await sweepAfter('its schedule', () => sandbox.schedules.run('layerward-sweep'));
    const SecretString = JSON.stringify({ key: 'second-key', secret: 'second-secret' });
    await sweepAfter('a rotation', () =>
      new SecretsManagerClient(client('admin')).send(
        new PutSecretValueCommand({ SecretId: 'layerward/groups/keyed', SecretString }),
      ),
    );
    await place.recorded('own-key', 'protected', '', ({ action }) => action === 'updated');
    expect((await place.see('own-key')).variables).toMatchObject({ TREND_AP_KEY: 'second-key' });
    const contest = { repairs: 7, withinMinutes: 60 };
    await sweepAfter('a new policy', () => sandbox.deployPolicy({ ...policyOf(options), contest }));
  });

  it.runIf(isOrganization)('keeps the register of accounts, those that leave included', async () => {
    const isRegistered = () => registered(sandbox, resources['RecordsTable'] ?? '', leaving);
    expect(await isRegistered()).toMatchObject({ accountName: 'leaving' });
    await sandbox.putAccount({ accountId: leaving, name: 'left', organizationalUnit: EXAMPLE_ORGANIZATION.rootId });
    await sandbox.schedules.run('layerward-register');
    await eventually('the account has moved in the register', async () => {
      const entry = await isRegistered();
      return { value: entry?.['accountName'] === 'left' ? true : undefined, seen: JSON.stringify(entry) };
    });
  });

  it('releases everything when it is deleted, over more than one invocation', async () => {
    expect(await sandbox.removeDeployment()).toMatchObject({ status: 'DELETE_COMPLETE' });
    for (const place of [at(HUB_ACCOUNT), at(elsewhere, other)])
      expect((await place.see('own-key')).variables).toEqual({ TEAM: 'orders' });
    const goingOn = sandbox.calls
      .list()
      .filter(({ action, caller }) => action === 'Invoke' && caller.functionName === 'layerward-deployment');
    expect(goingOn.length).toBeGreaterThan(0);
  });

  it('is refused nothing for want of a permission, but where an account lets nobody in', () => {
    const byLegacy = (refusal: string) => refusal.endsWith(`on resource: arn:aws:iam::${legacy}:role/layerward-member`);
    const calls = sandbox.calls
      .list()
      .filter(({ caller, errorCode = '' }) => caller.kind === 'function' && isDenial(errorCode))
      .map(({ service, action, account, errorCode }) => `${errorCode}: ${service} ${action} in ${account}`);
    // Whose role it is stands in the record only.
    expect(calls.filter((call) => !call.includes(': sts AssumeRole in '))).toEqual([]);
    const records = sandbox.trail
      .records()
      .filter(({ errorCode }) => isDenial(String(errorCode)))
      .map(({ errorMessage }) => String(errorMessage));
    expect(records.filter((refusal) => !byLegacy(refusal))).toEqual([]);
    expect(records.some(byLegacy)).toBe(isOrganization);
    // What services do for roles of ours: deliver events, start sweeps, forward, make stacks.
    const ofServices = log.filter((line) => !line.startsWith('layerward-'));
    expect(ofServices.filter((line) => /authorized|not let|deliver|refused|denied/i.test(line))).toEqual([]);
  });

  it('uses every permission of its roles, and its roles have no others', () => {
    const hub = readDeclaredPermissions('template.yaml', stack, options.parameters);
    const ofMembers = members.map(({ stackSetName, accountId, region: where }) =>
      readDeclaredPermissions(
        'infra/member.yaml',
        { accountId, region: where, stackName: `StackSet-${stackSetName}` },
        {
          Serves: stackSetName.endsWith('-members') ? 'members' : 'hub',
          HubAccountId: HUB_ACCOUNT,
          HubRegion: region,
          HubRoleArns: `arn:aws:iam::${HUB_ACCOUNT}:role/any`,
          HubBusArn: `arn:aws:events:${region}:${HUB_ACCOUNT}:event-bus/layerward`,
          HomeRegion: region,
        },
      ),
    );
    const declared = new Set([hub, ...ofMembers].flatMap(({ permissions }) => permissions));
    const names = new Map([
      ...Object.entries(resources).map(([logicalId, id]): [string, string] => [id.split('/').at(-1) ?? '', logicalId]),
      ...ofMembers.flatMap(({ roleNames }) =>
        Object.entries(roleNames).map(([id, name]): [string, string] => [name, id]),
      ),
    ]);
    const used = new Set([...sandbox.access.used].map((line) => inWordsOfTheTemplates(line, names)));
    const isUnusedHere = (permission: string) => Object.keys(unusedHere).some((start) => permission.startsWith(start));
    const unused = [...declared].filter((permission) => !used.has(permission));
    expect(unused.filter((permission) => !isUnusedHere(permission))).toEqual([]);
    expect([...used].filter((permission) => !declared.has(permission))).toEqual([]);
    // An exception that is none any more is a mistake, too.
    expect(Object.keys(unusedHere).filter((start) => !unused.some((one) => one.startsWith(start)))).toEqual([]);
  });
});

const isDenial = (errorCode: string) =>
  /^(AccessDenied|AuthorizationError|Unauthorized|KMSAccessDenied|UnrecognizedClient)/.test(errorCode);
const policyOf = ({ policy: given }: SandboxOptions) => (typeof given === 'object' && given !== null ? given : {});

/**
 * `arn:aws:iam::111122223333:role/layerward-SweepRole-1A2B sweep/AskRecords dynamodb:Query`, as the sandbox notes it, is
 * `SweepRole/AskRecords dynamodb:Query`; a managed policy's statements are the policy's, whichever role used them.
 */
function inWordsOfTheTemplates(line: string, names: ReadonlyMap<string, string>): string {
  const [, role = '', policyName = '', rest = ''] =
    /^arn:aws:iam::\d{12}:role\/(\S+) (\S+)\/(\S+ \S+)$/.exec(line) ?? [];
  return `${names.get(policyName) ?? names.get(role) ?? role}/${rest}`;
}

/** An account's entry in the register. */
async function registered({ endpoint }: Sandbox, TableName: string, accountId: string) {
  const credentials = { accessKeyId: 'viewer', secretAccessKey: 'any' };
  const { Item } = await new DynamoDBClient({ endpoint, region, credentials }).send(
    new GetItemCommand({ TableName, Key: marshall({ pk: 'accounts', sk: accountId }) }),
  );
  return Item && unmarshall(Item);
}
