import type { RoleDefinition } from '../access/role-definition.ts';

/** An organization as it is declared; everything about it can be replaced by an option of `startSandbox`. */
export interface OrganizationDefinition {
  /** `o-…`. */
  readonly id: string;
  /** `r-…`. */
  readonly rootId: string;
  readonly managementAccountId: string;
  /** Accounts that may use the Organizations API and service-managed StackSets in the management account's place. */
  readonly delegatedAdministrators: readonly string[];
  readonly organizationalUnits: readonly OrganizationalUnit[];
  readonly accounts: readonly OrganizationAccount[];
  /** Where the sandbox deploys the member stack, unless the template's parameters say otherwise. */
  readonly regions: readonly string[];
}

export interface OrganizationalUnit {
  /** `ou-…`. */
  readonly id: string;
  readonly name: string;
  /** The root, or another unit. */
  readonly parentId: string;
}

export interface OrganizationAccount {
  readonly accountId: string;
  readonly name: string;
  /** The root, or a unit. */
  readonly organizationalUnit: string;
  /** `ACTIVE` by default. */
  readonly status?: 'ACTIVE' | 'SUSPENDED' | undefined;
  /** Regions that the account has not opted in to: no credentials work there. */
  readonly disabledRegions?: readonly string[] | undefined;
  /** Service control policies on the account itself; without any, everything is allowed. */
  readonly serviceControlPolicies?: readonly unknown[] | undefined;
  /** What people of the account make of the trust policies of roles after their deployment, by the role's name. */
  readonly trustPolicies?: Readonly<Record<string, unknown>> | undefined;
}

/** The organization that `startSandbox({ organization: true })` plays in. */
export const EXAMPLE_ORGANIZATION: OrganizationDefinition = {
  id: 'o-layerward01',
  rootId: 'r-lw01',
  managementAccountId: '999988887777',
  delegatedAdministrators: ['111122223333'],
  organizationalUnits: [
    { id: 'ou-lw01-security1', name: 'Security', parentId: 'r-lw01' },
    { id: 'ou-lw01-workload1', name: 'Workloads', parentId: 'r-lw01' },
    { id: 'ou-lw01-legacy001', name: 'Legacy', parentId: 'r-lw01' },
  ],
  accounts: [
    { accountId: '999988887777', name: 'management', organizationalUnit: 'r-lw01' },
    { accountId: '111122223333', name: 'security', organizationalUnit: 'ou-lw01-security1' },
    { accountId: '222233334444', name: 'orders', organizationalUnit: 'ou-lw01-workload1' },
    { accountId: '333344445555', name: 'payments', organizationalUnit: 'ou-lw01-workload1' },
    {
      accountId: '444455556666',
      name: 'legacy',
      organizationalUnit: 'ou-lw01-legacy001',
      trustPolicies: {
        'layerward-member': {
          Version: '2012-10-17',
          Statement: [{ Sid: 'NobodyFromOutside', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }],
        },
      },
    },
    {
      accountId: '555566667777',
      name: 'closed',
      organizationalUnit: 'ou-lw01-workload1',
      status: 'SUSPENDED',
    },
  ],
  regions: ['us-east-1', 'eu-west-1'],
};

/**
 * The role that AWS Organizations gives every account that it makes, for administrators of the management account.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access-cross-account-role.html
 */
export function administratorRoles({ accounts, managementAccountId }: OrganizationDefinition): RoleDefinition[] {
  return accounts
    .filter(({ accountId }) => accountId !== managementAccountId)
    .map(({ accountId }) => ({
      accountId,
      name: 'OrganizationAccountAccessRole',
      trustPolicy: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${managementAccountId}:root` }, Action: 'sts:AssumeRole' },
        ],
      },
      policies: {
        AdministratorAccess: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
        },
      },
    }));
}
