import type { Organization } from './organization.ts';
import type { StackInstancesGroup } from './stack-sets.ts';

/** Service-managed permissions: the organization lets CloudFormation into its accounts. */
export interface ServiceManagement {
  /** @throws Error in AWS's words for an account that may not manage such stack sets, or not call in this way. */
  requireCaller(accountId: string, callAs: 'SELF' | 'DELEGATED_ADMIN'): void;
  /** The accounts of a group: active ones, and never the management account. @throws Error for an unknown unit. */
  accountsOf(group: StackInstancesGroup): readonly string[];
}

/** @param organization undefined in a single account, which has no such stack sets. */
export function createServiceManagement(organization: Organization | undefined): ServiceManagement {
  const requireOrganization = (): Organization => {
    if (organization === undefined) {
      throw new Error('A service-managed StackSet needs an organization; start the sandbox with one');
    }
    return organization;
  };

  return {
    requireCaller: (accountId, callAs) => {
      const { managementAccountId, delegatedAdministrators } = requireOrganization().definition;
      if (callAs === 'DELEGATED_ADMIN' && !delegatedAdministrators.includes(accountId)) {
        throw new Error(`Account used is not a delegated administrator (CallAs: DELEGATED_ADMIN in ${accountId})`);
      }
      if (callAs === 'SELF' && accountId !== managementAccountId) {
        throw new Error(
          'You must be the management account or delegated admin account of an organization before operating a ' +
            `SERVICE_MANAGED stack set (CallAs: SELF in ${accountId})`,
        );
      }
    },

    accountsOf: (group) => {
      const current = requireOrganization();
      if (group.organizationalUnits.length === 0) {
        throw new Error('StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target');
      }
      for (const unit of group.organizationalUnits) {
        if (unit !== current.definition.rootId && current.unit(unit) === undefined) {
          throw new Error(`The organizational unit ${unit} of the StackSet does not exist`);
        }
      }
      return current
        .accounts()
        .filter(({ accountId, status }) => {
          const isInUnits = group.organizationalUnits.some((unit) => current.isWithin(accountId, unit));
          const isNamed = group.accounts.includes(accountId);
          const isMeant = {
            NONE: isInUnits,
            INTERSECTION: isInUnits && isNamed,
            DIFFERENCE: isInUnits && !isNamed,
            UNION: isInUnits || isNamed,
          }[group.accountFilter];
          return isMeant && status === 'ACTIVE' && accountId !== current.definition.managementAccountId;
        })
        .map(({ accountId }) => accountId);
    },
  };
}
