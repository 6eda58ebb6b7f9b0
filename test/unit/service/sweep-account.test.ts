import { describe, expect, it } from 'vitest';
import { AccessDenied, InvalidInput, Throttled } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { Inventory, Quarter } from '../../../src/domain/ports.ts';
import { type AccountSweepTask, sweepAccount } from '../../../src/service/sweep-account.ts';
import { arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const task: AccountSweepTask = {
  sweepId: 'sweep-1',
  startedAt: '2026-11-23T12:00:00.000Z',
  accountId: arn.accountId,
  secretNames: [],
  regions: ['us-east-1', 'eu-west-1', 'sa-east-1'].map((region) => ({ region })),
};

/** An account with one function in each region; some regions fail when they are listed. */
function createAccount(failures: Readonly<Record<string, () => Error | undefined>> = {}) {
  const world = createWorld();
  const swept: string[] = [];
  const functionIn = ({ region }: Pick<Quarter, 'region'>) => snapshotOf({ arn: { ...arn, region } });
  for (const { region } of task.regions) world.functions.put(functionIn({ region }));
  const inventory: Inventory = {
    count: async () => 1,
    list: async (quarter) => ({ functions: [functionIn(quarter)], nextMarker: undefined }),
    async *tagged(quarter) {
      swept.push(quarter.region);
      const error = failures[quarter.region]?.();
      if (error) throw error;
      yield { functionArn: formatFunctionArn(functionIn(quarter).arn), tags: { 'layerward:protect': 'on' } };
    },
  };
  const sweepWorld = { ...world.world, records: world.records.port, inventory };
  return {
    world,
    swept,
    coverage: () => [...world.records.coverage.values()].sort((a, b) => (a.what < b.what ? -1 : 1)),
    run: (given: AccountSweepTask = task, mayGoOn = () => true) => sweepAccount(given, sweepWorld, mayGoOn),
  };
}

describe('the sweep of an account', () => {
  it('goes through its regions, and keeps what it found of each', async () => {
    const account = createAccount();
    expect(await account.run()).toMatchObject({ regions: [], waitSeconds: 0 });
    expect(account.coverage()).toMatchObject(
      ['eu-west-1', 'sa-east-1', 'us-east-1'].map((region) => ({
        sweepId: 'sweep-1',
        what: `account ${arn.accountId} in ${region}`,
        accountId: arn.accountId,
        region,
        counts: { 'drifted: layer-missing': 1 },
        sent: 1,
        repaired: 0,
      })),
    );
  });

  it('notes a region that can’t be swept, and what to do, and goes on with the others', async () => {
    const account = createAccount({ 'eu-west-1': () => new AccessDenied('not enabled there; see docs/operations.md') });
    expect((await account.run()).regions).toEqual([]);
    expect(account.coverage().map(({ what, problem }) => [what, problem])).toEqual([
      [`account ${arn.accountId} in eu-west-1`, 'not enabled there; see docs/operations.md'],
      [`account ${arn.accountId} in sa-east-1`, undefined],
      [`account ${arn.accountId} in us-east-1`, undefined],
    ]);
  });

  it('notes an account that lets nobody in once, not once for each region', async () => {
    const refused = () => new AccessDenied('account 111122223333 does not let Layerward in');
    const account = createAccount({ 'us-east-1': refused, 'eu-west-1': refused, 'sa-east-1': refused });
    await account.run();
    expect(account.coverage()).toMatchObject([
      {
        what: `account ${arn.accountId} in us-east-1, eu-west-1, sa-east-1`,
        problem: 'account 111122223333 does not let Layerward in',
        accountId: arn.accountId,
      },
    ]);
    expect(account.world.logs).toContainEqual(expect.objectContaining({ code: 'not-swept' }));
  });

  it('comes back to what AWS throttles, not sooner than AWS says', async () => {
    let isThrottled = true;
    const account = createAccount({
      'eu-west-1': () => (isThrottled ? new Throttled('429', { retryAfterSeconds: 17 }) : undefined),
    });
    const rest = await account.run();
    expect(rest).toMatchObject({ regions: [{ region: 'eu-west-1', delays: 1 }], waitSeconds: 17 });
    isThrottled = false;
    account.swept.length = 0;
    expect((await account.run(rest)).regions).toEqual([]);
    expect(account.swept).toEqual(['eu-west-1']);
    expect(account.coverage()).toHaveLength(3);
  });

  it('gives up on what never passes, and says so', async () => {
    const account = createAccount({ 'eu-west-1': () => new Throttled('too many requests') });
    let rest = await account.run();
    const waits: number[] = [];
    while (rest.regions.length > 0) {
      waits.push(rest.waitSeconds);
      rest = await account.run(rest);
    }
    expect(waits).toHaveLength(12);
    expect(waits.at(0)).toBe(5);
    expect(waits.at(-1)).toBe(600);
    expect(account.coverage()).toContainEqual(
      expect.objectContaining({ what: `account ${arn.accountId} in eu-west-1`, problem: 'too many requests' }),
    );
  });

  it('notes a fault of its own like any other problem', async () => {
    const account = createAccount({ 'sa-east-1': () => new TypeError('boom') });
    await account.run();
    expect(account.coverage()).toContainEqual(
      expect.objectContaining({ region: 'sa-east-1', problem: 'unexpected error: TypeError: boom' }),
    );
  });

  it('does not try again what stays wrong', async () => {
    const account = createAccount({ 'sa-east-1': () => new InvalidInput('not of the shape that AWS promises') });
    await account.run();
    expect(account.swept.filter((region) => region === 'sa-east-1')).toHaveLength(1);
  });

  it('leaves what it has no time for to the next run', async () => {
    const account = createAccount();
    const rest = await account.run(task, () => false);
    expect(rest.regions).toEqual(task.regions);
    expect(account.swept).toEqual([]);
  });
});
