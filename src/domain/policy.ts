import * as z from 'zod';
import { type Agent, type Agents, awsRegion, type LayerSource, redirectsOf, variableName } from './agent.ts';
import { PolicyUnusable } from './errors.ts';
import type { FunctionArn } from './function-arn.ts';
import type { Tags } from './snapshot.ts';
import { tagTrouble } from './tag-text.ts';

const accountId = z.string().regex(/^\d{12}$/, 'must be an account id: 12 digits, in quotes');
const organizationalUnit = z
  .string()
  .regex(/^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$/, 'must be the id of an organizational unit or root');
const functionPattern = z
  .string()
  .regex(/^[A-Za-z0-9_*?-]{1,140}$/, 'must be a function name, where * stands for any characters and ? for one');
const tagKey = z.string().min(1).max(128);
const mode = z
  .enum(['enforce', 'audit'])
  .describe('enforce: drift is put right. audit: drift is recorded and announced, and nothing is changed.');

const places = {
  accounts: z.array(accountId).describe('Account ids.'),
  organizationalUnits: z.array(organizationalUnit).describe('Ids of organizational units, their children included.'),
  regions: z.array(awsRegion).describe('Regions.'),
  functions: z.array(functionPattern).describe('Function names; * and ? are wildcards.'),
};

/** The policy: who opted in, which agent, which group, enforce or audit, who is left out. */
export const policySchema = z.strictObject({
  version: z.literal(1).describe('The version of this format.'),
  mode: mode.default('enforce'),
  agent: z.string().min(1).describe('The agent that is attached: the name of a file in agents/.'),
  optIn: z
    .strictObject({ tag: tagKey.default('layerward:protect'), value: z.string().max(256).default('on') })
    .prefault({})
    .describe('The tag by which a function opts in. Key and value must match exactly.'),
  groupTag: tagKey.default('layerward:group').describe('The tag that names the group; without it, defaultGroup.'),
  defaultGroup: z.string().min(1).default('default'),
  groups: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'must be letters, digits, dots, dashes, underscores'),
      z.strictObject({
        secret: z
          .string()
          .regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/)
          .describe('Name of the Secrets Manager secret that holds {"key": "...", "secret": "..."}.'),
        parameters: z.record(z.string(), z.string()).default({}).describe('What the agent asks of a group.'),
        accounts: z.array(accountId).min(1).optional().describe('Accounts that may use it; every account if left out.'),
      }),
    )
    .refine((groups) => Object.keys(groups).length > 0, 'must name at least one group')
    .describe('Sets of agent credentials.'),
  agents: z
    .record(
      z.string(),
      z.strictObject({
        layers: z
          .strictObject({
            account: accountId.optional().describe('An account that mirrors the layers.'),
            partition: z.enum(['aws', 'aws-us-gov', 'aws-cn', 'aws-eusc']).optional(),
            regions: z
              .array(awsRegion)
              .min(1)
              .optional()
              .describe('Where the mirror has them, in place of the vendor’s.'),
            versions: z.record(z.string(), z.int().positive()).optional().describe('Layer name → version.'),
          })
          .prefault({})
          .describe('Layers other than those that the vendor publishes.'),
        variables: z.record(variableName, z.string()).default({}).describe('Further settings, or other values.'),
        teamVariables: z.array(variableName).default([]).describe('Settings that teams may choose themselves.'),
      }),
    )
    .default({})
    .describe('What this organization changes about an agent.'),
  exclude: z
    .strictObject(places)
    .partial()
    .prefault({})
    .describe('Functions that are left alone, opted in or not: any one entry that fits is enough.'),
  rules: z
    .array(
      z.strictObject({
        match: z.strictObject(places).partial().describe('All that is named here must fit.'),
        mode: mode.optional(),
        agent: z.string().min(1).optional(),
        group: z.string().min(1).optional().describe('Used where no group tag is set.'),
      }),
    )
    .default([])
    .describe('Exceptions, in order: the first one that fits counts.'),
  contest: z
    .strictObject({
      repairs: z.int().min(1).max(100).default(5),
      withinMinutes: z.int().min(1).max(10_080).default(60),
    })
    .prefault({})
    .describe('A function that was put right this often within this time, and undone again, is left to people.'),
});

/** A policy, checked by its schema and with defaults filled in. */
export type Policy = z.output<typeof policySchema>;
/** Whether drift is put right or only reported. */
export type Mode = Policy['mode'];
/** A set of agent credentials and who may use it. */
export type Group = Policy['groups'][string];

/** Something that is wrong with a document: where, and what. */
export interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Checks what no schema can: that the agents exist, that each group gives what the agents ask for, that settings are
 * the agent's own and have values that the agent takes (it ignores others without a word).
 */
export function checkPolicy(policy: Policy, agents: Agents): Finding[] {
  const findings: Finding[] = [];
  const selectable = new Set<string>([policy.agent]);
  const agentNamed = (name: string, path: Finding['path']) => {
    if (agents.has(name)) selectable.add(name);
    else findings.push({ path, message: `there is no agent ${name}; there is: ${[...agents.keys()].join(', ')}` });
  };
  const groupNamed = (name: string, path: Finding['path']) => {
    if (!Object.hasOwn(policy.groups, name))
      findings.push({ path, message: `there is no group ${name}; there is: ${Object.keys(policy.groups).join(', ')}` });
  };
  for (const [text, ...path] of [
    [policy.optIn.tag, 'optIn', 'tag'],
    [policy.optIn.value, 'optIn', 'value'],
    [policy.groupTag, 'groupTag'],
  ] as const) {
    const trouble = tagTrouble(text);
    if (trouble) findings.push({ path, message: trouble });
  }
  agentNamed(policy.agent, ['agent']);
  groupNamed(policy.defaultGroup, ['defaultGroup']);
  policy.rules.forEach((rule, index) => {
    if (rule.agent !== undefined) agentNamed(rule.agent, ['rules', index, 'agent']);
    if (rule.group !== undefined) groupNamed(rule.group, ['rules', index, 'group']);
  });
  for (const name of selectable) {
    const agent = agents.get(name);
    if (agent) findings.push(...checkGroups(policy, agent));
  }
  const areKnown = [...selectable].every((name) => agents.has(name));
  const asked = new Set([...selectable].flatMap((name) => Object.keys(agents.get(name)?.parameters ?? {})));
  for (const [groupName, group] of Object.entries(policy.groups))
    for (const name of Object.keys(group.parameters))
      if (areKnown && !asked.has(name))
        findings.push({
          path: ['groups', groupName, 'parameters', name],
          message: `no agent of this policy asks for it; they ask for: ${[...asked].join(', ') || 'nothing'}`,
        });
  for (const [name, settings] of Object.entries(policy.agents)) {
    const agent = agents.get(name);
    if (agent) findings.push(...checkSettings(settings, agent));
    else agentNamed(name, ['agents', name]);
  }
  return findings;
}

function checkGroups(policy: Policy, agent: Agent): Finding[] {
  const findings: Finding[] = [];
  for (const [groupName, group] of Object.entries(policy.groups))
    for (const [parameter, allowed] of Object.entries(agent.parameters)) {
      const value = Object.hasOwn(group.parameters, parameter) ? group.parameters[parameter] : undefined;
      const path = ['groups', groupName, 'parameters', parameter];
      if (value === undefined)
        findings.push({ path, message: `the agent ${agent.name} needs it; one of: ${allowed.join(', ')}` });
      else if (!allowed.includes(value)) findings.push({ path, message: `must be one of: ${allowed.join(', ')}` });
    }
  return findings;
}

function checkSettings(settings: Policy['agents'][string], agent: Agent): Finding[] {
  const findings: Finding[] = [];
  const activationVariables = redirectsOf(agent).map(({ originalHandlerVariable }) => originalHandlerVariable);
  const refusal = (name: string): string | undefined => {
    if (!name.startsWith(agent.settings.prefix))
      return `is not a setting of ${agent.name}: those start with ${agent.settings.prefix}`;
    if (Object.hasOwn(agent.credentials, name)) return 'is a credential: it comes from the group’s secret';
    if (activationVariables.includes(name)) return 'is set by Layerward itself';
    return undefined;
  };
  for (const [name, value] of Object.entries(settings.variables)) {
    const path = ['agents', agent.name, 'variables', name];
    const allowed = agent.settings.allowed[name];
    const refused = refusal(name);
    if (refused) findings.push({ path, message: refused });
    else if (agent.settings.sensitive.includes(name))
      findings.push({ path, message: 'holds a secret, and a policy is no place for one; let teams set it themselves' });
    else if (allowed && !allowed.includes(value.toLowerCase()))
      findings.push({ path, message: `the agent ignores this value; it takes: ${allowed.join(', ')}` });
    else if (value.includes('\0')) findings.push({ path, message: 'holds a NUL, which no variable can' });
  }
  settings.teamVariables.forEach((name, index) => {
    const refused = refusal(name);
    if (refused) findings.push({ path: ['agents', agent.name, 'teamVariables', index], message: `${name} ${refused}` });
  });
  const layerNames = new Set(agent.variants.map((variant) => variant.layer.name));
  for (const name of Object.keys(settings.layers.versions ?? {}))
    if (!layerNames.has(name))
      findings.push({
        path: ['agents', agent.name, 'layers', 'versions', name],
        message: `is not a layer of ${agent.name}; those are: ${[...layerNames].join(', ')}`,
      });
  return findings;
}

/** Where a function is: its ARN, and the organizational units of its account (`undefined` where nobody can tell). */
export interface Place {
  readonly arn: FunctionArn;
  readonly organizationalUnits: readonly string[] | undefined;
}

/** What the policy says of one function. */
export interface Selection {
  readonly scope: 'in' | 'excluded' | 'not-opted-in';
  readonly mode: Mode;
  readonly agent: Agent;
  readonly layerSource: LayerSource;
  readonly settings: {
    readonly variables: Policy['agents'][string]['variables'];
    readonly teamVariables: readonly string[];
  };
  readonly groupName: string;
  /** The group, or why the function can't have it. */
  readonly group: { readonly found: Group } | { readonly refused: string };
}

/** The policy names organizational units, and nobody can say which ones the account is in. */
export class OrganizationalUnitsUnknown extends PolicyUnusable {}

/** Whether the policy names organizational units anywhere, so that somebody has to ask for them. */
export function namesOrganizationalUnits(policy: Policy): boolean {
  return [policy.exclude, ...policy.rules.map(({ match }) => match)].some(
    ({ organizationalUnits }) => (organizationalUnits ?? []).length > 0,
  );
}

/** Works out what the policy says of a function at this place with these tags. Tags must have been readable. */
export function select(policy: Policy, agents: Agents, place: Place, tags: Tags): Selection {
  const rule = policy.rules.find((candidate) => matchesAll(candidate.match, place));
  const agentName = rule?.agent ?? policy.agent;
  const agent = agents.get(agentName);
  if (!agent) throw new TypeError(`there is no agent ${agentName}: the policy was not checked against the agents`);
  const settings = policy.agents[agentName];
  // A tag may be called what every object has.
  const tagOf = (key: string) => (tags.readable && Object.hasOwn(tags.values, key) ? tags.values[key] : undefined);
  const groupName = tagOf(policy.groupTag) ?? rule?.group ?? policy.defaultGroup;
  return {
    scope: matchesAny(policy.exclude, place)
      ? 'excluded'
      : tagOf(policy.optIn.tag) === policy.optIn.value
        ? 'in'
        : 'not-opted-in',
    mode: rule?.mode ?? policy.mode,
    agent,
    layerSource: layerSourceFor(policy, agent),
    settings: { variables: settings?.variables ?? {}, teamVariables: settings?.teamVariables ?? [] },
    groupName,
    group: findGroup(policy, groupName, place.arn.accountId),
  };
}

/** Where the policy has an agent's layers come from: the vendor, or a mirror. */
export function layerSourceFor(policy: Policy, agent: Agent): LayerSource {
  const layers = policy.agents[agent.name]?.layers;
  return {
    accountId: layers?.account ?? agent.layerAccount,
    partition: layers?.partition ?? agent.partition,
    regions: layers?.regions ?? agent.regions,
    versions: layers?.versions ?? {},
  };
}

function findGroup(policy: Policy, name: string, account: string): Selection['group'] {
  const group = Object.hasOwn(policy.groups, name) ? policy.groups[name] : undefined;
  if (!group) return { refused: `the policy has no group ${name}` };
  if (group.accounts && !group.accounts.includes(account))
    return { refused: `the policy does not let account ${account} use the group ${name}` };
  return { found: group };
}

type Places = Policy['exclude'];

/** The four kinds of place: whether each one that is named fits. */
function fits(match: Places, place: Place): boolean[] {
  const answers: boolean[] = [];
  if (match.accounts) answers.push(match.accounts.includes(place.arn.accountId));
  if (match.organizationalUnits?.length) {
    const units = place.organizationalUnits;
    if (!units)
      throw new OrganizationalUnitsUnknown(
        `the policy names organizational units (${match.organizationalUnits.join(', ')}), but this deployment can't see ` +
          'the organization: name accounts instead, or deploy for the organization',
      );
    answers.push(match.organizationalUnits.some((unit) => units.includes(unit)));
  }
  if (match.regions) answers.push(match.regions.some((region) => region === place.arn.region));
  if (match.functions) answers.push(match.functions.some((pattern) => matchesName(pattern, place.arn.functionName)));
  return answers;
}

const matchesAny = (match: Places, place: Place) => fits(match, place).some(Boolean);
const matchesAll = (match: Places, place: Place) => fits(match, place).every(Boolean);

/** Whether a name fits a pattern, where `*` stands for any characters and `?` for one. */
export function matchesName(pattern: string, name: string): boolean {
  let rest = 0;
  let retryPattern = -1;
  let retryName = 0;
  let at = 0;
  while (rest < name.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      retryPattern = at++;
      retryName = rest;
    } else if (wanted === '?' || wanted === name[rest]) {
      at++;
      rest++;
    } else if (retryPattern >= 0) {
      at = retryPattern + 1;
      rest = ++retryName;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
