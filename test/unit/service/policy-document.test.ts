import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PolicyUnusable } from '../../../src/domain/errors.ts';
import { matchesName, select } from '../../../src/domain/policy.ts';
import type { Tags } from '../../../src/domain/snapshot.ts';
import { readPolicyDocument } from '../../../src/service/agent-files.ts';
import { InvalidDocument } from '../../../src/service/yaml-document.ts';
import { agents, arn, policyOf } from '../../fixtures/situation.ts';

const whole = `version: 1
agent: trend-application-security
defaultGroup: default
groups:
  default:
    secret: layerward/groups/default
    parameters: { cloudOneRegion: us-1 }
`;

function findings(text: string): string[] {
  try {
    readPolicyDocument(text, 'policy.yaml', agents);
  } catch (error) {
    if (error instanceof InvalidDocument) return error.message.split('\n');
    throw error;
  }
  throw new Error('the policy was read');
}

describe('a policy', () => {
  it('needs four lines, and says the rest by its defaults', () => {
    const policy = policyOf();
    expect(policy).toMatchObject({
      mode: 'enforce',
      optIn: { tag: 'layerward:protect', value: 'on' },
      groupTag: 'layerward:group',
      defaultGroup: 'default',
      contest: { repairs: 5, withinMinutes: 60 },
      exclude: {},
      rules: [],
      agents: {},
    });
  });

  it('that is shipped as an example says what the defaults say', () => {
    const example = readPolicyDocument(readFileSync('policy.example.yaml', 'utf8'), 'policy.example.yaml', agents);
    expect(example).toEqual({ ...policyOf(), exclude: { functions: ['never-protect-*'] } });
  });

  it.each([
    [
      'an agent that is not there',
      whole.replace('agent: trend-application-security', 'agent: trend'),
      'policy.yaml:2:8: agent: there is no agent trend; there is: trend-application-security',
    ],
    [
      'a default group that is not there',
      whole.replace('defaultGroup: default', 'defaultGroup: main'),
      'policy.yaml:3:15: defaultGroup: there is no group main; there is: default',
    ],
    [
      'a rule for an agent that is not there',
      `${whole}rules:\n  - match: { regions: [eu-west-1] }\n    agent: acme\n`,
      'policy.yaml:10:12: rules.0.agent: there is no agent acme; there is: trend-application-security',
    ],
    [
      'a rule for a group that is not there',
      `${whole}rules:\n  - match: {}\n    group: main\n`,
      'policy.yaml:10:12: rules.0.group: there is no group main; there is: default',
    ],
    [
      'a group without what the agent asks for',
      whole.replace('cloudOneRegion: us-1', ''),
      'policy.yaml:7:17: groups.default.parameters.cloudOneRegion: the agent trend-application-security needs it; ' +
        'one of: us-1, in-1, gb-1, au-1, jp-1, de-1, ca-1, sg-1',
    ],
    [
      'a group in a place that the agent does not know',
      whole.replace('us-1', 'us-2'),
      'policy.yaml:7:35: groups.default.parameters.cloudOneRegion: must be one of: ' +
        'us-1, in-1, gb-1, au-1, jp-1, de-1, ca-1, sg-1',
    ],
    [
      'settings of an agent that is not there',
      `${whole}agents: { acme: { variables: {} } }\n`,
      'policy.yaml:8:17: agents.acme: there is no agent acme; there is: trend-application-security',
    ],
    [
      'no group at all',
      `${whole.split('groups:')[0]}groups: {}\n`,
      'policy.yaml:4:9: groups: must name at least one group',
    ],
    [
      'another version of the format',
      whole.replace('version: 1', 'version: 2'),
      'policy.yaml:1:10: version: Invalid input: expected 1',
    ],
    [
      'an account that YAML takes for a number',
      `${whole}exclude: { accounts: [111122223333] }\n`,
      'policy.yaml:8:23: exclude.accounts.0: Invalid input: expected string, received number',
    ],
    [
      'an organizational unit that is none',
      `${whole}exclude: { organizationalUnits: [sales] }\n`,
      'policy.yaml:8:34: exclude.organizationalUnits.0: must be the id of an organizational unit or root',
    ],
    [
      'a name that no function can have',
      `${whole}exclude: { functions: ["a b"] }\n`,
      'policy.yaml:8:24: exclude.functions.0: must be a function name, where * stands for any characters and ? for one',
    ],
  ])('is refused with %s', (_, text, expected) => {
    expect(findings(text)).toEqual([expected]);
  });

  it.each([
    [
      'a setting of something else',
      'variables: { LOG_LEVEL: debug }',
      'variables.LOG_LEVEL: is not a setting of trend-application-security: those start with TREND_AP_',
    ],
    [
      'a credential',
      'variables: { TREND_AP_KEY: abc }',
      'variables.TREND_AP_KEY: is a credential: it comes from the group’s secret',
    ],
    [
      'what Layerward sets itself',
      'variables: { TREND_AP_HANDLER: a.b }',
      'variables.TREND_AP_HANDLER: is set by Layerward itself',
    ],
    [
      'a secret',
      'variables: { TREND_AP_HTTP_PROXY_PASSWORD: abc }',
      'variables.TREND_AP_HTTP_PROXY_PASSWORD: holds a secret, and a policy is no place for one; let teams set it themselves',
    ],
    [
      'a value that the agent ignores',
      'variables: { TREND_AP_LOG_LEVEL: verbose }',
      'variables.TREND_AP_LOG_LEVEL: the agent ignores this value; it takes: off, error, warn, info, debug, trace, all',
    ],
    [
      'a team’s setting of something else',
      'teamVariables: [STAGE]',
      'teamVariables.0: STAGE is not a setting of trend-application-security: those start with TREND_AP_',
    ],
    [
      'a team’s own credential',
      'teamVariables: [TREND_AP_SECRET]',
      'teamVariables.0: TREND_AP_SECRET is a credential: it comes from the group’s secret',
    ],
    [
      'a version of a layer that is not the agent’s',
      'layers: { versions: { python: 2 } }',
      'layers.versions.python: is not a layer of trend-application-security; those are: CloudOne-ApplicationSecurity-python, CloudOne-ApplicationSecurity-nodejs10_x, CloudOne-ApplicationSecurity-nodejs12_x, CloudOne-ApplicationSecurity-nodejs14_x',
    ],
  ])('is refused with %s among an agent’s settings', (_, setting, expected) => {
    const [finding, ...more] = findings(`${whole}agents:\n  trend-application-security:\n    ${setting}\n`);
    expect(more).toEqual([]);
    expect(finding?.replace(/^policy\.yaml:10:\d+: agents\.trend-application-security\./, '')).toBe(expected);
  });

  it.each([
    ['the opt-in tag', 'optIn: { tag: "l\u0430yerward:protect" }', 'policy.yaml:8:15: optIn.tag: '],
    ['its value', 'optIn: { value: "on " }', 'policy.yaml:8:17: optIn.value: '],
    ['the tag of the group', 'groupTag: "layerward:group\u00a0"', 'policy.yaml:8:11: groupTag: '],
  ])('is refused with %s in letters that no function’s tag will have', (_, line, expected) => {
    const [finding, ...more] = findings(`${whole}${line}\n`);
    expect(more).toEqual([]);
    expect(finding?.startsWith(expected)).toBe(true);
  });

  it('is refused with a setting that no variable can have', () => {
    expect(
      findings(`${whole}agents: { trend-application-security: { variables: { TREND_AP_TAGS: "a\\0" } } }\n`),
    ).toEqual([
      'policy.yaml:8:69: agents.trend-application-security.variables.TREND_AP_TAGS: holds a NUL, which no variable can',
    ]);
  });

  it('takes every setting that the agent takes, in any case', () => {
    const settings = `variables: { TREND_AP_LOG_LEVEL: DEBUG, TREND_AP_TAGS: "team=a", TREND_AP_HTTP_TIMEOUT: "9" }
    teamVariables: [TREND_AP_LOG_LEVEL, TREND_AP_HTTP_PROXY_PASSWORD]
    layers: { account: "444455556666", regions: [eu-south-2], versions: { CloudOne-ApplicationSecurity-python: 3 } }`;
    const text = `${whole}agents:\n  trend-application-security:\n    ${settings}\n`;
    expect(readPolicyDocument(text, 'policy.yaml', agents).agents['trend-application-security']).toMatchObject({
      variables: { TREND_AP_LOG_LEVEL: 'DEBUG' },
      layers: { account: '444455556666', versions: { 'CloudOne-ApplicationSecurity-python': 3 } },
    });
  });
});

describe('what a policy says of a function', () => {
  const optedIn: Tags = { readable: true, values: { 'layerward:protect': 'on' } };
  const place = { arn, organizationalUnits: undefined };
  const said = (yaml: string, tags: Tags = optedIn, at: Parameters<typeof select>[2] = place) =>
    select(policyOf(yaml), agents, at, tags);

  it.each([
    ['by its account', 'accounts: ["111122223333"]', true],
    ['by another account', 'accounts: ["444455556666"]', false],
    ['by its region', 'regions: [eu-west-1, us-east-1]', true],
    ['by its name', 'functions: [o?de*]', true],
    ['by any of several that fits', 'accounts: ["444455556666"], functions: [orders]', true],
    ['by several that don’t fit', 'accounts: ["444455556666"], functions: [other]', false],
    ['by an empty list', 'functions: []', false],
  ])('leaves it out %s', (_, exclude, isOut) => {
    expect(said(`exclude: { ${exclude} }`).scope).toBe(isOut ? 'excluded' : 'in');
  });

  it('leaves it out by its organizational unit, where somebody can tell it', () => {
    const yaml = 'exclude: { organizationalUnits: [ou-ab12-cdefgh34] }';
    const inUnits = (organizationalUnits: readonly string[]) => said(yaml, optedIn, { arn, organizationalUnits }).scope;
    expect(inUnits(['r-ab12', 'ou-ab12-cdefgh34'])).toBe('excluded');
    expect(inUnits(['r-ab12'])).toBe('in');
    expect(() => said(yaml)).toThrow(PolicyUnusable);
    expect(() => said(yaml)).toThrow(/this deployment can't see the organization: name accounts instead/);
  });

  it('comes from the first rule of which everything fits', () => {
    const rules = `rules:
  - { match: { accounts: ["111122223333"], regions: [eu-west-1] }, mode: enforce }
  - { match: { accounts: ["111122223333"] }, mode: audit }
  - { match: {}, mode: enforce }`;
    expect(said(rules)).toMatchObject({ mode: 'audit', groupName: 'default' });
    expect(said('rules: [{ match: { functions: [other] }, mode: audit }]').mode).toBe('enforce');
  });

  it('takes the group from the tag, then from the rule, then from the default', () => {
    const yaml = `rules: [{ match: {}, group: ruled }]`;
    const groups = '{ default: &g { secret: s, parameters: { cloudOneRegion: us-1 } }, ruled: *g, tagged: *g }';
    const policy = readPolicyDocument(
      `{ version: 1, agent: trend-application-security, groups: ${groups}, ${yaml} }`,
      'policy.yaml',
      agents,
    );
    const nameWith = (values: Record<string, string>) =>
      select(policy, agents, place, { readable: true, values }).groupName;
    expect(nameWith({ 'layerward:group': 'tagged' })).toBe('tagged');
    expect(nameWith({})).toBe('ruled');
    expect(select({ ...policy, rules: [] }, agents, place, optedIn).groupName).toBe('default');
  });

  it('does not take what every object has for a tag', () => {
    const policy = policyOf('groupTag: constructor\noptIn: { tag: toString, value: on }');
    const selection = (values: Record<string, string>) => select(policy, agents, place, { readable: true, values });
    expect(selection({})).toMatchObject({ scope: 'not-opted-in', groupName: 'default' });
    expect(selection({ toString: 'on', constructor: 'payments' })).toMatchObject({
      scope: 'in',
      groupName: 'payments',
    });
  });

  it('is not opted in to by a tag that only looks like its own', () => {
    for (const values of [
      { 'l\u0430yerward:protect': 'on' },
      { 'layerward:protect\u00a0': 'on' },
      { 'layerward:protect': 'on\u00a0' },
      { 'layerward:protect': '\u043en' },
      { 'Layerward:protect': 'on' },
    ])
      expect(said('', { readable: true, values }).scope).toBe('not-opted-in');
  });

  it('refuses a group that is not there, or not for this account', () => {
    const tagged = (group: string): Tags => ({ readable: true, values: { 'layerward:group': group } });
    expect(said('', tagged('nobody')).group).toEqual({ refused: 'the policy has no group nobody' });
    expect(said('', tagged('toString')).group).toEqual({ refused: 'the policy has no group toString' });
    const closed = readPolicyDocument(
      whole.replace('secret:', 'accounts: ["444455556666"]\n    secret:'),
      'policy.yaml',
      agents,
    );
    expect(select(closed, agents, place, optedIn).group).toEqual({
      refused: 'the policy does not let account 111122223333 use the group default',
    });
  });
});

describe('a pattern for names', () => {
  it.each([
    ['orders', 'orders', true],
    ['orders', 'orders-2', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['*-prod', 'orders-prod', true],
    ['*-prod', 'orders-prod-2', false],
    ['a*b*c', 'a1b2bc', true],
    ['a*b*c', 'ab', false],
    ['?', '', false],
    ['o?ders', 'orders', true],
    ['**', 'x', true],
    ['order.', 'orders', false],
  ])('%s and %s', (pattern, name, fits) => {
    expect(matchesName(pattern, name)).toBe(fits);
  });

  it('takes no time that grows beyond measure', () => {
    expect(matchesName(`${'*a'.repeat(60)}b`, 'a'.repeat(140))).toBe(false);
  });
});
