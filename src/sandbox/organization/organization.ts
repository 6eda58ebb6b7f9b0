import { type Policy, parsePolicy } from '../access/policy.ts';
import type { Clock } from '../api.ts';
import type { OrganizationAccount, OrganizationalUnit, OrganizationDefinition } from './accounts.ts';

/** An account of the organization, as it is now. */
export interface Member extends OrganizationAccount {
  readonly status: 'ACTIVE' | 'SUSPENDED';
  readonly joined: Date;
}

/** An organization whose accounts come, move and go. */
export interface Organization {
  readonly definition: OrganizationDefinition;
  account(accountId: string): Member | undefined;
  accounts(): readonly Member[];
  unit(id: string): OrganizationalUnit | undefined;
  units(): readonly OrganizationalUnit[];
  /** Where an account or unit is: the ids from its unit up to the root. */
  parentsOf(childId: string): readonly string[];
  /** Whether an account is in a unit, in a unit of it, or the id is the root's. */
  isWithin(accountId: string, parentId: string): boolean;
  /** `aws:PrincipalOrgPaths` of an account: `o-…/r-…/ou-…/`. */
  pathOf(accountId: string): string;
  serviceControlPoliciesOf(accountId: string): readonly Policy[];
  /** Whether this account may use the Organizations API. */
  isAdministrator(accountId: string): boolean;
  /** Adds an account, or changes one. @throws Error for a unit that there is not. */
  put(account: OrganizationAccount): Member;
}

/** @throws Error for accounts or units whose parent there is not. */
export function createOrganization(definition: OrganizationDefinition, clock: Clock): Organization {
  const units = new Map(definition.organizationalUnits.map((unit) => [unit.id, unit]));
  const members = new Map<string, Member>();
  const controls = new Map<string, readonly Policy[]>();

  const requireParent = (id: string) => {
    if (id !== definition.rootId && !units.has(id)) {
      const known = [definition.rootId, ...units.keys()].join(', ');
      throw new Error(`The organization has no root or unit ${id}; it has ${known}`);
    }
  };
  const put = (account: OrganizationAccount): Member => {
    requireParent(account.organizationalUnit);
    const joined = members.get(account.accountId)?.joined ?? clock.now();
    const member: Member = { ...account, status: account.status ?? 'ACTIVE', joined };
    members.set(account.accountId, member);
    controls.set(
      account.accountId,
      (account.serviceControlPolicies ?? []).map((policy, index) =>
        parsePolicy(`service control policy ${index} of ${account.accountId}`, policy),
      ),
    );
    return member;
  };
  for (const unit of units.values()) {
    requireParent(unit.parentId);
  }
  definition.accounts.forEach(put);

  const parentsOf = (childId: string): readonly string[] => {
    const parents: string[] = [];
    let next = members.get(childId)?.organizationalUnit ?? units.get(childId)?.parentId;
    while (next !== undefined) {
      parents.push(next);
      next = units.get(next)?.parentId;
    }
    return parents;
  };

  return {
    definition,
    account: (accountId) => members.get(accountId),
    accounts: () => [...members.values()],
    unit: (id) => units.get(id),
    units: () => [...units.values()],
    parentsOf,
    isWithin: (accountId, parentId) => parentsOf(accountId).includes(parentId),
    pathOf: (accountId) => [definition.id, ...parentsOf(accountId).toReversed(), ''].join('/'),
    serviceControlPoliciesOf: (accountId) => controls.get(accountId) ?? [],
    isAdministrator: (accountId) =>
      accountId === definition.managementAccountId || definition.delegatedAdministrators.includes(accountId),
    put,
  };
}
