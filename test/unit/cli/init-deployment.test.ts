import { describe, expect, it } from 'vitest';
import { WrongUse } from '../../../src/cli/exit-code.ts';
import { chooseDeployment } from '../../../src/cli/init-deployment.ts';
import type { InitFlags } from '../../../src/cli/init-flags.ts';
import { nextSteps, notes } from '../../../src/cli/init-next.ts';
import type { FoundOrganization } from '../../../src/cli/init-organization.ts';
import { secretPrefixFinding, withSecretPrefix } from '../../../src/cli/init-secret-prefix.ts';
import { readStackParameters } from '../../../src/cli/init-template.ts';
import { type Asker, askNobody, type Question, readAnswer } from '../../../src/cli/questions.ts';
import { policySchema } from '../../../src/domain/policy.ts';
import { readAgents } from '../../../src/service/agent-files.ts';

const known = readStackParameters();
const organization = { organization: 'o-a1b2c3d4e5', units: 'r-ab12', regions: 'us-east-1,eu-west-1' };
const found: FoundOrganization = {
  organizationId: 'o-a1b2c3d4e5',
  managementAccountId: '999988887777',
  rootId: 'r-ab12',
  callerAccountId: '999988887777',
};

interface Setting {
  readonly asker?: Asker;
  readonly environmentRegion?: string;
  readonly lookUp?: () => Promise<FoundOrganization | undefined>;
}

const choose = (flags: Partial<InitFlags>, { asker = askNobody(true), environmentRegion, lookUp }: Setting = {}) =>
  chooseDeployment({ build: false, ...flags }, asker, {
    known,
    environmentRegion,
    lookUp: lookUp ?? (() => Promise.reject(new Error('nobody was to look anything up'))),
  });

/** A person who gives these answers, and then only presses Enter; every question is noted. */
function person(
  answers: Readonly<Record<string, string>> = {},
): Asker & { readonly asked: string[]; readonly told: string[] } {
  const asked: string[] = [];
  const told: string[] = [];
  return {
    asked,
    told,
    isPerson: true,
    ask: async (question: Question) => {
      asked.push(question.text);
      const [, given = ''] = Object.entries(answers).find(([part]) => question.text.includes(part)) ?? [];
      const reading = readAnswer(question, given);
      if ('wrong' in reading) throw new Error(`${question.text} ${given}: ${reading.wrong}`);
      return reading.answer;
    },
    tell: (text) => {
      told.push(text);
    },
    close: () => {},
  };
}

describe('the deployment that init writes', () => {
  it('is of one account in the region of the environment, where nothing is said', async () => {
    const { deployment } = await choose({}, { environmentRegion: 'eu-west-1' });
    expect(deployment).toEqual({ stackName: 'layerward', region: 'eu-west-1', parameters: {} });
  });

  it.each([
    ['the stack’s own region alone needs no parameter', { regions: 'us-east-1' }, {}],
    ['another region does', { regions: 'eu-west-1' }, { Regions: 'eu-west-1' }],
    [
      'several do, each once and in order',
      { regions: 'us-east-1, eu-west-1,us-east-1' },
      { Regions: 'us-east-1,eu-west-1' },
    ],
  ])('of one account: %s', async (_, flags, parameters) => {
    expect((await choose({ singleAccount: true, region: 'us-east-1', ...flags })).deployment.parameters).toEqual(
      parameters,
    );
  });

  it('of an organization names it, its units, its regions, and only what is not the default', async () => {
    const flags = { ...organization, region: 'us-east-1', inManagementAccount: true, createTrail: true } as const;
    const parameter = ['SweepSchedule=rate(1 hour)', 'LogLevel=info'];
    expect((await choose({ ...flags, parameter })).deployment.parameters).toEqual({
      OrganizationId: 'o-a1b2c3d4e5',
      OrganizationalUnitIds: 'r-ab12',
      Regions: 'us-east-1,eu-west-1',
      DeployedIn: 'management-account',
      CreateOrganizationTrail: 'true',
      SweepSchedule: 'rate(1 hour)',
    });
  });

  it.each<[string, Partial<InitFlags>, RegExp]>([
    ['both scopes', { ...organization, singleAccount: true }, /exclude each other/],
    ['an organization without units', { ...organization, units: '' }, /but not whom/],
    ['an organization without regions', { ...organization, regions: ' ,' }, /in the regions that Regions names/],
    ['units without one', { units: 'r-ab12' }, /OrganizationalUnitIds is of use only with/],
    ['a trail without one', { createTrail: true }, /CreateOrganizationTrail needs OrganizationId/],
    ['a management account without one', { inManagementAccount: true }, /of use only with --organization/],
    ['accounts without one', { parameter: ['AdditionalAccountIds=999988887777'] }, /AdditionalAccountIds is of use/],
    ['a condition without one', { parameter: ['RequireOptInTag=true'] }, /RequireOptInTag is about the members/],
    ['no organization’s id', { ...organization, organization: 'mine' }, /must be the id of an organization/],
    ['an empty id', { ...organization, organization: '' }, /is of use only with OrganizationId/],
    ['an unknown region to look after', { regions: 'eu-wset-1' }, /did you mean eu-west-1/],
    ['an unknown region of the stack', { region: 'us-esat-1' }, /us-esat-1 is not a region of AWS/],
    ['a region of another partition than the stack’s', { regions: 'cn-north-1' }, /are in different partitions/],
    ['no address', { alertEmail: 'me' }, /AlertEmail must be an e-mail address/],
    ['a stack’s name with a dot', { stack: 'a.b' }, /a\.b can't be a stack's name/],
    ['no pair', { parameter: ['SweepSchedule'] }, /--parameter takes name=value, not SweepSchedule/],
    [
      'a parameter that has an option',
      { parameter: ['Regions=us-east-1'] },
      /Regions has an option of its own: --regions/,
    ],
  ])('is refused for %s', async (_, flags, sentence) => {
    const choosing = choose({ region: 'us-east-1', ...flags });
    await expect(choosing).rejects.toThrow(sentence);
    await expect(choosing).rejects.toThrow(WrongUse);
  });

  it('takes no default for whom to look after, where nobody agreed to defaults', async () => {
    const asker = askNobody(false);
    await expect(choose({ region: 'us-east-1' }, { asker })).rejects.toThrow(/give --single-account or --organization/);
    expect((await choose({ region: 'us-east-1', singleAccount: true }, { asker })).deployment.parameters).toEqual({});
    await expect(choose({ singleAccount: true }, { asker })).rejects.toThrow(/no region is set/);
  });
});

describe('the questions about the deployment', () => {
  it('are none where options say it all', async () => {
    const asker = person();
    const flags = {
      ...organization,
      region: 'us-east-1',
      alertEmail: '',
      inManagementAccount: true,
      createTrail: true,
    } as const;
    await choose(flags, { asker });
    expect(asker.asked).toEqual([]);
  });

  it('suggest what the credentials tell of the organization', async () => {
    const asker = person({ 'one account': 'organization' });
    const chosen = await choose({}, { asker, environmentRegion: 'us-east-1', lookUp: async () => found });
    expect(asker.told).toEqual([
      'Your credentials of account 999988887777 are in the organization o-a1b2c3d4e5, its management account, whose root is r-ab12.',
    ]);
    expect(chosen).toEqual({
      deployment: {
        stackName: 'layerward',
        region: 'us-east-1',
        parameters: {
          Regions: 'us-east-1',
          OrganizationId: 'o-a1b2c3d4e5',
          OrganizationalUnitIds: 'r-ab12',
          DeployedIn: 'management-account',
        },
      },
      found,
    });
  });

  it('suggest no root of another organization', async () => {
    const asker = person({ 'Id of': 'o-zzzzzzzzzz', units: 'r-zzzz' });
    const { deployment } = await choose(
      { regions: 'us-east-1', alertEmail: '' },
      {
        asker: {
          ...asker,
          ask: (q) => (q.choices?.includes('account') ? Promise.resolve('organization') : asker.ask(q)),
        },
        environmentRegion: 'us-east-1',
        lookUp: async () => found,
      },
    );
    expect(deployment.parameters).toMatchObject({ OrganizationId: 'o-zzzzzzzzzz', OrganizationalUnitIds: 'r-zzzz' });
    await expect(
      choose(
        { organization: 'o-zzzzzzzzzz' },
        { asker: person(), environmentRegion: 'us-east-1', lookUp: async () => found },
      ),
    ).rejects.toThrow(/Name at least one/);
  });

  it('do without AWS', async () => {
    const { deployment } = await choose(
      {},
      { asker: person(), environmentRegion: 'us-east-1', lookUp: async () => undefined },
    );
    expect(deployment.parameters).toEqual({});
  });
});

describe('the secrets that the stack may read', () => {
  const deployment = { stackName: 'layerward', region: 'us-east-1', parameters: {} };
  const prefixFor = (...secrets: string[]) =>
    withSecretPrefix(deployment, secrets, known).parameters?.['CredentialSecretPrefix'];

  it.each([
    [['layerward/groups/default', 'layerward/groups/payments'], undefined],
    [['security/trend/a', 'security/trend/b'], 'security/trend/'],
    [['security/trend', 'security/other'], 'security/'],
    [['trend'], 'trend'],
    [['trend', 'tree'], undefined],
    [['/a', 'b'], undefined],
  ])('%j are let in by the prefix %s', (secrets, prefix) => {
    expect(prefixFor(...secrets)).toBe(prefix);
  });

  it('are told where no prefix lets all of them in, or the one that was chosen does not', () => {
    expect(secretPrefixFinding(deployment, ['trend', 'tree'], known)).toMatch(
      /secret trend, .* start with layerward\/groups\//,
    );
    const chosen = { ...deployment, parameters: { CredentialSecretPrefix: 'security/' } };
    expect(withSecretPrefix(chosen, ['trend'], known)).toBe(chosen);
    expect(secretPrefixFinding(chosen, ['trend'], known)).toMatch(/start with security\//);
    expect(secretPrefixFinding({ stackName: 'x' }, ['trend'], known)).toBeUndefined();
  });
});

describe('what is left to do', () => {
  const policy = policySchema.parse({
    version: 1,
    mode: 'audit',
    agent: 'trend-application-security',
    groups: { default: { secret: 'layerward/groups/default' }, payments: { secret: 'layerward/groups/payments' } },
  });
  const commands = (parameters: Readonly<Record<string, string>>, hubAccountId?: string) =>
    nextSteps({
      deployment: { stackName: 'layerward', region: 'us-east-1', parameters },
      policy,
      hubAccountId,
      isBuilt: true,
    })
      .flatMap((step) => step.commands)
      .join('\n');
  const ofOrganization = { OrganizationId: 'o-a1b2c3d4e5', CreateOrganizationTrail: 'true' };

  it('is each secret, and the deployment', () => {
    expect(commands({})).toMatch(
      /--name layerward\/groups\/default .*\n.*--name layerward\/groups\/payments .*\n[\s\S]*sam deploy$/,
    );
    expect(commands({})).not.toMatch(/organizations|npm run build/);
  });

  it('for an organization is what its management account does once: less, where the stack is in it', () => {
    const delegated = commands(ofOrganization, '111122223333');
    expect(delegated).toContain('aws cloudformation activate-organizations-access');
    expect(delegated).toContain('register-delegated-administrator --account-id 111122223333');
    expect(delegated).toContain('register-organization-delegated-admin --member-account-id 111122223333');
    const own = commands({ ...ofOrganization, DeployedIn: 'management-account' });
    expect(own).toContain('aws cloudformation activate-organizations-access');
    expect(own).not.toMatch(/delegated/);
  });

  it('comes with what the mode means, and where the agent can’t be', () => {
    const deployment = {
      stackName: 'layerward',
      region: 'us-east-1',
      parameters: { Regions: 'us-east-1,eu-central-2' },
    };
    expect(notes({ deployment, policy }, readAgents())).toEqual([
      expect.stringMatching(/^The mode is audit/),
      'trend-application-security has no layers in eu-central-2: functions there count as unsupported.',
    ]);
  });
});
