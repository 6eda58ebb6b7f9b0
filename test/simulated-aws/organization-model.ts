import type {
  DescribeOrganizationCommandOutput,
  ListAccountsForParentCommandInput,
  ListAccountsForParentCommandOutput,
  ListOrganizationalUnitsForParentCommandInput,
  ListOrganizationalUnitsForParentCommandOutput,
  ListRootsCommandOutput,
} from '@aws-sdk/client-organizations';
import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from '@aws-sdk/client-sts';
import { AwsRefusal } from './aws-refusal.ts';
import type { Versioned } from './configuration-model.ts';
import type { Place } from './lambda-model.ts';

/** An account, and where it is. */
export interface AccountFacts {
  readonly accountId: string;
  /** The unit that it is in; absent as long as it has not joined. */
  readonly unit: string | undefined;
  readonly isActive: boolean;
  /** Whether the role of the member stack is there, and trusts the hub. */
  readonly letsUsIn: boolean;
}

/** The accounts by id; see docs/decisions.md for what Layerward makes of them. */
export type Accounts = Readonly<Record<string, AccountFacts>>;

export const hubAccountId = '111122223333';
export const managementAccountId = '999988887777';
const root = 'r-lw01';
/** The units under the root, whose accounts have the member stack. */
export const units = ['ou-lw01-workload1', 'ou-lw01-sandbox01'] as const;

/** Where functions are: every account in two regions in which the agent's layers are, and one in which they are not. */
export const regions = ['us-east-1', 'eu-west-1', 'eu-south-1'] as const;
export const memberAccountIds = ['444455556666', '777788889999'] as const;
export const places: readonly Place[] = [hubAccountId, ...memberAccountIds].flatMap((accountId) =>
  regions.map((region) => ({ accountId, region })),
);

/** The organization as an episode begins. */
export const firstAccounts: Accounts = Object.fromEntries(
  [
    { accountId: managementAccountId, unit: root },
    { accountId: hubAccountId, unit: units[0] },
    { accountId: memberAccountIds[0], unit: units[0] },
    { accountId: memberAccountIds[1], unit: units[1] },
  ].map(({ accountId, unit }) => [accountId, { accountId, unit, isActive: true, letsUsIn: true }]),
);

/** The units that an account is in, the root included; none where it is not in the organization. */
export function unitsOf(account: AccountFacts | undefined): readonly string[] {
  if (account?.unit === undefined) return [];
  return account.unit === root ? [root] : [account.unit, root];
}

/** AWS Organizations, and STS at the doors of its accounts. */
export interface OrganizationModel {
  describeOrganization(): DescribeOrganizationCommandOutput;
  listRoots(): ListRootsCommandOutput;
  listUnits(input: ListOrganizationalUnitsForParentCommandInput): ListOrganizationalUnitsForParentCommandOutput;
  listAccounts(input: ListAccountsForParentCommandInput): ListAccountsForParentCommandOutput;
  assumeRole(input: AssumeRoleCommandInput): AssumeRoleCommandOutput;
  /** @throws {AwsRefusal} where an account does not take our credentials any more, or never did. */
  demandEntry(accountId: string): void;
}

const sessionMs = 3_600_000;

export function createOrganizationModel(accounts: Versioned<Accounts>, now: () => number): OrganizationModel {
  const isOpen = (accountId: string) => {
    const account = accounts.current()[accountId];
    return account?.unit !== undefined && account.isActive && account.letsUsIn;
  };
  return {
    describeOrganization: () => ({ Organization: { MasterAccountId: managementAccountId }, $metadata: {} }),
    listRoots: () => ({ Roots: [{ Id: root }], $metadata: {} }),
    listUnits: ({ ParentId }) => ({
      OrganizationalUnits: ParentId === root ? units.map((Id) => ({ Id })) : [],
      $metadata: {},
    }),
    // One account a page, as a listing of thousands has many pages.
    listAccounts({ ParentId, NextToken }) {
      const here = Object.values(accounts.current()).filter(({ unit }) => unit === ParentId);
      const at = Number(NextToken ?? 0);
      const account = here[at];
      return {
        Accounts: account
          ? [
              {
                Id: account.accountId,
                Name: `account ${account.accountId}`,
                Status: account.isActive ? 'ACTIVE' : 'SUSPENDED',
                State: account.isActive ? 'ACTIVE' : 'SUSPENDED',
              },
            ]
          : [],
        ...(at + 1 < here.length ? { NextToken: String(at + 1) } : {}),
        $metadata: {},
      };
    },
    assumeRole({ RoleArn = '' }) {
      const [, , , , accountId = ''] = RoleArn.split(':');
      if (!isOpen(accountId))
        throw new AwsRefusal('AccessDenied', 403, `not authorized to perform sts:AssumeRole on ${RoleArn}`);
      return {
        Credentials: {
          AccessKeyId: `ASIA${accountId}`,
          SecretAccessKey: 'planted-secret-of-session',
          SessionToken: 'planted-secret-of-token',
          Expiration: new Date(now() + sessionMs),
        },
        $metadata: {},
      };
    },
    demandEntry(accountId) {
      if (accountId !== hubAccountId && !isOpen(accountId))
        throw new AwsRefusal(
          'UnrecognizedClientException',
          403,
          'The security token included in the request is invalid',
        );
    },
  };
}
