import { describe, expect, it } from 'vitest';
import type { Account, AccountRegister, Organization } from '../../../src/domain/ports.ts';
import { createOrganizeSweep } from '../../../src/service/organize-sweep.ts';
import { policyOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const root = 'r-lw01';
const security = 'ou-lw01-security1';
const workloads = 'ou-lw01-workload1';
const teams = 'ou-lw01-teams0001';

const account = (
  accountId: string,
  organizationalUnits: readonly string[],
  changes: Partial<Account> = {},
): Account => ({
  accountId,
  name: `account-${accountId.slice(0, 4)}`,
  isActive: true,
  organizationalUnits,
  ...changes,
});
const management = account('999988887777', [root]);
const hub = account('111122223333', [security, root]);
const orders = account('222233334444', [workloads, root]);
const payments = account('333344445555', [teams, workloads, root]);
const closed = account('555566667777', [workloads, root], { isActive: false });
const sandbox = account('666677778888', ['ou-lw01-sandbox01', root]);

const asked = { sweepId: 'sweep-1', startedAt: '2026-11-23T12:00:00.000Z', input: { reason: 'schedule' } };

function create(
  options: {
    readonly yaml?: string;
    readonly accounts?: readonly Account[];
    readonly memberUnits?: readonly string[];
    readonly additionalAccountIds?: readonly string[];
    readonly isSingle?: boolean;
  } = {},
) {
  const world = createWorld(options.yaml);
  const accounts = options.accounts ?? [management, hub, orders, payments, closed, sandbox];
  const registered: string[][] = [];
  const register: AccountRegister = {
    async replace(given) {
      registered.push(given.map(({ accountId }) => accountId));
      return given.length;
    },
  };
  const organization: Organization = {
    async *accounts() {
      yield* accounts;
    },
    async *units() {
      yield* [root, security, workloads, teams, 'ou-lw01-sandbox01'];
    },
    managementAccountId: async () => management.accountId,
  };
  const organizeSweep = createOrganizeSweep({
    hubAccountId: hub.accountId,
    regions: ['us-east-1', 'eu-west-1'],
    memberUnits: options.memberUnits ?? [workloads],
    additionalAccountIds: options.additionalAccountIds ?? [],
    organization: options.isSingle ? undefined : organization,
    register,
    policies: { current: async () => policyOf(options.yaml) },
    records: world.records.port,
    metrics: world.world.metrics,
    log: world.world.log,
    now: world.world.now,
  });
  const problems = () => [...world.records.coverage.values()].map(({ what, problem }) => [what, problem]);
  return { world, organizeSweep, registered, problems };
}

describe('the plan of a sweep', () => {
  it('in a single account is that account', async () => {
    const { organizeSweep, registered } = create({ isSingle: true });
    expect(await organizeSweep.plan(asked)).toEqual({
      sweepId: 'sweep-1',
      startedAt: asked.startedAt,
      accountIds: [hub.accountId],
      regions: ['us-east-1', 'eu-west-1'],
      secretNames: [],
    });
    expect(registered).toEqual([]);
  });

  it('is the hub and every active account of the units, those in units below included, and nobody else', async () => {
    const { organizeSweep } = create();
    const { accountIds } = await organizeSweep.plan(asked);
    expect(accountIds).toEqual([hub.accountId, orders.accountId, payments.accountId]);
  });

  it('leaves out the management account, which no stack set reaches, unless somebody has seen to it', async () => {
    const everybody = create({ memberUnits: [root] });
    expect((await everybody.organizeSweep.plan(asked)).accountIds).not.toContain(management.accountId);
    const byHand = create({ memberUnits: [root], additionalAccountIds: [management.accountId] });
    expect((await byHand.organizeSweep.plan(asked)).accountIds).toContain(management.accountId);
  });

  it('notes down where all accounts are, also those that are not swept', async () => {
    const { organizeSweep, registered } = create();
    await organizeSweep.plan(asked);
    expect(registered).toEqual([[management, hub, orders, payments, closed, sandbox].map((one) => one.accountId)]);
  });

  it('names a suspended account, and account ids and units that are not there', async () => {
    const { organizeSweep, problems } = create({
      yaml: `exclude: { accounts: ["000000000001"], organizationalUnits: [ou-lw01-gone00001] }`,
      memberUnits: [workloads, 'ou-lw01-gone00002'],
      additionalAccountIds: ['000000000002'],
    });
    const { accountIds } = await organizeSweep.plan(asked);
    expect(accountIds).toEqual([hub.accountId, orders.accountId, payments.accountId]);
    expect(problems()).toEqual([
      ['account 555566667777', "account-5555 is suspended, so its functions can't be looked at"],
      ['account 000000000001', 'the policy names it, and the organization has no such account'],
      [
        'account 000000000002',
        'the stack’s parameter AdditionalAccountIds names it, and the organization has no such account',
      ],
      ['organizational unit ou-lw01-gone00001', 'the policy names it, and the organization has no such unit'],
      [
        'organizational unit ou-lw01-gone00002',
        'the stack’s parameter OrganizationalUnitIds names it, and the organization has no such unit',
      ],
    ]);
  });

  it('stays small enough for a state machine in an organization of ten thousand accounts', async () => {
    const accounts = Array.from({ length: 10_000 }, (_, n) =>
      account(String(100_000_000_000 + n), [teams, workloads, root]),
    );
    const { organizeSweep } = create({ accounts });
    const plan = await organizeSweep.plan(asked);
    expect(plan.accountIds).toHaveLength(10_000);
    expect(Buffer.byteLength(JSON.stringify(plan))).toBeLessThan(256 * 1024);
  });
});

describe('a sweep after a secret has changed', () => {
  const event = (secretId: string) => ({
    source: 'aws.secretsmanager',
    'detail-type': 'AWS API Call via CloudTrail',
    detail: { eventName: 'PutSecretValue', requestParameters: { secretId } },
  });
  const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:layerward/groups/default';

  it.each([
    ['by its name', event('layerward/groups/default')],
    ['by its ARN', event(`${arn}-AbCdEf`)],
    ['by its ARN without the random characters', event(arn)],
    [
      'by its name, when it is new',
      {
        source: 'aws.secretsmanager',
        detail: { eventName: 'CreateSecret', requestParameters: { name: 'layerward/groups/default' } },
      },
    ],
    [
      'by Secrets Manager’s own rotation',
      {
        source: 'aws.secretsmanager',
        detail: { eventName: 'RotationSucceeded', additionalEventData: { SecretId: `${arn}-AbCdEf` } },
      },
    ],
  ])('%s is about the functions of its groups', async (_, input) => {
    const { organizeSweep } = create();
    const plan = await organizeSweep.plan({ ...asked, input });
    expect(plan.secretNames).toEqual(['layerward/groups/default']);
    expect(plan.accountIds.length).toBeGreaterThan(0);
  });

  it.each([event('another/secret'), event('layerward/groups/default-2'), event(`${arn}-2-AbCdEf`)])(
    'that is no group’s sweeps nothing',
    async (input) => {
      const { organizeSweep } = create();
      expect((await organizeSweep.plan({ ...asked, input })).accountIds).toEqual([]);
    },
  );

  it.each([{}, { source: 'aws.appconfig', detail: {} }, 'x', null])(
    'is told apart from every other reason, which is about all functions',
    async (input) => {
      const { organizeSweep } = create();
      expect(await organizeSweep.plan({ ...asked, input })).toMatchObject({ secretNames: [] });
    },
  );
});

describe('the end of a sweep', () => {
  it('adds up what was found, and counts the problems', async () => {
    const { organizeSweep, world } = create();
    const found = (what: string, counts: Readonly<Record<string, number>>) =>
      world.records.port.saveCoverage({ sweepId: 'sweep-1', at: asked.startedAt, what, counts, sent: 2, repaired: 1 });
    await found('account 222233334444 in us-east-1', { protected: 3, 'blocked: layer-limit': 1 });
    await found('account 333344445555 in us-east-1', { protected: 4 });
    await organizeSweep.noteCrash(
      { sweepId: 'sweep-1', accountId: '444455556666', regions: ['us-east-1'] },
      { Error: 'Sandbox.Timedout', Cause: 'Task timed out after 900.00 seconds' },
    );
    expect(await organizeSweep.summarize('sweep-1')).toEqual({
      sweepId: 'sweep-1',
      places: 2,
      counts: { 'blocked: layer-limit': 1, protected: 7 },
      sent: 4,
      repaired: 2,
      problems: [
        {
          what: 'account 444455556666 in us-east-1',
          accountId: '444455556666',
          problem: 'the sweep ended without an answer: Sandbox.Timedout Task timed out after 900.00 seconds',
        },
      ],
    });
    expect(Object.fromEntries(world.metrics)).toMatchObject({ SweptPlaces: 2, SweepProblems: 1 });
  });

  it('knows nothing of other sweeps', async () => {
    const { organizeSweep, world } = create();
    await world.records.port.saveCoverage({
      sweepId: 'sweep-0',
      at: asked.startedAt,
      what: 'account 222233334444 in us-east-1',
      counts: { protected: 1 },
      sent: 0,
      repaired: 0,
    });
    expect(await organizeSweep.summarize('sweep-1')).toMatchObject({ places: 0, counts: {}, problems: [] });
  });
});

describe('the register of accounts', () => {
  it('is brought up to date on its own schedule, too', async () => {
    const { organizeSweep, registered } = create();
    expect(await organizeSweep.register()).toEqual({ accounts: 6, changed: 6 });
    expect(registered).toHaveLength(1);
  });

  it('of a single account is not kept', async () => {
    const { organizeSweep, registered } = create({ isSingle: true });
    expect(await organizeSweep.register()).toEqual({ accounts: 0, changed: 0 });
    expect(registered).toEqual([]);
  });
});
