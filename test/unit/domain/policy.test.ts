import { describe, expect, it } from 'vitest';
import type { Agent, Agents } from '../../../src/domain/agent.ts';
import { PolicyUnusable } from '../../../src/domain/errors.ts';
import {
  checkPolicy,
  layerSourceFor,
  matchesName,
  namesOrganizationalUnits,
  OrganizationalUnitsUnknown,
  type Policy,
  policySchema,
  type Selection,
  select,
} from '../../../src/domain/policy.ts';
import { acmeGuard } from '../../fixtures/acme-guard.ts';

type Fields = Readonly<Record<string, unknown>>;

const group = { secret: 'layerward/groups/default', parameters: { site: 'one' } };
const least = { version: 1, agent: 'acme-guard', groups: { default: group } };
const policyOf = (changes: Fields = {}): Policy => policySchema.parse({ ...least, ...changes });

/** What the schema refuses once these fields are others: `path: words`. */
function refusals(changes: Fields): string[] {
  const read = policySchema.safeParse({ ...least, ...changes });
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const withGroup = (changes: Fields) => ({ groups: { default: { ...group, ...changes } } });
const withAgent = (changes: Fields) => ({ agents: { 'acme-guard': changes } });
const withRule = (changes: Fields) => ({ rules: [{ match: {}, ...changes }] });
const one = (words: string | RegExp) => [typeof words === 'string' ? words : expect.stringMatching(words)];

describe('a policy', () => {
  it('needs a version, an agent and a group, and says the rest by its defaults', () => {
    expect(policyOf()).toStrictEqual({
      version: 1,
      mode: 'enforce',
      agent: 'acme-guard',
      optIn: { tag: 'layerward:protect', value: 'on' },
      groupTag: 'layerward:group',
      defaultGroup: 'default',
      groups: { default: group },
      agents: {},
      exclude: {},
      rules: [],
      contest: { repairs: 5, withinMinutes: 60 },
    });
    expect(policyOf(withGroup({ parameters: undefined })).groups['default']?.parameters).toStrictEqual({});
    expect(policyOf(withAgent({})).agents['acme-guard']).toStrictEqual({
      layers: {},
      variables: {},
      teamVariables: [],
    });
  });

  it('is read as it is where it says everything', () => {
    const places = {
      accounts: ['111122223333'],
      organizationalUnits: ['ou-ab12-cdefgh34', 'r-ab12'],
      regions: ['us-east-1'],
      functions: ['orders-*', 'b?d_Name'],
    };
    const everything = {
      version: 1,
      mode: 'audit',
      agent: 'acme-guard',
      optIn: { tag: 'protect', value: '' },
      groupTag: 'group',
      defaultGroup: 'main',
      groups: { main: { ...group, accounts: ['111122223333'] } },
      agents: {
        'acme-guard': {
          layers: {
            account: '444455556666',
            partition: 'aws-cn',
            regions: ['cn-north-1'],
            versions: { 'acme-node': 4 },
          },
          variables: { ACME_LEVEL: 'low' },
          teamVariables: ['ACME_LEVEL'],
        },
      },
      exclude: places,
      rules: [{ match: places, mode: 'enforce', agent: 'acme-guard', group: 'main' }],
      contest: { repairs: 100, withinMinutes: 10_080 },
    };
    expect(policySchema.parse(everything)).toStrictEqual(everything);
  });

  it.each([
    ['the policy', '', { color: 'red' }],
    ['optIn', 'optIn', { optIn: { color: 'red' } }],
    ['a group', 'groups.default', withGroup({ color: 'red' })],
    ['an agent', 'agents.acme-guard', withAgent({ color: 'red' })],
    ['layers', 'agents.acme-guard.layers', withAgent({ layers: { color: 'red' } })],
    ['exclude', 'exclude', { exclude: { color: 'red' } }],
    ['a rule', 'rules.0', withRule({ color: 'red' })],
    ['a match', 'rules.0.match', withRule({ match: { color: 'red' } })],
    ['contest', 'contest', { contest: { color: 'red' } }],
  ])('has no other field in %s', (_, path, changes) => {
    expect(refusals(changes)).toEqual([`${path}: Unrecognized key: "color"`]);
  });

  it.each<[string, Fields, string | RegExp]>([
    ['another version', { version: 2 }, 'version: Invalid input: expected 1'],
    ['another mode', { mode: '' }, 'mode: Invalid option: expected one of "enforce"|"audit"'],
    ['an agent without a name', { agent: '' }, /^agent: Too small/],
    ['an opt-in tag without a key', { optIn: { tag: '' } }, /^optIn\.tag: Too small/],
    ['an opt-in tag that is too long', { optIn: { tag: 'x'.repeat(129) } }, /^optIn\.tag: Too big/],
    ['an opt-in value that is too long', { optIn: { value: 'x'.repeat(257) } }, /^optIn\.value: Too big/],
    ['a group tag without a key', { groupTag: '' }, /^groupTag: Too small/],
    ['a default group without a name', { defaultGroup: '' }, /^defaultGroup: Too small/],
    ['no group', { groups: {} }, 'groups: must name at least one group'],
    ['a group without a secret', withGroup({ secret: undefined }), /^groups\.default\.secret: Invalid input/],
    ['a group for no account', withGroup({ accounts: [] }), /^groups\.default\.accounts: Too small/],
    ['a group with a parameter that is no text', withGroup({ parameters: { site: 1 } }), /^groups\.default\.param/],
    [
      'a mirror in no region',
      withAgent({ layers: { regions: [] } }),
      /^agents\.acme-guard\.layers\.regions: Too small/,
    ],
    [
      'a mirror in another partition',
      withAgent({ layers: { partition: '' } }),
      /^agents\.acme-guard\.layers\.partition: Invalid option: expected one of "aws"\|"aws-us-gov"\|"aws-cn"\|"aws-eusc"/,
    ],
    [
      'a version that is none',
      withAgent({ layers: { versions: { a: 0 } } }),
      /^agents\.acme-guard\.layers\.versions\.a: Too small/,
    ],
    [
      'a variable that is none',
      withAgent({ variables: { 'A-B': '' } }),
      /^agents\.acme-guard\.variables\.A-B: Invalid/,
    ],
    [
      'a team’s variable that is none',
      withAgent({ teamVariables: ['A-B'] }),
      /^agents\.acme-guard\.teamVariables\.0: m/,
    ],
    ['a rule for an agent without a name', withRule({ agent: '' }), /^rules\.0\.agent: Too small/],
    ['a rule for a group without a name', withRule({ group: '' }), /^rules\.0\.group: Too small/],
    ['a rule without a match', { rules: [{}] }, /^rules\.0\.match: Invalid input/],
    ['a region that is none', { exclude: { regions: ['eu-wset-1'] } }, /^exclude\.regions\.0: Invalid option/],
    ['no repair at all', { contest: { repairs: 0 } }, /^contest\.repairs: Too small/],
    ['too many repairs', { contest: { repairs: 101 } }, /^contest\.repairs: Too big/],
    ['half a repair', { contest: { repairs: 1.5 } }, /^contest\.repairs: Invalid input: expected int/],
    ['no time', { contest: { withinMinutes: 0 } }, /^contest\.withinMinutes: Too small/],
    ['too long a time', { contest: { withinMinutes: 10_081 } }, /^contest\.withinMinutes: Too big/],
  ])('is refused with %s', (_, changes, words) => {
    expect(refusals(changes)).toEqual(one(words));
  });

  it('may have tags as long as AWS takes them', () => {
    expect(refusals({ optIn: { tag: 'x'.repeat(128), value: 'x'.repeat(256) }, groupTag: 'x'.repeat(128) })).toEqual(
      [],
    );
  });

  it.each(['aws', 'aws-us-gov', 'aws-cn', 'aws-eusc'])('may have a mirror in the partition %s', (partition) => {
    expect(refusals(withAgent({ layers: { partition } }))).toEqual([]);
  });

  it.each(['11112222333', '1111222233334', 'x111122223333', '111122223333x', '11112222333x'])(
    'knows no account "%s"',
    (account) => {
      const words = 'must be an account id: 12 digits, in quotes';
      expect(refusals({ exclude: { accounts: [account] } })).toEqual([`exclude.accounts.0: ${words}`]);
      expect(refusals(withGroup({ accounts: [account] }))).toEqual([`groups.default.accounts.0: ${words}`]);
      expect(refusals(withAgent({ layers: { account } }))).toEqual([`agents.acme-guard.layers.account: ${words}`]);
    },
  );

  it.each(['ou-ab12-cdefgh34', 'r-ab12', `ou-${'a'.repeat(32)}-${'b'.repeat(32)}`, `r-${'a'.repeat(32)}`])(
    'knows the organizational unit %s',
    (unit) => {
      expect(refusals({ exclude: { organizationalUnits: [unit] } })).toEqual([]);
    },
  );

  it.each([
    ...['sales', 'xou-ab12-cdefgh34', 'ou-ab12-cdefgh34!', 'xr-ab12', 'r-ab12!', 'ou-ab1-cdefgh34', 'ou-ab12-cdefgh3'],
    ...['r-ab1', 'ou-AB12-cdefgh34', 'ou-ab12-CDEFGH34', 'r-AB12', `ou-${'a'.repeat(33)}-cdefgh34`],
    ...[`ou-ab12-${'a'.repeat(33)}`, `r-${'a'.repeat(33)}`],
  ])('knows no organizational unit "%s"', (unit) => {
    expect(refusals({ exclude: { organizationalUnits: [unit] } })).toEqual([
      'exclude.organizationalUnits.0: must be the id of an organizational unit or root',
    ]);
  });

  it.each(['*', '?', 'Orders_2-*', 'a'.repeat(140)])('may name functions by %s', (pattern) => {
    expect(refusals({ exclude: { functions: [pattern] } })).toEqual([]);
  });

  it.each(['', 'a b', ' a', 'a ', 'a.b', 'a'.repeat(141)])('can’t name functions by "%s"', (pattern) => {
    expect(refusals({ exclude: { functions: [pattern] } })).toEqual([
      'exclude.functions.0: must be a function name, where * stands for any characters and ? for one',
    ]);
  });

  it.each(['a', 'A.b_c-1', '2', 'a'.repeat(128)])('may have the group %s', (name) => {
    expect(refusals({ groups: { [name]: group } })).toEqual([]);
  });

  it.each(['', '.a', '-a', '_a', 'a b', ' a', 'a!', 'a'.repeat(129)])('can’t have the group "%s"', (name) => {
    expect(refusals({ groups: { [name]: group } })).toEqual([`groups.${name}: Invalid key in record`]);
    expect(policySchema.safeParse({ ...least, groups: { [name]: group } }).error?.issues[0]).toMatchObject({
      issues: [{ message: 'must be letters, digits, dots, dashes, underscores' }],
    });
  });

  it.each(['a', 'layerward/groups/A_b+c=d.e@f-1', 'a'.repeat(512)])('may take credentials from %s', (secret) => {
    expect(refusals(withGroup({ secret }))).toEqual([]);
  });

  it.each(['', 'a b', ' a', 'a ', 'a:b', 'a'.repeat(513)])('can’t take credentials from "%s"', (secret) => {
    expect(refusals(withGroup({ secret }))).toEqual([
      expect.stringMatching(/^groups\.default\.secret: Invalid string/),
    ]);
  });
});

describe('a policy beside its agents', () => {
  const other: Agent = { ...acmeGuard(), name: 'other-guard', parameters: { city: ['Rome'] } };
  const both: Agents = new Map([
    ['acme-guard', acmeGuard()],
    ['other-guard', other],
  ]);
  const found = (changes: Fields = {}, agents: Agents = both) =>
    checkPolicy(policyOf(changes), agents).map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('is as it should be where each group has what the agent asks for', () => {
    expect(found()).toEqual([]);
  });

  it('names an agent that there is', () => {
    expect(found({ agent: 'none' })).toEqual(['agent: there is no agent none; there is: acme-guard, other-guard']);
  });

  it('names default groups and groups of rules that there are', () => {
    expect(found({ groups: { a: group, b: group } })).toEqual([
      'defaultGroup: there is no group default; there is: a, b',
    ]);
    expect(
      found({
        rules: [
          { match: {}, group: 'default' },
          { match: {}, group: 'toString' },
        ],
      }),
    ).toEqual(['rules.1.group: there is no group toString; there is: default']);
  });

  it('names agents in rules that there are, whose groups have what they ask for too', () => {
    expect(found({ rules: [{ match: {} }, { match: {}, agent: 'none' }] })).toEqual([
      'rules.1.agent: there is no agent none; there is: acme-guard, other-guard',
    ]);
    expect(found(withRule({ agent: 'other-guard' }))).toEqual([
      'groups.default.parameters.city: the agent other-guard needs it; one of: Rome',
    ]);
    const parameters = { site: 'one', city: 'Rome' };
    expect(found({ ...withRule({ agent: 'other-guard' }), ...withGroup({ parameters }) })).toEqual([]);
  });

  it('has groups that say what the agent asks for, in values that the agent takes', () => {
    expect(found(withGroup({ parameters: {} }))).toEqual([
      'groups.default.parameters.site: the agent acme-guard needs it; one of: one, two',
    ]);
    expect(found(withGroup({ parameters: { site: 'three' } }))).toEqual([
      'groups.default.parameters.site: must be one of: one, two',
    ]);
  });

  it('has groups that say nothing that no agent asks for', () => {
    expect(found(withGroup({ parameters: { site: 'one', city: 'Rome' } }))).toEqual([
      'groups.default.parameters.city: no agent of this policy asks for it; they ask for: site',
    ]);
    const modest: Agents = new Map([['acme-guard', { ...acmeGuard(), parameters: {} }]]);
    expect(found({}, modest)).toEqual([
      'groups.default.parameters.site: no agent of this policy asks for it; they ask for: nothing',
    ]);
    expect(
      found({ ...withRule({ agent: 'other-guard' }), ...withGroup({ parameters: { site: 'one', x: '' } }) }),
    ).toEqual([
      'groups.default.parameters.city: the agent other-guard needs it; one of: Rome',
      'groups.default.parameters.x: no agent of this policy asks for it; they ask for: site, city',
    ]);
  });

  it('does not blame a group for what an agent that is not there may ask for', () => {
    const parameters = { site: 'one', city: 'Rome' };
    expect(found({ agent: 'none', ...withGroup({ parameters }) })).toEqual([
      'agent: there is no agent none; there is: acme-guard, other-guard',
    ]);
  });

  it('does not blame a group for that either where the agent of a rule is there', () => {
    const parameters = { site: 'one', city: 'Rome', x: '' };
    const rules = { rules: [{ match: {}, agent: 'other-guard' }] };
    expect(found({ agent: 'none', ...rules, ...withGroup({ parameters }) })).toEqual([
      'agent: there is no agent none; there is: acme-guard, other-guard',
    ]);
  });

  it('has settings of agents that there are, used or not', () => {
    expect(found({ agents: { none: {} } })).toEqual([
      'agents.none: there is no agent none; there is: acme-guard, other-guard',
    ]);
    expect(found({ agents: { 'other-guard': { variables: { STAGE: 'x' } } } })).toEqual([
      'agents.other-guard.variables.STAGE: is not a setting of other-guard: those start with ACME_',
    ]);
  });

  it.each([
    ['STAGE', 'x', 'is not a setting of acme-guard: those start with ACME_'],
    ['ACME_KEY', 'x', 'is a credential: it comes from the group’s secret'],
    ['ACME_HANDLER', 'x', 'is set by Layerward itself'],
    ['ACME_PROXY_PASSWORD', 'x', 'holds a secret, and a policy is no place for one; let teams set it themselves'],
    ['ACME_LEVEL', 'middle', 'the agent ignores this value; it takes: low, high'],
  ])('does not set %s to %s', (name, value, words) => {
    expect(found(withAgent({ variables: { [name]: value } }))).toEqual([
      `agents.acme-guard.variables.${name}: ${words}`,
    ]);
  });

  it('sets no value that no variable can have', () => {
    expect(found(withAgent({ variables: { ACME_MODE: 'a\0b' } }))).toEqual([
      'agents.acme-guard.variables.ACME_MODE: holds a NUL, which no variable can',
    ]);
  });

  it.each<[string, Fields]>([
    ['optIn.tag', { optIn: { tag: 'protect!' } }],
    ['optIn.value', { optIn: { value: 'yes!' } }],
    ['groupTag', { groupTag: 'group!' }],
  ])('asks for no tag that AWS does not take, by %s', (path, changes) => {
    expect(found(changes)).toEqual([`${path}: AWS takes only letters, digits, spaces and _ . : / = + - @ in tags`]);
  });

  it('sets what the agent takes, in any case', () => {
    expect(found(withAgent({ variables: { ACME_LEVEL: 'HIGH', ACME_MODE: 'watch', ACME_NEW: 'x' } }))).toEqual([]);
  });

  it.each([
    ['STAGE', 'is not a setting of acme-guard: those start with ACME_'],
    ['ACME_SECRET', 'is a credential: it comes from the group’s secret'],
    ['ACME_HANDLER', 'is set by Layerward itself'],
  ])('does not let teams choose %s', (name, words) => {
    expect(found(withAgent({ teamVariables: ['ACME_LEVEL', name] }))).toEqual([
      `agents.acme-guard.teamVariables.1: ${name} ${words}`,
    ]);
  });

  it('lets teams choose settings, also those that hold secrets', () => {
    expect(found(withAgent({ teamVariables: ['ACME_LEVEL', 'ACME_PROXY_PASSWORD'] }))).toEqual([]);
  });

  it('pins versions of the agent’s layers, and of no others', () => {
    expect(found(withAgent({ layers: { versions: { 'acme-node': 4, 'acme-python': 1 } } }))).toEqual([]);
    expect(found(withAgent({ layers: { versions: { 'acme-node': 4, node: 1 } } }))).toEqual([
      'agents.acme-guard.layers.versions.node: is not a layer of acme-guard; those are: acme-node, acme-python',
    ]);
  });
});

describe('what a policy says of a function', () => {
  const arn = { partition: 'aws', region: 'us-east-1', accountId: '111122223333', functionName: 'orders' };
  const agents = (): Agents => new Map([['acme-guard', acmeGuard()]]);
  const optedIn = { 'layerward:protect': 'on' };
  const said = (
    changes: Fields = {},
    values: Readonly<Record<string, string>> = optedIn,
    organizationalUnits?: readonly string[],
  ): Selection => select(policyOf(changes), agents(), { arn, organizationalUnits }, { readable: true, values });

  it('is everything that a look needs', () => {
    expect(said()).toStrictEqual({
      scope: 'in',
      mode: 'enforce',
      agent: acmeGuard(),
      layerSource: {
        accountId: '777788889999',
        partition: 'aws',
        regions: ['us-east-1', 'eu-west-1'],
        versions: {},
      },
      settings: { variables: {}, teamVariables: [] },
      groupName: 'default',
      group: { found: group },
    });
  });

  it.each([
    ['without tags', {}],
    ['with another value', { 'layerward:protect': 'off' }],
    ['with another key', { protect: 'on' }],
  ])('is that it did not opt in %s', (_, values) => {
    expect(said({}, values).scope).toBe('not-opted-in');
  });

  it('is that it did not opt in where nobody could read its tags', () => {
    const tags = { readable: false, errorCode: 'AccessDenied' } as const;
    const place = { arn, organizationalUnits: undefined };
    expect(select(policyOf(), agents(), place, tags)).toMatchObject({ scope: 'not-opted-in', groupName: 'default' });
  });

  it('is that it opted in by the tag that the policy names', () => {
    const optIn = { tag: 'guard', value: 'yes' };
    expect(said({ optIn }).scope).toBe('not-opted-in');
    expect(said({ optIn }, { guard: 'yes' }).scope).toBe('in');
  });

  it.each([
    ['its account', { accounts: ['444455556666', '111122223333'] }, 'excluded'],
    ['another account', { accounts: ['444455556666'] }, 'in'],
    ['its region', { regions: ['eu-west-1', 'us-east-1'] }, 'excluded'],
    ['another region', { regions: ['eu-west-1'] }, 'in'],
    ['its name', { functions: ['other', 'ord*'] }, 'excluded'],
    ['another name', { functions: ['other'] }, 'in'],
    ['its unit', { organizationalUnits: ['ou-ab12-00000000', 'ou-ab12-cdefgh34'] }, 'excluded'],
    ['another unit', { organizationalUnits: ['ou-ab12-00000000'] }, 'in'],
    ['another account, or its name', { accounts: ['444455556666'], functions: ['orders'] }, 'excluded'],
    ['nothing', { accounts: [], organizationalUnits: [], regions: [], functions: [] }, 'in'],
  ])('is whether it is left out, by %s', (_, exclude, scope) => {
    expect(said({ exclude }, optedIn, ['r-ab12', 'ou-ab12-cdefgh34']).scope).toBe(scope);
  });

  it('is that it is left out, whether it opted in or not', () => {
    expect(said({ exclude: { functions: ['*'] } }, {}).scope).toBe('excluded');
  });

  it.each([
    ['everything', {}, 'audit'],
    ['its account and region', { accounts: ['111122223333'], regions: ['us-east-1'] }, 'audit'],
    ['its account, but another region', { accounts: ['111122223333'], regions: ['eu-west-1'] }, 'enforce'],
    ['another account, but its region', { accounts: ['444455556666'], regions: ['us-east-1'] }, 'enforce'],
    ['its unit', { organizationalUnits: ['ou-ab12-cdefgh34'] }, 'audit'],
    ['its unit, but another name', { organizationalUnits: ['ou-ab12-cdefgh34'], functions: ['other'] }, 'enforce'],
    ['another unit', { organizationalUnits: ['ou-ab12-00000000'] }, 'enforce'],
    ['no unit', { organizationalUnits: [] }, 'audit'],
  ])('comes from a rule that matches %s, or not', (_, match, mode) => {
    expect(said(withRule({ match, mode: 'audit' }), optedIn, ['ou-ab12-cdefgh34']).mode).toBe(mode);
  });

  it('comes from the first rule that matches, and from the policy where that says nothing', () => {
    const rules = [
      { match: { functions: ['other'] }, mode: 'enforce' },
      { match: { functions: ['orders'] } },
      { match: {}, mode: 'enforce', agent: 'none', group: 'ruled' },
    ];
    expect(said({ mode: 'audit', rules })).toMatchObject({ mode: 'audit', agent: acmeGuard(), groupName: 'default' });
  });

  it('is the agent of the rule, with that agent’s settings', () => {
    const other: Agent = { ...acmeGuard(), name: 'other-guard', layerAccount: '999988887777' };
    const both: Agents = new Map([...agents(), ['other-guard', other]]);
    const settings = { variables: { ACME_LEVEL: 'low' }, teamVariables: ['ACME_MODE'] };
    const policy = policyOf({ ...withRule({ agent: 'other-guard' }), agents: { 'other-guard': settings } });
    const place = { arn, organizationalUnits: undefined };
    const selection = select(policy, both, place, { readable: true, values: optedIn });
    expect(selection).toMatchObject({ agent: other, settings, layerSource: { accountId: '999988887777' } });
  });

  it('can’t be told of an agent that is not there', () => {
    expect(() => said({ agent: 'none' })).toThrow(
      new TypeError('there is no agent none: the policy was not checked against the agents'),
    );
  });

  it('can’t be told by organizational units that nobody knows', () => {
    const exclude = { organizationalUnits: ['ou-ab12-cdefgh34', 'r-ab12'] };
    expect(() => said({ exclude })).toThrow(OrganizationalUnitsUnknown);
    expect(() => said({ exclude })).toThrow(PolicyUnusable);
    expect(() => said({ exclude })).toThrow(
      "the policy names organizational units (ou-ab12-cdefgh34, r-ab12), but this deployment can't see the organization: " +
        'name accounts instead, or deploy for the organization',
    );
    expect(said({ exclude: { organizationalUnits: [] } }).scope).toBe('in');
  });

  it('takes the group from the tag, else from the rule, else from the default', () => {
    const groups = { default: group, ruled: { ...group, secret: 'r' }, tagged: { ...group, secret: 't' } };
    const tags = { ...optedIn, 'layerward:group': 'tagged' };
    expect(said({ groups, ...withRule({ group: 'ruled' }) }, tags)).toMatchObject({
      groupName: 'tagged',
      group: { found: { secret: 't' } },
    });
    expect(said({ groups, ...withRule({ group: 'ruled' }) })).toMatchObject({
      groupName: 'ruled',
      group: { found: { secret: 'r' } },
    });
    expect(said({ groups }).groupName).toBe('default');
    expect(said({ groups, groupTag: 'team' }, { ...tags, team: 'ruled' }).groupName).toBe('ruled');
  });

  it.each(['nobody', 'toString'])('refuses the group %s, which is not there', (name) => {
    expect(said({}, { 'layerward:group': name }).group).toStrictEqual({ refused: `the policy has no group ${name}` });
  });

  it('refuses a group to accounts that may not use it', () => {
    expect(said(withGroup({ accounts: ['444455556666', '111122223333'] })).group).toHaveProperty('found');
    expect(said(withGroup({ accounts: ['444455556666'] })).group).toStrictEqual({
      refused: 'the policy does not let account 111122223333 use the group default',
    });
  });
});

describe('where layers come from', () => {
  it('is the vendor, where the policy names no mirror', () => {
    expect(layerSourceFor(policyOf(), acmeGuard())).toStrictEqual({
      accountId: '777788889999',
      partition: 'aws',
      regions: ['us-east-1', 'eu-west-1'],
      versions: {},
    });
  });

  it('is the mirror that the policy names', () => {
    const layers = {
      account: '444455556666',
      partition: 'aws-cn',
      regions: ['cn-north-1'],
      versions: { 'acme-node': 4 },
    };
    expect(layerSourceFor(policyOf(withAgent({ layers })), acmeGuard())).toStrictEqual({
      accountId: '444455556666',
      partition: 'aws-cn',
      regions: ['cn-north-1'],
      versions: { 'acme-node': 4 },
    });
  });
});

describe('organizational units', () => {
  const organizationalUnits = ['ou-ab12-cdefgh34'];

  it.each<[string, Fields, boolean]>([
    ['are not named by a policy that leaves nobody out', {}, false],
    ['are not named by an empty list', { exclude: { organizationalUnits: [] } }, false],
    ['are named by what is left out', { exclude: { organizationalUnits } }, true],
    ['are not named by a rule for accounts', withRule({ match: { accounts: ['111122223333'] } }), false],
    ['are named by a rule', { rules: [{ match: {} }, { match: { organizationalUnits } }] }, true],
  ])('%s', (_, changes, named) => {
    expect(namesOrganizationalUnits(policyOf(changes))).toBe(named);
  });
});

describe('a pattern', () => {
  it.each([
    ['orders', 'orders'],
    ['*', ''],
    ['*', 'orders'],
    ['**', 'orders'],
    ['orders*', 'orders'],
    ['orders**', 'orders'],
    ['*orders', 'orders'],
    ['*-prod', 'a-prod-prod'],
    ['a*b*c', 'a1b2bc'],
    ['a*b*c', 'abbbc'],
    ['o?ders', 'orders'],
    ['??', 'ab'],
    ['*?', 'a'],
    ['a*?c', 'abbc'],
  ])('%s fits "%s"', (pattern, name) => {
    expect(matchesName(pattern, name)).toBe(true);
  });

  it.each([
    ['orders', 'orders-2'],
    ['orders', 'order'],
    ['orders', 'Orders'],
    ['ab', 'cd'],
    ['?', ''],
    ['?', 'ab'],
    ['*-prod', 'orders-prod-2'],
    ['a*', 'ba'],
    ['a*b*c', 'ab'],
    ['a*b', 'ac'],
    ['order.', 'orders'],
    ['*?', ''],
  ])('%s does not fit "%s"', (pattern, name) => {
    expect(matchesName(pattern, name)).toBe(false);
  });
});
