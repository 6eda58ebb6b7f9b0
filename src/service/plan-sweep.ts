import type { Policy } from '../domain/policy.ts';
import { namesOrganizationalUnits } from '../domain/policy.ts';
import type { Coverage, Organization } from '../domain/ports.ts';

/** What a sweep goes through. */
export interface SweepTargets {
  readonly sweepId: string;
  readonly accounts: readonly { readonly accountId: string; readonly organizationalUnits: readonly string[] }[];
  readonly regions: readonly string[];
  /** Empty for all groups. */
  readonly secretNames: readonly string[];
}

/** Something that a person has to put right before a sweep can see everything. */
export interface SweepProblem {
  /** `account 444455556666`, `organizational unit ou-…`. */
  readonly what: string;
  readonly problem: string;
}

/** Works out which accounts and regions to sweep, and what is wrong with what the policy names. */
export async function listSweepTargets(
  options: {
    readonly sweepId: string;
    readonly regions: readonly string[];
    readonly secretNames: readonly string[];
    readonly policy: Policy;
  },
  organization: Organization,
): Promise<{ readonly targets: SweepTargets; readonly problems: readonly SweepProblem[] }> {
  const { policy } = options;
  const accounts: { accountId: string; organizationalUnits: readonly string[] }[] = [];
  const problems: SweepProblem[] = [];
  const excluded = new Set(policy.exclude.accounts ?? []);
  const unitsSeen = new Set<string>();
  const accountsSeen = new Set<string>();
  for await (const { accountId, name, isActive } of organization.accounts()) {
    accountsSeen.add(accountId);
    if (!isActive) {
      problems.push({
        what: `account ${accountId}`,
        problem: `${name} is suspended, so its functions can't be looked at`,
      });
      continue;
    }
    const units = namesOrganizationalUnits(policy) ? ((await organization.unitsOf(accountId)) ?? []) : [];
    for (const unit of units) unitsSeen.add(unit);
    // What the policy leaves out still has to be released where something of ours is on it.
    accounts.push({ accountId, organizationalUnits: units });
  }
  const named = [policy.exclude, ...policy.rules.map(({ match }) => match)];
  const groups = Object.values(policy.groups);
  for (const accountId of new Set([
    ...excluded,
    ...named.flatMap((one) => one.accounts ?? []),
    ...groups.flatMap((one) => one.accounts ?? []),
  ]))
    if (!accountsSeen.has(accountId))
      problems.push({
        what: `account ${accountId}`,
        problem: 'the policy names it, and the organization has no such account',
      });
  for (const unit of new Set(named.flatMap((one) => one.organizationalUnits ?? [])))
    if (!unitsSeen.has(unit))
      problems.push({
        what: `organizational unit ${unit}`,
        problem: 'the policy names it, and no active account is in it',
      });
  const { sweepId, regions, secretNames } = options;
  return { targets: { sweepId, accounts, regions, secretNames }, problems };
}

/** What a whole sweep found. */
export interface SweepSummary {
  readonly sweepId: string;
  /** Accounts and regions that were swept. */
  readonly swept: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly failures: readonly SweepProblem[];
}

/** Adds up what a sweep found in each account and region. */
export async function summarizeSweep(sweepId: string, coverage: AsyncIterable<Coverage>): Promise<SweepSummary> {
  const counts = new Map<string, number>();
  const failures: SweepProblem[] = [];
  let swept = 0;
  let sent = 0;
  for await (const one of coverage) {
    if (one.sweepId !== sweepId) continue;
    if (one.failure !== undefined)
      failures.push({ what: [one.accountId, one.region].filter(Boolean).join(' '), problem: one.failure });
    else swept++;
    sent += one.sent;
    for (const [label, count] of Object.entries(one.counts)) counts.set(label, (counts.get(label) ?? 0) + count);
  }
  return { sweepId, swept, counts: Object.fromEntries(counts), sent, failures };
}
