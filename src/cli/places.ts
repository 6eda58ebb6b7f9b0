import { awsRegions } from '../domain/agent.ts';
import { AccessDenied, InvalidInput } from '../domain/errors.ts';
import { layerSourceFor } from '../domain/policy.ts';
import type { AccountPlaces, Quarter } from '../domain/ports.ts';
import { type Surveyed, type SurveyProblem, surveyPlaces } from '../service/survey.ts';
import { WrongUse } from './exit-code.ts';
import type { PlacesOptions } from './places-options.ts';
import { createProgress } from './progress.ts';
import type { OpenSight } from './sight.ts';

/** Where a survey was. */
export interface SurveyedPlaces {
  /** Accounts and regions that were surveyed to their end. */
  readonly places: readonly Quarter[];
  readonly problems: readonly SurveyProblem[];
}

/**
 * Surveys the places that a person named, with a progress line on a terminal.
 * @throws {WrongUse} for a region that there is not; {AccessDenied} where the organization does not show its accounts.
 */
export async function surveyNamedPlaces(
  sight: OpenSight,
  options: PlacesOptions,
  found: (surveyed: readonly Surveyed[]) => void,
): Promise<SurveyedPlaces> {
  const regions = regionsFor(sight, options.regions);
  const units = new Map<string, readonly string[]>();
  const problems: SurveyProblem[] = [];
  const begun = new Map<
    string,
    { readonly place: Quarter; readonly done: number; readonly total: number | undefined }
  >();
  const progress = createProgress();
  const show = (place: Quarter, done: number, total: number | undefined) => {
    begun.set(keyOf(place), { place, done, total });
    const all = [...begun.values()];
    const sum = all.reduce((total, one) => total + one.done, 0);
    const totals = all.map((one) => one.total);
    const known = totals.every((one) => one !== undefined) ? totals.reduce((a, b) => a + b, 0) : undefined;
    progress.show(sum, known, begun.size === 1 ? 'functions' : `functions in ${begun.size} accounts and regions`);
  };
  const places = options.allAccounts
    ? placesOfOrganization(sight, regions, units, (problem) => problems.push(problem))
    : placesOfAccount(sight.connection.accountId, regions);
  const accounts: AccountPlaces = options.allAccounts
    ? { unitsOf: async (accountId) => units.get(accountId) ?? sight.accounts.unitsOf(accountId) }
    : sight.accounts;
  try {
    const surveyed = await surveyPlaces(
      places,
      { ...sight, accounts },
      { found, progress: show, problem: (problem) => problems.push(problem) },
    );
    return { places: surveyed, problems };
  } finally {
    progress.end();
  }
}

const keyOf = ({ accountId, region }: Quarter) => `${accountId} ${region}`;

function regionsFor({ connection, policy, agents }: OpenSight, list: string | undefined): readonly string[] {
  if (list === undefined) return [connection.region];
  if (list === 'all') {
    const names = new Set([policy.agent, ...policy.rules.flatMap(({ agent }) => agent ?? [])]);
    const served = [...names].flatMap((name) => {
      const agent = agents.get(name);
      return agent ? layerSourceFor(policy, agent).regions : [];
    });
    return [...new Set(served)];
  }
  const regions = [...new Set(list.split(',').map((one) => one.trim()))].filter(Boolean);
  const known: readonly string[] = awsRegions;
  const unknown = regions.find((one) => !known.includes(one));
  if (unknown !== undefined || regions.length === 0)
    throw new WrongUse(
      `--regions takes names of regions, separated by commas, such as us-east-1,eu-west-1, or all; there is no region ${JSON.stringify(unknown ?? '')}`,
    );
  return regions;
}

async function* placesOfAccount(accountId: string, regions: readonly string[]): AsyncGenerator<Quarter> {
  for (const region of regions) yield { accountId, region };
}

async function* placesOfOrganization(
  { connection }: OpenSight,
  regions: readonly string[],
  units: Map<string, readonly string[]>,
  onProblem: (problem: SurveyProblem) => void,
): AsyncGenerator<Quarter> {
  const { OrganizationsClient } = await import('@aws-sdk/client-organizations');
  const { createAwsOrganization } = await import('../aws/organizations.ts');
  const organization = createAwsOrganization(connection.client((given) => new OrganizationsClient(given)));
  try {
    for await (const { accountId, name, isActive, organizationalUnits } of organization.accounts()) {
      units.set(accountId, organizationalUnits);
      if (isActive) for (const region of regions) yield { accountId, region };
      else onProblem({ accountId, problem: `account ${accountId} (${name}) is suspended, so it answers nothing` });
    }
  } catch (error) {
    // The organization is told of only to some accounts; AWS has several words for it.
    if (!(error instanceof AccessDenied || error instanceof InvalidInput)) throw error;
    throw new AccessDenied(
      `account ${connection.accountId} can't see the accounts of an organization (${error.message}): call from the ` +
        'management account or a delegated administrator, or leave --all-accounts out',
      { cause: error },
    );
  }
}
