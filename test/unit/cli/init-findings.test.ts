import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingsIn, partitionFinding, regionFinding, stackNameFinding } from '../../../src/cli/init-findings.ts';
import { listOf, type ParameterValues, readStackParameters, withoutDefaults } from '../../../src/cli/init-template.ts';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { resolveParameters } from '../../../src/sandbox/template-parameters.ts';
import { requireRules } from '../../../src/sandbox/template-rules.ts';

const known = readStackParameters();
const template = parseTemplate(
  readFileSync(join(import.meta.dirname, '../../../template.yaml'), 'utf8'),
  'template.yaml',
);
const stack = { accountId: '111122223333', region: 'us-east-1', stackName: 'layerward' };

/** What the template's own rules and constraints say of these values. */
function templateSays(values: ParameterValues): string {
  try {
    requireRules(template, resolveParameters(template, values), stack);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Every combination of one value of each list. */
function combinations(choices: Readonly<Record<string, readonly string[]>>): ParameterValues[] {
  return Object.entries(choices).reduce<ParameterValues[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

describe('what init refuses', () => {
  it('is what the rules of the template refuse, in their words', () => {
    const all = combinations({
      OrganizationId: ['', 'o-a1b2c3d4e5'],
      OrganizationalUnitIds: ['', 'r-ab12,ou-ab12-workload1'],
      Regions: ['', 'us-east-1', 'us-east-1,eu-west-1'],
      AdditionalAccountIds: ['', '999988887777'],
      CreateOrganizationTrail: ['false', 'true'],
      RequireOptInTag: ['false', 'true'],
    });
    const verdicts = all.map((values) => {
      const said = templateSays(values);
      const findings = findingsIn(values, known);
      expect(findings.filter((finding) => !said.includes(finding))).toEqual([]);
      expect(findings.length).toBe(said === '' ? 0 : said.split('; Rules.').length);
      return said === '';
    });
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });

  it.each([
    ['AlertEmail', 'on.call@example.com', 'on.call'],
    ['SweepSchedule', 'cron(0 9 * * ? *)', '6 hours'],
    ['DeployedIn', 'management-account', 'member'],
    ['LogLevel', 'debug', 'loud'],
    ['LogRetentionDays', '30', '31'],
    ['CallsPerSecond', '15', '16'],
    ['CallsPerSecond', '1', 'x'],
    ['MaximumConcurrency', '2', ''],
    ['CredentialSecretPrefix', 'security/', 'secu rity/'],
  ])('of %s is what the template refuses: %j passes, %j does not', (name, right, wrong) => {
    expect(findingsIn({ [name]: right }, known)).toEqual([]);
    expect(templateSays({ [name]: right })).toBe('');
    expect(findingsIn({ [name]: wrong }, known)).toEqual([expect.stringMatching(`^${name} must `)]);
    expect(templateSays({ [name]: wrong })).not.toBe('');
  });

  it.each([
    [{ Regions: 'us-east-1,eu-wset-1' }, /eu-wset-1 is not a region of AWS; did you mean eu-west-1\?/],
    [{ Regions: 'us-east-1,cn-north-1' }, /us-east-1 and cn-north-1 are in different partitions/],
    [{ AlertEmail: 'a"b@example.com' }, /AlertEmail can't hold quotes/],
    [{ AlertEmail: 'a\u001b@example.com' }, /AlertEmail can't hold quotes, backslashes or control characters/],
    [{ SweepSchedul: 'x' }, /no parameter SweepSchedul; did you mean SweepSchedule\?/],
  ])('is also what the template would take, and could not work: %j', (values, sentence) => {
    expect(findingsIn(values, known)).toEqual([expect.stringMatching(sentence)]);
  });

  it.each([
    ['ou-1', '999988887777', /ou-1 is not the id of an organizational unit/],
    ['o-a1b2c3d4e5', '999988887777', /o-a1b2c3d4e5 is not the id of an organizational unit/],
    ['r-ab12', '99998888777', /99998888777 is not an account’s id/],
  ])('is ids that are none: %s, %s', (OrganizationalUnitIds, AdditionalAccountIds, sentence) => {
    const organization = { OrganizationId: 'o-a1b2c3d4e5', Regions: 'us-east-1' };
    expect(findingsIn({ ...organization, OrganizationalUnitIds, AdditionalAccountIds }, known)).toEqual([
      expect.stringMatching(sentence),
    ]);
  });

  it('is an organization’s id that is none', () => {
    const values = { OrganizationalUnitIds: 'r-ab12', Regions: 'us-east-1' };
    const sentence = 'OrganizationId must be the id of an organization, such as o-a1b2c3d4e5, or empty, not o-1.';
    expect(findingsIn({ ...values, OrganizationId: 'o-1' }, known)).toEqual([sentence]);
    expect(templateSays({ ...values, OrganizationId: 'o-1' })).toContain('must be the id of an organization');
  });

  it('is names that the stack’s functions could not have', () => {
    expect(stackNameFinding('layerward')).toBeUndefined();
    expect(stackNameFinding('a'.repeat(49))).toBeUndefined();
    expect(stackNameFinding('a'.repeat(50))).toMatch(/49 characters at most/);
    for (const name of ['', '1a', 'a.b', 'a b', 'a_b'])
      expect(stackNameFinding(name)).toMatch(/can't be a stack's name/);
  });

  it('is no region that AWS has', () => {
    expect(['us-gov-west-1', 'cn-north-1', 'mx-central-1'].map(regionFinding)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(partitionFinding(['us-gov-west-1', 'us-gov-east-1'])).toBeUndefined();
    expect(partitionFinding([])).toBeUndefined();
  });
});

describe('the parameters of the stack', () => {
  it('are left out where they are the default anyway', () => {
    expect(
      withoutDefaults({ LogLevel: 'info', CallsPerSecond: '8', Regions: '', AlertEmail: 'a@b.co' }, known),
    ).toEqual({
      AlertEmail: 'a@b.co',
    });
  });

  it('are lists without empty entries and repetitions, in the order in which they were given', () => {
    expect(listOf(' us-west-2,us-east-1 ,,us-west-2, ')).toEqual(['us-west-2', 'us-east-1']);
    expect(listOf('')).toEqual([]);
  });
});
