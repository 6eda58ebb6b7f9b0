import { mirrorAccountId } from './agent-facts.ts';

/** What a policy says, in the terms that the simulation judges by; {@link policyDocument} writes it down for Layerward. */
export interface PolicyFacts {
  readonly mode: 'enforce' | 'audit';
  /** Places in which it is only audit. */
  readonly auditRegions: readonly string[];
  readonly auditUnits: readonly string[];
  /** Functions are left out whose name begins with one of these. */
  readonly excludedPrefixes: readonly string[];
  readonly excludedAccounts: readonly string[];
  readonly excludedUnits: readonly string[];
  readonly excludedRegions: readonly string[];
  /** Settings of the agent. */
  readonly variables: Readonly<Record<string, string>>;
  /** Settings that teams may choose. */
  readonly teamVariables: readonly string[];
  /** The version of the agent's layer for Python. */
  readonly pythonLayer: number;
  /** The account that mirrors the layers; the vendor's own, if absent. */
  readonly mirror: string | undefined;
  readonly contest: { readonly repairs: number; readonly withinMinutes: number };
  /** Whether what was deployed can't be used. */
  readonly isBroken: boolean;
}

/** A set of credentials, as the simulated policies have them. */
export interface GroupFacts {
  readonly secret: string;
  readonly cloudOneRegion: string;
  /** The accounts that may use it; all, if absent. */
  readonly accounts?: readonly string[];
}

/** The groups of every policy; `payments` is for one account only, and `spare` has no secret for most of the time. */
export const groups: Readonly<Record<string, GroupFacts>> = {
  default: { secret: 'layerward/groups/default', cloudOneRegion: 'us-1' },
  payments: { secret: 'layerward/groups/payments', cloudOneRegion: 'de-1', accounts: ['444455556666', '111122223333'] },
  spare: { secret: 'layerward/groups/spare', cloudOneRegion: 'jp-1' },
};

/** The secrets of the groups. */
export const secretNames = Object.values(groups).map(({ secret }) => secret);

/** A policy that says nothing special. */
export const plainPolicy: PolicyFacts = {
  mode: 'enforce',
  auditRegions: [],
  auditUnits: [],
  excludedPrefixes: [],
  excludedAccounts: [],
  excludedUnits: [],
  excludedRegions: [],
  variables: {},
  teamVariables: [],
  pythonLayer: 1,
  mirror: undefined,
  contest: { repairs: 5, withinMinutes: 60 },
  isBroken: false,
};

/** The ways in which policies of the simulation differ from the plain one. */
export const policyChanges: readonly [Partial<PolicyFacts>, ...Partial<PolicyFacts>[]] = [
  {},
  {},
  { mode: 'audit' },
  { auditRegions: ['eu-west-1'] },
  { auditUnits: ['ou-lw01-sandbox01'] },
  { excludedPrefixes: ['function-1'] },
  { excludedAccounts: ['777788889999'] },
  { excludedUnits: ['ou-lw01-sandbox01'] },
  { excludedRegions: ['eu-west-1'] },
  { variables: { TREND_AP_HTTP_TIMEOUT: '9' } },
  { variables: { TREND_AP_LOG_LEVEL: 'info', TREND_AP_LOG_FILE: '/tmp/agent.log' } },
  { teamVariables: ['TREND_AP_LOG_FILE', 'TREND_AP_LOG_LEVEL'] },
  { pythonLayer: 2 },
  { mirror: mirrorAccountId },
  { contest: { repairs: 2, withinMinutes: 30 } },
  { isBroken: true },
];

/** The policy as AppConfig has it. */
export function policyDocument(facts: PolicyFacts): string {
  if (facts.isBroken) return '{"version": 1, "agent": "no-such-agent", "groups": {}}';
  const layers = {
    ...(facts.mirror === undefined ? {} : { account: facts.mirror }),
    ...(facts.pythonLayer === 1 ? {} : { versions: { 'CloudOne-ApplicationSecurity-python': facts.pythonLayer } }),
  };
  return JSON.stringify({
    version: 1,
    mode: facts.mode,
    agent: 'trend-application-security',
    groups: Object.fromEntries(
      Object.entries(groups).map(([name, { secret, cloudOneRegion, accounts }]) => [
        name,
        { secret, parameters: { cloudOneRegion }, ...(accounts ? { accounts } : {}) },
      ]),
    ),
    agents: {
      'trend-application-security': { layers, variables: facts.variables, teamVariables: facts.teamVariables },
    },
    exclude: {
      ...(facts.excludedPrefixes.length > 0 ? { functions: facts.excludedPrefixes.map((prefix) => `${prefix}*`) } : {}),
      ...(facts.excludedAccounts.length > 0 ? { accounts: facts.excludedAccounts } : {}),
      ...(facts.excludedUnits.length > 0 ? { organizationalUnits: facts.excludedUnits } : {}),
      ...(facts.excludedRegions.length > 0 ? { regions: facts.excludedRegions } : {}),
    },
    rules: [
      ...(facts.auditRegions.length > 0 ? [{ match: { regions: facts.auditRegions }, mode: 'audit' }] : []),
      ...(facts.auditUnits.length > 0 ? [{ match: { organizationalUnits: facts.auditUnits }, mode: 'audit' }] : []),
    ],
    contest: facts.contest,
  });
}
