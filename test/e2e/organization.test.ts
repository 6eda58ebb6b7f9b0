import { setTimeout as sleep } from 'node:timers/promises';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Coverage } from '../../src/domain/ports.ts';
import { EXAMPLE_ORGANIZATION } from '../../src/sandbox/organization/accounts.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, openStage, type Place, type Stage } from '../../src/sandbox/tour/stage.ts';

/*
 * One deployment in one account looks after an organization: the built functions, in the sandbox, by AWS's own clients.
 */

const [orders, payments, legacy, closed] = ['222233334444', '333344445555', '444455556666', '555566667777'];
const tags = { 'layerward:protect': 'on' };
const policy = parse(`
version: 1
agent: trend-application-security
groups:
  default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } }
  payments: { secret: layerward/groups/payments, parameters: { cloudOneRegion: us-1 }, accounts: ["${payments}"] }
exclude: { organizationalUnits: [ou-lw01-excluded1, ou-lw01-gone00001], accounts: ["000000000001"] }
`);

let sandbox: Sandbox;
let stage: Stage;
beforeAll(async () => {
  sandbox = await startSandbox({
    organization: {
      ...EXAMPLE_ORGANIZATION,
      organizationalUnits: [
        ...EXAMPLE_ORGANIZATION.organizationalUnits,
        { id: 'ou-lw01-excluded1', name: 'Excluded', parentId: 'ou-lw01-workload1' },
      ],
      accounts: [
        ...EXAMPLE_ORGANIZATION.accounts,
        { accountId: '666677778888', name: 'excluded', organizationalUnit: 'ou-lw01-excluded1' },
        {
          accountId: '777766665555',
          name: 'narrow',
          organizationalUnit: 'ou-lw01-workload1',
          disabledRegions: ['eu-west-1'],
        },
      ],
    },
    policy,
    timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 },
  });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  const secrets = new SecretsManagerClient(options('admin'));
  const SecretString = JSON.stringify({ key: 'payments-key', secret: 'payments-secret' });
  await secrets.send(new CreateSecretCommand({ Name: 'layerward/groups/payments', SecretString }));
  stage = await openStage(sandbox);
}, 60_000);
afterAll(() => sandbox?.stop());

const options = (accessKeyId: string) => ({
  endpoint: sandbox.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey: 'any' },
});
const at = (accountId = '', region = 'us-east-1') => stage.at({ accountId, region });

/** Creates functions with the tag, and waits until all are protected. */
async function protect(place: Stage, names: readonly string[], more: Record<string, string> = {}): Promise<void> {
  for (const name of names) await place.create('olga', name, { Tags: { ...tags, ...more } });
  await Promise.all(names.map((name) => place.recorded(name, 'protected')));
}

async function keyOf(place: Stage, name: string): Promise<string | undefined> {
  return (await place.see(name)).variables['TREND_AP_KEY'];
}

/** Waits until as many sweeps have ended. */
const sweepsEnded = (least: number) =>
  eventually(`${least} sweeps have ended`, async () => {
    const client = new SFNClient(options('viewer'));
    const stateMachineArn = String(sandbox.deployment?.outputs['SweepMachineArn']);
    const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
    const ended = executions.filter(({ status }) => status === 'SUCCEEDED').length;
    return { value: ended >= least ? ended : undefined, seen: String(ended) };
  });

describe('a member of the organization', () => {
  it('has its functions protected in every region, with the credentials that its account may use', async () => {
    const place = at(payments, 'eu-west-1');
    await protect(place, ['checkout'], { 'layerward:group': 'payments' });
    expect(await keyOf(place, 'checkout')).toBe('payments-key');
    const record = await place.record('checkout');
    expect(record?.cause.actor?.name).toBe('olga');
  });

  it('can’t choose another account’s credentials by a tag', async () => {
    const place = at(orders);
    await place.create('olga', 'curious', { Tags: { ...tags, 'layerward:group': 'payments' } });
    const { detail } = await place.recorded('curious', 'blocked', 'credentials-missing');
    expect(detail).toBe(`the policy does not let account ${orders} use the group payments`);
    expect((await place.see('curious')).variables).toEqual({});
  });

  it('that the policy leaves out by its organizational unit is left alone', async () => {
    const place = at('666677778888');
    await place.create('olga', 'left-out', { Tags: tags });
    // What is looked at after it shows that it was passed over, not overlooked.
    await protect(at(orders), ['looked-at-later']);
    await stage.sweep();
    expect(await place.record('left-out')).toBeUndefined();
    expect((await place.see('left-out')).layers).toEqual([]);
  });

  it('has a function that it changes through its own role put right, and Layerward’s own updates make no events', async () => {
    const place = at(orders, 'eu-west-1');
    await protect(place, ['steady']);
    const looks = () =>
      sandbox.calls.list().filter(({ action, caller }) => caller.kind === 'function' && action === 'GetFunction');
    await sleep(1_500);
    const before = looks().length;
    await sleep(1_500);
    expect(looks().length).toBe(before);
  });
});

describe('a sweep', () => {
  it('names what it can’t sweep and what is not there, in its outcome, the coverage and the metric, and sweeps the rest', async () => {
    await protect(at(orders), ['counted']);
    const { sweepId, problems, counts, places } = await stage.sweep();
    const named = Object.fromEntries(problems.map(({ what, problem }) => [what, problem]));
    expect(Object.keys(named).sort()).toEqual([
      'account 000000000001',
      `account ${legacy} in us-east-1, eu-west-1`,
      `account ${closed}`,
      'account 777766665555 in eu-west-1',
      'organizational unit ou-lw01-gone00001',
    ]);
    expect(named[`account ${legacy} in us-east-1, eu-west-1`]).toMatch(
      /^account 444455556666 does not let Layerward in: .*; see "An account does not let Layerward in" in docs\/operations\.md$/,
    );
    expect(named['account 777766665555 in eu-west-1']).toMatch(/the region is not enabled there/);
    expect(named[`account ${closed}`]).toMatch(/is suspended/);
    expect(named['account 000000000001']).toMatch(/the policy names it, and the organization has no such account/);
    // Hub, orders, payments and the excluded account in both regions, and one region of the narrow account.
    expect(places).toBe(9);
    expect(counts['protected']).toBeGreaterThan(1);
    const metric = sandbox.logs
      .events('/aws/lambda/layerward-organize-sweep')
      .map(({ message }) => message)
      .filter((message) => message.includes('"SweepProblems":'));
    expect(metric.at(-1)).toContain('"SweepProblems":5');
    const coverage: Coverage[] = [];
    for await (const one of stage.records.coverageOf(sweepId)) coverage.push(one);
    expect(coverage.filter(({ problem }) => problem !== undefined).map(({ what }) => what)).toHaveLength(5);
    expect(coverage.find(({ what }) => what === `account ${orders} in us-east-1`)).toMatchObject({
      accountId: orders,
      region: 'us-east-1',
      counts: { protected: expect.any(Number), 'blocked: credentials-missing': 1 },
    });
  });

  it('protects every opted-in function after half of all events were lost', async () => {
    sandbox.lambda.faults.replace({ quotas: 'off', delivery: [{ effect: 'drop', ratio: 0.5 }] });
    const places: Place[] = [
      { accountId: '111122223333', region: 'us-east-1' },
      { accountId: '111122223333', region: 'eu-west-1' },
      { accountId: orders, region: 'us-east-1' },
      { accountId: payments, region: 'eu-west-1' },
    ];
    const functions = places.flatMap((place) =>
      Array.from({ length: 15 }, (_, n) => [stage.at(place), `lossy-${n}`] as const),
    );
    for (const [place, name] of functions) await place.create('olga', name, { Tags: tags });
    sandbox.lambda.faults.replace({ quotas: 'off' });
    await stage.sweep();
    await Promise.all(functions.map(([place, name]) => place.recorded(name, 'protected')));
    for (const [place, name] of functions) expect((await place.see(name)).layers).toHaveLength(1);
  }, 180_000);

  it('after a rotation brings the group’s functions up to date at once, and no others', async () => {
    const place = at(payments);
    await protect(place, ['rotated'], { 'layerward:group': 'payments' });
    await protect(place, ['not-rotated']);
    const before = await sweepsEnded(1);
    const SecretString = JSON.stringify({ key: 'second-key', secret: 'second-secret' });
    await new SecretsManagerClient(options('admin')).send(
      new PutSecretValueCommand({ SecretId: 'layerward/groups/payments', SecretString }),
    );
    await sweepsEnded(before + 1);
    await place.recorded('rotated', 'protected', '', ({ action }) => action === 'updated');
    expect(await keyOf(place, 'rotated')).toBe('second-key');
    expect((await place.record('not-rotated'))?.action).toBe('attached');
  });

  it('after a new policy brings every function up to date at once', async () => {
    const place = at(orders);
    await protect(place, ['to-be-changed']);
    await sandbox.deployPolicy({
      ...policy,
      agents: { 'trend-application-security': { variables: { TREND_AP_HTTP_TIMEOUT: '9' } } },
    });
    await place.recorded('to-be-changed', 'protected', '', ({ action }) => action === 'updated');
    expect((await place.see('to-be-changed')).variables['TREND_AP_HTTP_TIMEOUT']).toBe('9');
  });
});

describe('in the end', () => {
  it('only what came from the account that lets nobody in is left on the queue or among the dead letters', async () => {
    const sqs = new SQSClient(options('viewer'));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: String(sandbox.deployment?.outputs['DeadLetterQueueUrl']),
        AttributeNames: ['All'],
      }),
    );
    expect(Attributes?.['ApproximateNumberOfMessages']).toBe('0');
  });
});
