import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbAccounts } from '../../src/aws/dynamodb-accounts.ts';
import { AccountUnknown, InvalidInput } from '../../src/domain/errors.ts';
import type { Account } from '../../src/domain/ports.ts';
import { startDynalite } from './dynalite.ts';
import { type OpenTable, openTable } from './records-table.ts';

let server: Awaited<ReturnType<typeof startDynalite>>;
let table: OpenTable;
let clock: number;
beforeAll(async () => {
  server = await startDynalite();
});
beforeEach(async () => {
  clock = Date.parse('2026-11-23T12:00:00Z');
  table = await openTable(server.endpoint);
});
afterEach(() => table.close());
afterAll(() => server.stop());

/** What a process of a function has. */
const open = () => createDynamoDbAccounts(table.client, table.tableName, () => new Date(clock));

const accountOf = (accountId: string, changes: Partial<Account> = {}): Account => ({
  accountId,
  name: `name of ${accountId}`,
  isActive: true,
  organizationalUnits: ['ou-lw01-workload1', 'r-lw01'],
  ...changes,
});
const one = accountOf('111122223333');
const two = accountOf('222233334444', { organizationalUnits: ['ou-lw01-nested001', 'ou-lw01-workload1', 'r-lw01'] });
const three = accountOf('333344445555', { isActive: false, organizationalUnits: ['r-lw01'] });

/** The calls of an action since the test began. */
const callsOf = (action: string) => table.calls.filter((call) => call.action === action).map(({ input }) => input);
const itemOf = async (accountId: string) => {
  const Key = marshall({ pk: 'accounts', sk: accountId });
  const { Item } = await table.client.send(new GetItemCommand({ TableName: table.tableName, Key }));
  return Item && unmarshall(Item);
};

describe('the register of accounts', () => {
  it('holds what it was last given: each account with its units, nearest first', async () => {
    const register = open();
    expect(await register.replace([one, two, three])).toBe(3);
    for (const account of [one, two, three])
      expect(await open().unitsOf(account.accountId)).toEqual(account.organizationalUnits);
  });

  it('is written only where something has changed, and answers how much that is', async () => {
    await open().replace([one, two, three]);
    const before = callsOf('PutItem').length;
    expect(await open().replace([one, two, three])).toBe(0);
    expect(callsOf('PutItem')).toHaveLength(before);

    const moved = { ...two, organizationalUnits: ['ou-lw01-legacy001', 'r-lw01'] };
    const four = accountOf('444455556666');
    expect(await open().replace([four, one, moved, three])).toBe(2);
    expect(callsOf('PutItem').slice(before)).toMatchObject([
      { Item: { sk: { S: four.accountId } } },
      { Item: { sk: { S: two.accountId } } },
    ]);
    expect(await open().unitsOf(two.accountId)).toEqual(moved.organizationalUnits);
    expect(await open().unitsOf(one.accountId)).toEqual(one.organizationalUnits);
  });

  it.each([
    ['its name', { name: 'another' }],
    ['whether it is active', { isActive: false }],
    ['its unit', { organizationalUnits: ['r-lw01'] }],
    ['the order of its units', { organizationalUnits: ['r-lw01', 'ou-lw01-workload1'] }],
  ])('takes a change of %s for one', async (_, change) => {
    await open().replace([one, two]);
    expect(await open().replace([{ ...one, ...change }, two])).toBe(1);
    expect(await open().replace([{ ...one, ...change }, two])).toBe(0);
  });

  it('forgets the accounts that left, once, and no others', async () => {
    await open().replace([one, two, three]);
    expect(await open().replace([two])).toBe(2);
    for (const gone of [one, three])
      await expect(open().unitsOf(gone.accountId)).rejects.toBeInstanceOf(AccountUnknown);
    expect(await open().unitsOf(two.accountId)).toEqual(two.organizationalUnits);
    expect(await open().replace([two])).toBe(0);
  });

  it('leaves it to the table to take away what has left, since it may delete nothing', async () => {
    await open().replace([one, two]);
    await open().replace([two]);
    const left = await itemOf(one.accountId);
    expect(left).toMatchObject({ sk: one.accountId, expiresAt: clock / 1000 });
    expect(left).not.toHaveProperty('organizationalUnits');
    expect(await itemOf(two.accountId)).not.toHaveProperty('expiresAt');
    expect(new Set(table.calls.map(({ action }) => action))).toEqual(
      new Set(['CreateTable', 'Query', 'PutItem', 'GetItem']),
    );
  });

  it('knows an account that has come back, for good', async () => {
    await open().replace([one, two]);
    await open().replace([two]);
    expect(await open().replace([one, two])).toBe(1);
    expect(await open().unitsOf(one.accountId)).toEqual(one.organizationalUnits);
    expect(await itemOf(one.accountId)).not.toHaveProperty('expiresAt');
  });

  it('leaves everything else in the table alone', async () => {
    const other = { pk: 'deployment', sk: 'ending' };
    await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: marshall(other) }));
    const before = callsOf('PutItem').length;
    expect(await open().replace([one])).toBe(1);
    expect(await open().replace([])).toBe(1);
    const written = callsOf('PutItem').slice(before);
    expect(written).toHaveLength(2);
    for (const input of written) expect(input).toMatchObject({ Item: { pk: { S: 'accounts' } } });
  });

  it('is compared as a whole, also where it is more than a page holds', async () => {
    // 30 of 50 KB are more than DynamoDB answers at once.
    const accounts = Array.from({ length: 30 }, (_, index) =>
      accountOf(String(111122220000 + index), { name: 'x'.repeat(50_000) }),
    );
    expect(await open().replace(accounts)).toBe(30);
    const before = callsOf('Query').length;
    expect(await open().replace(accounts)).toBe(0);
    expect(callsOf('Query').length - before).toBeGreaterThan(1);
    expect(await open().replace(accounts.slice(0, 1))).toBe(29);
    await expect(open().unitsOf('111122220029')).rejects.toBeInstanceOf(AccountUnknown);
  });
});

describe('where an account is', () => {
  it('is kept for five minutes, and then read again', async () => {
    const places = open();
    await places.replace([one]);
    expect(await places.unitsOf(one.accountId)).toEqual(one.organizationalUnits);
    await open().replace([{ ...one, organizationalUnits: ['r-lw01'] }]);
    clock += 5 * 60_000 - 1;
    expect(await places.unitsOf(one.accountId)).toEqual(one.organizationalUnits);
    expect(callsOf('GetItem')).toHaveLength(1);
    clock += 1;
    expect(await places.unitsOf(one.accountId)).toEqual(['r-lw01']);
    expect(callsOf('GetItem')).toHaveLength(2);
  });

  it('is kept for each account by itself', async () => {
    const places = open();
    await places.replace([one, two]);
    expect(await places.unitsOf(one.accountId)).toEqual(one.organizationalUnits);
    expect(await places.unitsOf(two.accountId)).toEqual(two.organizationalUnits);
    expect(await places.unitsOf(one.accountId)).toEqual(one.organizationalUnits);
  });

  it('is unknown of an account that is not in the register, which passes and says where to read on', async () => {
    await open().replace([one]);
    const error = await open()
      .unitsOf(two.accountId)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AccountUnknown);
    expect(error).toMatchObject({ code: 'account-unknown', retryable: true });
    expect(String(error)).toMatch(
      /account 222233334444 is not in the register of accounts yet.*"An account is unknown" in docs\/operations\.md/,
    );
  });

  it('is not kept as unknown: the account is found as soon as it is in the register', async () => {
    const places = open();
    await expect(places.unitsOf(one.accountId)).rejects.toBeInstanceOf(AccountUnknown);
    await open().replace([one]);
    expect(await places.unitsOf(one.accountId)).toEqual(one.organizationalUnits);
  });
});

describe('a register whose table is gone', () => {
  it('can neither be read nor written, and says what was tried', async () => {
    await open().replace([one]);
    await table.dropTable();
    const error = async (call: () => Promise<unknown>) => call().catch((caught: unknown) => caught);
    const reading = await error(() => open().unitsOf(one.accountId));
    expect(reading).toBeInstanceOf(InvalidInput);
    expect(String(reading)).toContain('reading where account 111122223333 is in the organization failed: ');
    const writing = await error(() => open().replace([one]));
    expect(writing).toBeInstanceOf(InvalidInput);
    expect(String(writing)).toContain('reading the register of accounts failed: ');
  });
});
