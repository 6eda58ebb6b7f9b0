import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAwsOrganization } from '../../../src/aws/organizations.ts';
import type { Account, Organization } from '../../../src/domain/ports.ts';
import { EXAMPLE_ORGANIZATION } from '../../../src/sandbox/organization/accounts.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import {
  jsonError,
  type StandIn,
  standInOptions,
  startStandIn,
  type WireAnswer,
  type WireRequest,
} from '../../fixtures/stand-in.ts';

let standIn: StandIn;
let organization: Organization;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  organization = createAwsOrganization(new OrganizationsClient(standInOptions(standIn)));
});
afterAll(() => standIn.stop());

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const active = (Id: string) => ({ Id, Name: `name of ${Id}`, State: 'ACTIVE', Status: 'ACTIVE' });

/** What AWS Organizations has under each parent; the roots are under `roots`. */
interface Tree {
  readonly [parent: string]: { readonly units?: readonly string[]; readonly accounts?: readonly object[] };
}

const tree: Tree = {
  roots: { units: ['r-1'] },
  'r-1': { units: ['ou-a', 'ou-b', 'ou-c'], accounts: [active('100000000001')] },
  'ou-a': { units: ['ou-a1'], accounts: [active('100000000002'), active('100000000003')] },
  'ou-a1': { units: ['ou-a11'] },
  'ou-a11': { accounts: [active('100000000004'), active('100000000005'), active('100000000006')] },
  'ou-b': {},
  'ou-c': { accounts: [active('100000000007')] },
};
const expectedUnits: Readonly<Record<string, readonly string[]>> = {
  '100000000001': ['r-1'],
  '100000000002': ['ou-a', 'r-1'],
  '100000000003': ['ou-a', 'r-1'],
  '100000000004': ['ou-a11', 'ou-a1', 'ou-a', 'r-1'],
  '100000000005': ['ou-a11', 'ou-a1', 'ou-a', 'r-1'],
  '100000000006': ['ou-a11', 'ou-a1', 'ou-a', 'r-1'],
  '100000000007': ['ou-c', 'r-1'],
};

const actionOf = ({ headers }: WireRequest) => String(headers['x-amz-target']).split('.')[1] ?? '';
const bodyOf = ({ body }: WireRequest): { ParentId?: string; NextToken?: string } => JSON.parse(body);
/** The calls so far: the action, of what, and from which token on. */
const calls = () =>
  standIn.requests.map((request) => {
    const { ParentId, NextToken } = bodyOf(request);
    return [actionOf(request), ParentId, NextToken].filter(Boolean).join(' ');
  });

/** Answers as AWS Organizations does, in pages of a size; each listing begins with a page that has nothing but a token. */
function answerFrom(given: Tree, { pageSize = 20, isFirstPageEmpty = false } = {}) {
  return (request: WireRequest): WireAnswer => {
    const { ParentId = 'roots', NextToken } = bodyOf(request);
    const { units = [], accounts = [] } = given[ParentId] ?? {};
    const named = units.map((Id) => ({ Id }));
    const [key, items] = {
      ListRoots: ['Roots', named] as const,
      ListOrganizationalUnitsForParent: ['OrganizationalUnits', named] as const,
      ListAccountsForParent: ['Accounts', accounts] as const,
    }[actionOf(request)] ?? ['', []];
    if (isFirstPageEmpty && NextToken === undefined) return { body: { [key]: [], NextToken: '0' } };
    const from = Number(NextToken ?? 0);
    const end = from + pageSize;
    return { body: { [key]: items.slice(from, end), ...(end < items.length ? { NextToken: String(end) } : {}) } };
  };
}

describe('the accounts of the organization', () => {
  it('are told with their units, nearest first and the root last', async () => {
    standIn.answer(answerFrom(tree));
    const accounts = await all(organization.accounts());
    expect(accounts).toHaveLength(7);
    for (const { accountId, organizationalUnits } of accounts)
      expect([accountId, organizationalUnits]).toEqual([accountId, expectedUnits[accountId]]);
    expect(accounts[0]).toStrictEqual({
      accountId: '100000000001',
      name: 'name of 100000000001',
      isActive: true,
      organizationalUnits: ['r-1'],
    } satisfies Account);
  });

  it.each([
    ['of one', { pageSize: 1 }],
    ['of two', { pageSize: 2 }],
    ['of which the first has nothing', { pageSize: 2, isFirstPageEmpty: true }],
  ])('are the same ones where roots, units and accounts come in pages %s', async (_, paging) => {
    const several = { ...tree, roots: { units: ['r-1', 'r-2'] }, 'r-2': { accounts: [active('100000000008')] } };
    standIn.answer(answerFrom(several, paging));
    const accounts = await all(organization.accounts());
    expect(Object.fromEntries(accounts.map((one) => [one.accountId, one.organizationalUnits]))).toEqual({
      ...expectedUnits,
      '100000000008': ['r-2'],
    });
    expect(accounts).toHaveLength(8);
  });

  it('are asked for by unit, and never one by one', async () => {
    const accounts = Array.from({ length: 60 }, (_, index) => active(String(200000000000 + index)));
    standIn.answer(answerFrom({ ...tree, 'ou-c': { accounts } }));
    expect(await all(organization.accounts())).toHaveLength(66);
    const listings = ['r-1', 'ou-a', 'ou-a1', 'ou-a11', 'ou-b', 'ou-c'].flatMap((parent) => [
      `ListOrganizationalUnitsForParent ${parent}`,
      `ListAccountsForParent ${parent}`,
    ]);
    expect(calls().sort()).toEqual(
      ['ListRoots', ...listings, 'ListAccountsForParent ou-c 20', 'ListAccountsForParent ou-c 40'].sort(),
    );
  });

  it.each([
    [{ State: 'ACTIVE', Status: 'ACTIVE' }, true],
    [{ State: 'SUSPENDED', Status: 'SUSPENDED' }, false],
    [{ State: 'PENDING_CLOSURE', Status: 'ACTIVE' }, false],
    [{ State: 'PENDING_ACTIVATION' }, false],
    [{ State: 'ACTIVE', Status: 'SUSPENDED' }, true],
    [{ Status: 'ACTIVE' }, true],
    [{ Status: 'SUSPENDED' }, false],
    [{ Status: 'PENDING_CLOSURE' }, false],
    [{}, false],
  ])('of which AWS says %o are told, and whether they are active: %s', async (said, isActive) => {
    standIn.answer(
      answerFrom({ roots: { units: ['r-1'] }, 'r-1': { accounts: [{ Id: '100000000001', Name: 'one', ...said }] } }),
    );
    expect(await all(organization.accounts())).toEqual([
      { accountId: '100000000001', name: 'one', isActive, organizationalUnits: ['r-1'] },
    ]);
  });

  it('are named by their ids where AWS gives no name, and left out where it gives no id', async () => {
    const accounts = [{ Id: '100000000001', State: 'ACTIVE' }, { Name: 'nobody' }, active('100000000002')];
    standIn.answer(answerFrom({ roots: { units: ['r-1'] }, 'r-1': { accounts } }));
    expect((await all(organization.accounts())).map(({ name }) => name)).toEqual([
      '100000000001',
      'name of 100000000002',
    ]);
  });

  it('are none in an organization whose listings have nothing in them', async () => {
    standIn.answer({ body: {} });
    expect(await all(organization.accounts())).toEqual([]);
  });
});

describe('the units of the organization', () => {
  it('are the root and every unit at any depth, by any page, each once', async () => {
    standIn.answer(answerFrom(tree, { pageSize: 1 }));
    expect((await all(organization.units())).sort()).toEqual(['ou-a', 'ou-a1', 'ou-a11', 'ou-b', 'ou-c', 'r-1']);
  });

  it('are told without asking for accounts', async () => {
    standIn.answer(answerFrom(tree));
    await all(organization.units());
    expect(calls().filter((call) => call.startsWith('ListAccounts'))).toEqual([]);
  });
});

describe('the management account', () => {
  it('is what AWS calls the master account', async () => {
    standIn.answer({ body: { Organization: { Id: 'o-1', MasterAccountId: '999988887777' } } });
    expect(await organization.managementAccountId()).toBe('999988887777');
    expect(calls()).toEqual(['DescribeOrganization']);
  });

  it.each([[{}], [{ Organization: { Id: 'o-1' } }]])(
    'that AWS does not name in its answer is an error, and no account without an id: %o',
    async (body) => {
      standIn.answer({ body });
      await expect(organization.managementAccountId()).rejects.toMatchObject({ name: 'InvalidInput' });
    },
  );
});

describe('an organization that can’t be read', () => {
  const answers: readonly [string, WireAnswer, object][] = [
    ['denies it', jsonError('AccessDeniedException', 'no permission'), { name: 'AccessDenied', retryable: false }],
    [
      'is asked too often',
      jsonError('TooManyRequestsException', 'Rate exceeded', 400, { 'retry-after': '3' }),
      { name: 'Throttled', retryable: true, retryAfterSeconds: 3 },
    ],
    ['fails', jsonError('ServiceException', 'oops', 500), { name: 'ServiceUnavailable', retryable: true }],
    [
      'knows of no organization',
      jsonError('AWSOrganizationsNotInUseException', 'not a member'),
      { name: 'InvalidInput', retryable: false },
    ],
  ];
  /** Answers well, but for the calls that begin with these words. */
  const failAt = (words: string, failure: WireAnswer) => {
    const well = answerFrom(tree, { pageSize: 1 });
    standIn.answer((request) => {
      const { ParentId, NextToken } = bodyOf(request);
      const call = [actionOf(request), ParentId, NextToken].filter(Boolean).join(' ');
      return call === words ? failure : well(request);
    });
  };

  it.each(
    [
      ['ListRoots', 'listing the roots of the organization'],
      ['ListOrganizationalUnitsForParent r-1', 'listing the organizational units of r-1'],
      ['ListOrganizationalUnitsForParent ou-a1', 'listing the organizational units of ou-a1'],
      ['ListAccountsForParent r-1', 'listing the accounts of r-1'],
      ['ListAccountsForParent ou-a11 2', 'listing the accounts of ou-a11'],
    ].flatMap(([call, doing]) => answers.map((answer) => [call ?? '', doing ?? '', ...answer] as const)),
  )('at %s is never told in part: %s, where AWS %s', async (call, doing, _, answer, expected) => {
    failAt(call, answer);
    const error = await all(organization.accounts()).catch((caught: unknown) => caught);
    expect(error).toMatchObject(expected);
    expect(String(error)).toContain(`${doing} failed: `);
  });

  it.each(answers)('has no units and no management account either, where AWS %s', async (_, answer, expected) => {
    standIn.answer(answer);
    await expect(all(organization.units())).rejects.toMatchObject(expected);
    const error = await organization.managementAccountId().catch((caught: unknown) => caught);
    expect(error).toMatchObject(expected);
    expect(String(error)).toContain('asking for the organization failed: ');
  });

  it('may be read later, where nobody answers', async () => {
    standIn.hangUp();
    const passing = { name: 'ServiceUnavailable', retryable: true };
    await expect(all(organization.accounts())).rejects.toMatchObject(passing);
    await expect(all(organization.units())).rejects.toMatchObject(passing);
    await expect(organization.managementAccountId()).rejects.toMatchObject(passing);
  });

  it('is an error of ours, where the answer is no JSON', async () => {
    standIn.answer({ body: 'no JSON' });
    await expect(all(organization.accounts())).rejects.toMatchObject({
      message: expect.stringMatching(/^listing the roots of the organization failed: /),
    });
  });
});

describe('the organization of the sandbox', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const nested = { id: 'ou-lw01-nested001', name: 'Nested', parentId: 'ou-lw01-workload1' };
    const many = Array.from({ length: 45 }, (_, index) => ({
      accountId: String(700000000000 + index),
      name: `nested-${index}`,
      organizationalUnit: nested.id,
    }));
    sandbox = await startSandbox({
      service: false,
      organization: {
        ...EXAMPLE_ORGANIZATION,
        organizationalUnits: [...EXAMPLE_ORGANIZATION.organizationalUnits, nested],
        accounts: [...EXAMPLE_ORGANIZATION.accounts, ...many],
      },
    });
  });
  afterAll(() => sandbox.stop());

  const seenBy = (accessKeyId: string) =>
    createAwsOrganization(
      new OrganizationsClient({
        ...standInOptions(sandbox),
        credentials: { accessKeyId, secretAccessKey: 'x' },
      }),
    );

  it('is told as it is there, to a delegated administrator', async () => {
    const expected = (sandbox.organization?.accounts() ?? []).map(({ accountId, name, status }) => ({
      accountId,
      name,
      isActive: status === 'ACTIVE',
      organizationalUnits: sandbox.organization?.parentsOf(accountId),
    }));
    const byId = <T extends { accountId: string }>(list: readonly T[]) =>
      [...list].sort((a, b) => (a.accountId < b.accountId ? -1 : 1));
    const accounts = await all(seenBy('alice').accounts());
    expect(accounts).toHaveLength(51);
    expect(byId(accounts)).toEqual(byId(expected));
    expect(accounts.filter(({ isActive }) => !isActive).map(({ accountId }) => accountId)).toEqual(['555566667777']);
    expect(accounts.find(({ name }) => name === 'nested-44')?.organizationalUnits).toEqual([
      'ou-lw01-nested001',
      'ou-lw01-workload1',
      'r-lw01',
    ]);
  });

  it('has the units and the management account that it was made with', async () => {
    expect((await all(seenBy('alice').units())).sort()).toEqual([
      'ou-lw01-legacy001',
      'ou-lw01-nested001',
      'ou-lw01-security1',
      'ou-lw01-workload1',
      'r-lw01',
    ]);
    expect(await seenBy('alice').managementAccountId()).toBe('999988887777');
  });

  it('is kept from an account that is no administrator of it', async () => {
    await expect(all(seenBy('222233334444/olga').accounts())).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
