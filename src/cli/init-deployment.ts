import { WrongUse } from './exit-code.ts';
import { findingsIn, parameterFinding, partitionFinding, regionFinding, stackNameFinding } from './init-findings.ts';
import { type InitFlags, pairsOf } from './init-flags.ts';
import type { FoundOrganization } from './init-organization.ts';
import type { Deployment } from './init-samconfig.ts';
import { listOf, type StackParameters, withoutDefaults } from './init-template.ts';
import type { Asker } from './questions.ts';

/** What the questions about the deployment start from. */
export interface DeploymentContext {
  readonly known: StackParameters;
  /** The region that the environment names. */
  readonly environmentRegion: string | undefined;
  /** What is known of the caller's organization; asked only if a person is asked about it. */
  readonly lookUp: (region: string) => Promise<FoundOrganization | undefined>;
}

/** The parameters that have an option of their own. */
const optionOf: Readonly<Record<string, string>> = {
  OrganizationId: '--organization',
  OrganizationalUnitIds: '--units',
  Regions: '--regions',
  DeployedIn: '--in-management-account',
  CreateOrganizationTrail: '--create-trail',
  AlertEmail: '--alert-email',
};

/**
 * Finds out what is to be deployed where, by options first, then by asking.
 * @throws {WrongUse} that says what can't be deployed, or makes no sense.
 */
export async function chooseDeployment(
  flags: InitFlags,
  asker: Asker,
  context: DeploymentContext,
): Promise<{ readonly deployment: Deployment; readonly found: FoundOrganization | undefined }> {
  const { known } = context;
  const stackName = flags.stack ?? 'layerward';
  refuse(stackNameFinding(stackName));
  if (flags.singleAccount && flags.organization !== undefined)
    throw new WrongUse('--single-account and --organization exclude each other');
  const others = pairsOf('--parameter', flags.parameter ?? []);
  for (const name of Object.keys(others))
    if (optionOf[name]) throw new WrongUse(`${name} has an option of its own: ${optionOf[name]}`);

  const region =
    flags.region ??
    (await asker.ask({
      text: 'Region of the stack',
      fallback: context.environmentRegion,
      check: (answer) => (answer === '' ? 'A stack is in a region, such as us-east-1.' : regionFinding(answer)),
    }));
  if (region === '') throw new WrongUse('no region is set: give --region, or set AWS_REGION');
  refuse(regionFinding(region));

  const isUnsaid = !flags.singleAccount && flags.organization === undefined;
  const mayBeOrganization = isUnsaid || (flags.organization !== undefined && flags.units === undefined);
  const found = asker.isPerson && mayBeOrganization ? await context.lookUp(region) : undefined;
  if (found) asker.tell(foundText(found));
  const scope = !isUnsaid
    ? 'known'
    : await asker.ask({
        text: 'Look after one account, or an organization?',
        choices: ['account', 'organization'],
        fallback: 'account',
        unlessAgreed:
          'there is no terminal to ask on: give --single-account or --organization, or --yes for the defaults',
      });
  const isOrganization = flags.organization !== undefined || scope === 'organization';
  if (!isOrganization && flags.inManagementAccount)
    throw new WrongUse('--in-management-account is of use only with --organization.');
  const chosen = isOrganization
    ? await chooseOrganization(flags, asker, known, region, found)
    : await chooseAccount(flags, asker, region);
  const alertEmail =
    flags.alertEmail ??
    (await asker.ask({
      text: 'E-mail address for alerts; empty for none',
      fallback: '',
      check: (answer) => parameterFinding('AlertEmail', answer, known),
    }));
  const values = { ...others, ...chosen, AlertEmail: alertEmail.trim() };
  refuse(findingsIn(values, known), partitionFinding([region, ...listOf(values.Regions)]));
  return { deployment: { stackName, region, parameters: withoutDefaults(values, known) }, found };
}

async function chooseAccount(flags: InitFlags, asker: Asker, region: string) {
  const regions = listOf(flags.regions ?? (await asker.ask(regionsQuestion(region))));
  // What belongs to an organization is refused later, in the template's words.
  return {
    OrganizationalUnitIds: listOf(flags.units ?? '').join(','),
    CreateOrganizationTrail: String(flags.createTrail ?? false),
    // The stack's own region needs no member stack.
    Regions: regions.length === 1 && regions[0] === region ? '' : regions.join(','),
  };
}

async function chooseOrganization(
  flags: InitFlags,
  asker: Asker,
  known: StackParameters,
  region: string,
  found: FoundOrganization | undefined,
) {
  const OrganizationId =
    flags.organization ??
    (await asker.ask({
      text: 'Id of the organization',
      suggestion: found?.organizationId,
      check: (answer) =>
        answer === ''
          ? 'An organization has an id, such as o-a1b2c3d4e5.'
          : parameterFinding('OrganizationId', answer, known),
    }));
  const units =
    flags.units ??
    (await asker.ask({
      text: 'Organizational units to look after, with commas; r-… is all of it',
      suggestion: found?.organizationId === OrganizationId ? found.rootId : undefined,
      check: (answer) =>
        listOf(answer).length === 0
          ? 'Name at least one: ou-… or r-….'
          : parameterFinding('OrganizationalUnitIds', answer, known),
    }));
  const regions = flags.regions ?? (await asker.ask({ ...regionsQuestion(region), fallback: '', suggestion: region }));
  const isManagement = found?.callerAccountId !== undefined && found.callerAccountId === found.managementAccountId;
  const isInManagementAccount =
    flags.inManagementAccount ??
    isYes(
      await asker.ask({
        text: 'Is the stack in the organization’s management account?',
        choices: ['yes', 'no'],
        fallback: 'no',
        suggestion: isManagement ? 'yes' : 'no',
      }),
    );
  const createsTrail =
    flags.createTrail ??
    isYes(
      await asker.ask({
        text: 'Make a CloudTrail trail for the organization, since there is none yet?',
        choices: ['yes', 'no'],
        fallback: 'no',
      }),
    );
  return {
    OrganizationId,
    OrganizationalUnitIds: listOf(units).join(','),
    Regions: listOf(regions).join(','),
    DeployedIn: isInManagementAccount ? 'management-account' : 'delegated-administrator',
    CreateOrganizationTrail: String(createsTrail),
  };
}

function regionsQuestion(region: string) {
  return {
    text: 'Regions to look after, with commas',
    fallback: region,
    check: (answer: string) => {
      const regions = listOf(answer);
      const unknown = regions.map(regionFinding).find((finding) => finding !== undefined);
      return regions.length === 0 ? 'Name at least one.' : (unknown ?? partitionFinding([region, ...regions]));
    },
  };
}

function foundText({ organizationId, rootId, callerAccountId, managementAccountId }: FoundOrganization): string {
  const root = rootId === undefined ? '' : `, whose root is ${rootId}`;
  const who = callerAccountId === undefined ? '' : ` of account ${callerAccountId}`;
  const role =
    callerAccountId !== undefined && callerAccountId === managementAccountId ? ', its management account' : '';
  return `Your credentials${who} are in the organization ${organizationId}${role}${root}.`;
}

function refuse(...findings: readonly (readonly string[] | string | undefined)[]): void {
  const all = findings.flat().filter((finding) => finding !== undefined);
  if (all.length > 0) throw new WrongUse(all.join('\n'));
}

const isYes = (answer: string) => answer === 'yes';
