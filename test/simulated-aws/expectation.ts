import { isDeepStrictEqual } from 'node:util';
import {
  type Activation,
  activationFor,
  agentLayerArn,
  credentialVariables,
  handlerVariable,
  helloUrl,
  isAgentLayer,
  isDisabling,
  redirectHandler,
  servedRegions,
  standardVariables,
  wrapperName,
  wrapperScript,
} from './agent-facts.ts';
import type { SecretValue } from './configuration-model.ts';
import type { Configuration, LiveFunction, Shape } from './lambda-model.ts';
import { type AccountFacts, hubAccountId, unitsOf } from './organization-model.ts';
import { groups, type PolicyFacts } from './policy-facts.ts';

/*
 * What Layerward should make of a function, worked out from the documents: docs/decisions.md, docs/policy.md and the
 * vendor's page. Nothing here comes from src/, so that it can disagree with what is there.
 */

/** The tags by which functions opt in and choose their group. */
export const optInTag = { name: 'layerward:protect', value: 'on' } as const;
export const groupTag = 'layerward:group';

/** All that decides over a function, beside itself. */
export interface Circumstances {
  readonly policy: PolicyFacts;
  readonly tags: Readonly<Record<string, string>>;
  readonly account: AccountFacts | undefined;
}

/** The secrets by name. */
export type Secrets = Readonly<Record<string, SecretValue>>;

type Located = Pick<LiveFunction, 'accountId' | 'region' | 'functionName'>;

/** Whether it is one of Layerward's own functions. */
export function isOwn({ accountId, region, functionName }: Located): boolean {
  return accountId === hubAccountId && region === 'us-east-1' && functionName.startsWith('layerward-');
}

/** Whether the policy and its tag have a function in scope. */
export function scopeOf(
  one: Located,
  { policy, tags, account }: Circumstances,
): 'in' | 'self' | 'excluded' | 'not-opted-in' {
  if (isOwn(one)) return 'self';
  const isExcluded =
    policy.excludedAccounts.includes(one.accountId) ||
    policy.excludedRegions.includes(one.region) ||
    policy.excludedPrefixes.some((prefix) => one.functionName.startsWith(prefix)) ||
    policy.excludedUnits.some((unit) => unitsOf(account).includes(unit));
  if (isExcluded) return 'excluded';
  return tags[optInTag.name] === optInTag.value ? 'in' : 'not-opted-in';
}

/** Whether drift is put right in this place, or only reported. */
export function modeOf({ region }: Located, { policy, account }: Circumstances): 'enforce' | 'audit' {
  const isRuled =
    policy.auditRegions.includes(region) || policy.auditUnits.some((unit) => unitsOf(account).includes(unit));
  return isRuled ? 'audit' : policy.mode;
}

/** Why the agent can't run on a function. */
export function unsupportedReason(
  { region }: Located,
  { packageType, masterArn, runtime, architecture }: Configuration,
): 'container-image' | 'lambda-edge' | 'runtime' | 'architecture' | 'region' | undefined {
  if (packageType === 'Image') return 'container-image';
  if (masterArn !== undefined) return 'lambda-edge';
  if (!activationFor(runtime)) return 'runtime';
  if (architecture !== 'x86_64') return 'architecture';
  if (!servedRegions.includes(region)) return 'region';
  return undefined;
}

/** The credentials that a function gets, or why it gets none. */
export function credentialsOf(
  { accountId }: Located,
  tags: Readonly<Record<string, string>>,
  secrets: Secrets,
): { readonly key: string; readonly secret: string } | undefined {
  const group = groups[tags[groupTag] ?? 'default'];
  if (!group || (group.accounts && !group.accounts.includes(accountId))) return undefined;
  const value = secrets[group.secret];
  return value === 'malformed' ? undefined : value;
}

/** What is put on a function of this runtime. */
export interface Goal {
  readonly activation: Activation;
  readonly layerArn: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<string, string>> | undefined;
  readonly teamVariables: readonly string[];
}

/** The goal for a function that the agent serves. */
export function goalFor(
  one: Located,
  { runtime }: Pick<Configuration, 'runtime'>,
  { policy, tags }: Circumstances,
  credentials: { readonly key: string; readonly secret: string } | undefined,
): Goal {
  const found = activationFor(runtime);
  if (!found) throw new Error(`the agent does not run on ${runtime}`);
  const { layer, activation } = found;
  const group = groups[tags[groupTag] ?? 'default'];
  return {
    activation,
    layerArn: agentLayerArn(one.region, layer, layer === 'python' ? policy.pythonLayer : 1, policy.mirror),
    variables: {
      ...(activation === 'wrapper' ? { [wrapperName]: wrapperScript } : {}),
      ...standardVariables,
      ...(group ? { TREND_AP_HELLO_URL: helloUrl(group.cloudOneRegion) } : {}),
      ...policy.variables,
    },
    credentials: credentials && {
      [credentialVariables.key]: credentials.key,
      [credentialVariables.secret]: credentials.secret,
    },
    teamVariables: policy.teamVariables,
  };
}

/** The variables of a protected function: the team's, with the goal's laid over. */
export function variablesWith(team: Shape, goal: Goal): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(team.variables)) {
    const isChosen = goal.teamVariables.includes(name) || Object.hasOwn(goal.variables, name);
    const isForeign =
      goal.activation === 'wrapper' ? name === handlerVariable : name === wrapperName && value === wrapperScript;
    if (!isForeign && (isChosen || !isDisabling(name, value))) variables[name] = value;
  }
  for (const [name, value] of Object.entries(goal.variables))
    if (!(goal.teamVariables.includes(name) && Object.hasOwn(team.variables, name))) variables[name] = value;
  if (goal.activation === 'redirect' && team.handler !== undefined) variables[handlerVariable] = team.handler;
  return { ...variables, ...goal.credentials };
}

/**
 * The variables that a function should have, as far as a listing can tell: where the team may choose, what Layerward left
 * before it might may stay until something else is to be done.
 */
export function wantedVariables(goal: Goal, { team, left, variables }: Configuration): Record<string, string> {
  const wanted = variablesWith(team, goal);
  for (const name of goal.teamVariables) {
    const value = variables[name];
    if (value !== undefined && left?.variables[name] === value) wanted[name] = value;
  }
  return wanted;
}

/** How a function differs from one that is protected as this goal has it; nothing, where it does not. */
export function differenceFrom(goal: Goal, { team, ...now }: Configuration): string | undefined {
  const handler = goal.activation === 'redirect' ? redirectHandler : team.handler;
  if (now.handler !== handler) return `its Handler is ${now.handler}, and should be ${handler}`;
  const layers = differenceOfLayers(goal, team.layers, now.layers);
  return layers ?? differenceOfVariables(wantedVariables(goal, { team, ...now }), now.variables);
}

function differenceOfLayers(goal: Goal, team: readonly string[], now: readonly string[]): string | undefined {
  const theirs = (layers: readonly string[]) => layers.filter((arn) => !isAgentLayer(arn));
  if (!isDeepStrictEqual(theirs(now), theirs(team)))
    return `the team's layers are ${theirs(team).join() || 'none'}, and it has ${theirs(now).join() || 'none'}`;
  const agents = now.filter(isAgentLayer);
  return agents.length === 1 && agents[0] === goal.layerArn
    ? undefined
    : `it should have ${goal.layerArn}, and has ${agents.join() || 'none'}`;
}

/** The first name by which two sets of variables differ; never a value, since some are credentials. */
export function differenceOfVariables(
  wanted: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string | undefined {
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(now)])) {
    if (wanted[name] === now[name]) continue;
    if (wanted[name] === undefined) return `it has the variable ${name}, which should not be there`;
    return now[name] === undefined ? `the variable ${name} is missing` : `the variable ${name} has another value`;
  }
  return undefined;
}

/** How a function differs from what its team has made of it; nothing, where it is the same to the byte. */
export function differenceFromTeam(configuration: Configuration): string | undefined {
  const { team, left, handler, layers, variables } = configuration;
  if (handler !== team.handler) return `its Handler is ${handler}, and the team's is ${team.handler}`;
  if (!isDeepStrictEqual(layers, team.layers))
    return `its layers are ${layers.join() || 'none'}, and the team's are ${team.layers.join() || 'none'}`;
  if (!left) return differenceOfVariables(team.variables, variables);
  const unknown = { ...left.maybe, ...takenFrom(configuration) };
  const isEither = (name: string) =>
    Object.hasOwn(unknown, name) &&
    team.variables[name] === left.team.variables[name] &&
    (variables[name] === undefined || variables[name] === unknown[name]);
  const certain = (all: Shape['variables']) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !isEither(name)));
  return differenceOfVariables(certain(team.variables), certain(variables));
}

/**
 * The variables of the team's that Layerward had taken off, where somebody has since taken off everything of Layerward's:
 * they are given back only where it takes off what is its own.
 */
export function takenFrom(configuration: Configuration): Shape['variables'] {
  const { team, left, variables } = configuration;
  if (!left || bearsSomething(configuration)) return {};
  const taken = Object.entries(team.variables).filter(
    ([name]) => left.variables[name] === undefined && variables[name] === undefined,
  );
  return Object.fromEntries(taken);
}

/** Whether anything that Layerward brought is still there. */
function bearsSomething({ team, left, handler, layers, variables }: Configuration): boolean {
  if (!left) return false;
  return (
    left.layers.some((arn) => !team.layers.includes(arn) && layers.includes(arn)) ||
    (left.handler !== team.handler && handler === left.handler) ||
    Object.entries(left.variables).some(([name, value]) => team.variables[name] !== value && variables[name] === value)
  );
}

/** Whether something is on a function that Layerward put there, and that nobody has taken off. */
export function hasOurs(configuration: Configuration): boolean {
  return configuration.left !== undefined && differenceFromTeam(configuration) !== undefined;
}
