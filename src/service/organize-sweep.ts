import type { AccountRegister, Log, Metrics, Organization, Policies, SweepRecords } from '../domain/ports.ts';
import { planSweep, readOrganization, type SweepSummary, summarizeSweep } from './plan-sweep.ts';
import { noteProblem } from './sweep-account.ts';
import { readSweepReason } from './sweep-reason.ts';

/** What organizing sweeps needs of the world. */
export interface OrganizeSweepWorld {
  readonly hubAccountId: string;
  /** The regions to sweep, the same in every account. */
  readonly regions: readonly string[];
  readonly memberUnits: readonly string[];
  readonly additionalAccountIds: readonly string[];
  /** Absent in a deployment for one account. */
  readonly organization: Organization | undefined;
  readonly register: AccountRegister;
  readonly policies: Policies;
  readonly records: SweepRecords;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
}

/** What the state machine goes through. */
export interface PlannedSweep {
  readonly sweepId: string;
  readonly startedAt: string;
  readonly accountIds: readonly string[];
  readonly regions: readonly string[];
  /** Empty for all. */
  readonly secretNames: readonly string[];
}

/** The steps of a sweep around the sweeping itself. */
export interface OrganizeSweep {
  /** Which accounts to sweep, and why. What is wrong with the names in policy and stack goes into the coverage. */
  plan(asked: { readonly sweepId: string; readonly startedAt: string; readonly input: unknown }): Promise<PlannedSweep>;
  /** Notes that the sweep of an account ended without an answer. */
  noteCrash(
    task: { readonly sweepId: string; readonly accountId: string; readonly regions: readonly string[] },
    error: { readonly Error: string; readonly Cause: string },
  ): Promise<void>;
  /** Adds up what was found, and tells the log and the metrics. */
  summarize(sweepId: string): Promise<SweepSummary>;
  /** Brings the register of accounts up to date. */
  register(): Promise<{ readonly accounts: number; readonly changed: number }>;
}

/** A state machine hands on 256 KB at most; what names everything stands in the log and the coverage. */
const problemsHandedOn = 100;
/** What is kept of a text that a crashed function left. */
const longestCause = 500;

/** Organizes sweeps; see infra/sweep.asl.json for the order of the steps. */
export function createOrganizeSweep(world: OrganizeSweepWorld): OrganizeSweep {
  const { organization, records, log, now } = world;

  async function readAccounts(from: Organization) {
    const read = await readOrganization(from);
    const changed = await world.register.replace(read.accounts);
    return { ...read, changed };
  }

  return {
    async plan({ sweepId, startedAt, input }) {
      const policy = await world.policies.current(new Date(startedAt));
      const reason = readSweepReason(input, policy);
      const planned = { sweepId, startedAt, regions: world.regions };
      if (reason.about === 'nothing') {
        log.info({ sweepId }, `nothing to sweep: ${reason.because}`);
        return { ...planned, accountIds: [], secretNames: [] };
      }
      const secretNames = reason.about === 'secrets' ? reason.secretNames : [];
      if (!organization) {
        log.info({ sweepId, accounts: 1, regions: world.regions, secretNames }, 'sweep planned');
        return { ...planned, accountIds: [world.hubAccountId], secretNames };
      }
      const { accountIds, problems } = planSweep(policy, { ...world, ...(await readAccounts(organization)) });
      for (const problem of problems) {
        log.error({ sweepId, code: 'not-swept', ...problem }, problem.problem);
        const at = now().toISOString();
        await records.saveCoverage({ sweepId, at, ...problem, counts: {}, sent: 0, repaired: 0 });
      }
      log.info({ sweepId, accounts: accountIds.length, regions: world.regions, secretNames }, 'sweep planned');
      return { ...planned, accountIds, secretNames };
    },

    async noteCrash(task, { Error: name, Cause }) {
      const cause = `the sweep ended without an answer: ${name} ${Cause}`.slice(0, longestCause).trim();
      await noteProblem(task, task.regions, cause, world);
    },

    async summarize(sweepId) {
      const summary = await summarizeSweep(sweepId, records.coverageOf(sweepId));
      const { places, counts, sent, repaired, problems } = summary;
      world.metrics.add('SweptPlaces', places);
      world.metrics.add('SweepProblems', problems.length);
      log.info({ sweepId, places, counts, sent, repaired, problems: problems.length }, 'swept');
      return { ...summary, problems: problems.slice(0, problemsHandedOn) };
    },

    async register() {
      if (!organization) return { accounts: 0, changed: 0 };
      const { accounts, changed } = await readAccounts(organization);
      log.info({ accounts: accounts.length, changed }, 'register of accounts is up to date');
      return { accounts: accounts.length, changed };
    },
  };
}
