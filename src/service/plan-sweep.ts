import type { Policy } from '../domain/policy.ts';
import type { Account, Coverage, Organization } from '../domain/ports.ts';

/** What a sweep goes through. Small: a state machine passes at most 256 KB on, and there may be 10,000 accounts. */
export interface SweepPlan {
  readonly accountIds: readonly string[];
  readonly problems: readonly SweepProblem[];
}

/** Something that a person has to put right before a sweep can see everything. */
export interface SweepProblem {
  /** `account 444455556666`, `organizational unit ou-…`. */
  readonly what: string;
  readonly accountId?: string;
  readonly problem: string;
}

/** An organization as it is now, and what of it this deployment looks after. */
export interface Coverable {
  readonly accounts: readonly Account[];
  /** Every organizational unit that there is, the root included. */
  readonly units: ReadonlySet<string>;
  /** StackSets never reach it, so it is looked after only where it is the hub, or named. */
  readonly managementAccountId: string;
  readonly hubAccountId: string;
  /** The units whose accounts have the member stack. */
  readonly memberUnits: readonly string[];
  /** Accounts that got the member stack by hand. */
  readonly additionalAccountIds: readonly string[];
}

/**
 * Works out which accounts to sweep, and what is wrong with what policy and stack name. Accounts that the policy leaves
 * out are swept as well: something of ours may be on their functions, and has to be released.
 */
export function planSweep(policy: Policy, organization: Coverable): SweepPlan {
  const { accounts, units, managementAccountId, hubAccountId, memberUnits, additionalAccountIds } = organization;
  const problems: SweepProblem[] = [];
  const covered = accounts.filter(
    ({ accountId, organizationalUnits }) =>
      accountId === hubAccountId ||
      additionalAccountIds.includes(accountId) ||
      (accountId !== managementAccountId && organizationalUnits.some((unit) => memberUnits.includes(unit))),
  );
  for (const { accountId, name, isActive } of covered)
    if (!isActive)
      problems.push({
        what: `account ${accountId}`,
        accountId,
        problem: `${name} is suspended, so its functions can't be looked at`,
      });
  const accountIds = new Set(accounts.map(({ accountId }) => accountId));
  const missing = (subject: string, what: string) => `${subject} names it, and the organization has no such ${what}`;
  const places = [policy.exclude, ...policy.rules.map(({ match }) => match)];
  const ofPolicy = [...places, ...Object.values(policy.groups)].flatMap((place) => place.accounts ?? []);
  for (const [subject, ids] of [
    ['the policy', ofPolicy],
    ['the stack’s parameter AdditionalAccountIds', additionalAccountIds],
  ] as const)
    for (const accountId of new Set(ids))
      if (!accountIds.has(accountId))
        problems.push({ what: `account ${accountId}`, accountId, problem: missing(subject, 'account') });
  for (const [subject, ids] of [
    ['the policy', places.flatMap((place) => place.organizationalUnits ?? [])],
    ['the stack’s parameter OrganizationalUnitIds', memberUnits],
  ] as const)
    for (const unit of new Set(ids))
      if (!units.has(unit)) problems.push({ what: `organizational unit ${unit}`, problem: missing(subject, 'unit') });
  return { accountIds: covered.filter(({ isActive }) => isActive).map(({ accountId }) => accountId), problems };
}

/** Reads all of an organization that a plan needs. */
export async function readOrganization(
  organization: Organization,
): Promise<Pick<Coverable, 'accounts' | 'units' | 'managementAccountId'>> {
  const accounts: Account[] = [];
  for await (const account of organization.accounts()) accounts.push(account);
  const units = new Set<string>();
  for await (const unit of organization.units()) units.add(unit);
  return { accounts, units, managementAccountId: await organization.managementAccountId() };
}

/** What a whole sweep found. */
export interface SweepSummary {
  readonly sweepId: string;
  /** How many pairs of account and region were swept. */
  readonly places: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly repaired: number;
  readonly problems: readonly SweepProblem[];
}

/** Adds up what a sweep found. */
export async function summarizeSweep(sweepId: string, coverage: AsyncIterable<Coverage>): Promise<SweepSummary> {
  const counts = new Map<string, number>();
  const problems: SweepProblem[] = [];
  let places = 0;
  let sent = 0;
  let repaired = 0;
  for await (const { what, accountId, problem, ...found } of coverage) {
    if (problem === undefined) places++;
    else problems.push({ what, problem, ...(accountId === undefined ? {} : { accountId }) });
    sent += found.sent;
    repaired += found.repaired;
    for (const [label, count] of Object.entries(found.counts)) counts.set(label, (counts.get(label) ?? 0) + count);
  }
  const byName = Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
  return { sweepId, places, counts: byName, sent, repaired, problems };
}
