import {
  type Agent,
  agentLayer,
  fillParameters,
  type LayerSource,
  redirectOf,
  redirectsOf,
  type Variant,
  wrapperScripts,
  wrapperVariable,
} from './agent.ts';
import type { Attachment, Shape } from './attachment.ts';
import type { FunctionArn } from './function-arn.ts';
import { formatLayerArn, isSameLayer, parseLayerArn } from './layer-arn.ts';
import type { Group, Selection } from './policy.ts';
import { handlerWithout, release, withEntryPoints } from './release.ts';

/** The credentials of a group, as its secret holds them. */
export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

/** What the policy and the agent want on one function. */
export interface Goal {
  readonly agent: Agent;
  readonly variant: Variant;
  readonly groupName: string;
  readonly layerSource: LayerSource;
  readonly layerArn: string;
  /** Variables that are no secret, the wrapper included, the original Handler left out. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables that hold credentials. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Variables that the team may set itself. */
  readonly teamVariables: readonly string[];
}

/** Puts together what a function of this variant should have. `credentials` may be missing where they don't matter yet. */
export function goalFor(
  arn: FunctionArn,
  selection: Selection,
  variant: Variant,
  group: Group | undefined,
  credentials: Credentials | undefined,
): Goal {
  const { agent, layerSource } = selection;
  const templates = { ...agent.variables, ...(variant.regionAware ? {} : agent.regionVariables) };
  const variables: Record<string, string> = {};
  if (variant.activation.type === 'exec-wrapper') variables[wrapperVariable] = variant.activation.script;
  if (group)
    for (const [name, template] of Object.entries(templates))
      variables[name] = fillParameters(template, group.parameters);
  // The policy's values are taken as they are.
  Object.assign(variables, selection.settings.variables);
  const secrets: Record<string, string> = {};
  if (credentials) for (const [name, field] of Object.entries(agent.credentials)) secrets[name] = credentials[field];
  return {
    agent,
    variant,
    groupName: selection.groupName,
    layerSource,
    layerArn: formatLayerArn({
      partition: layerSource.partition,
      region: arn.region,
      accountId: layerSource.accountId,
      layerName: variant.layer.name,
      version: layerSource.versions[variant.layer.name] ?? variant.layer.version,
    }),
    variables,
    secrets,
    teamVariables: selection.settings.teamVariables,
  };
}

/** What a function should look like, or that its original Handler is known to nobody. */
export interface Target {
  readonly shape: Shape;
  readonly originalHandlerLost: boolean;
}

/**
 * What the function should look like: the team's own configuration with the goal on top. The team's layers keep their
 * order; ours goes to the end, or to the place of an older one of ours. Only variables of the agent's are touched.
 * Reaching the target and asking again gives the same target.
 */
export function targetFor(goal: Goal, current: Shape, attachment: Attachment | undefined): Target {
  const base = attachment && attachment.agent !== goal.agent.name ? release(current, attachment) : current;
  const former = attachment?.agent === goal.agent.name ? attachment : undefined;
  const original = originalHandler(goal.agent, base, former);
  const redirect = redirectOf(goal.variant);
  const variables = variablesWithout(goal, base.variables, former);
  if (redirect && original !== undefined) variables[redirect.originalHandlerVariable] = original;
  for (const [name, value] of Object.entries(goal.variables)) {
    // What we put there ourselves, before teams could choose, is no choice of theirs.
    const isOurs = former !== undefined && variables[name] === former.applied.variables[name];
    const theirs = isOurs ? former.before.variables[name] : variables[name];
    variables[name] = goal.teamVariables.includes(name) ? (theirs ?? value) : value;
  }
  Object.assign(variables, goal.secrets);
  return {
    shape: { handler: redirect?.handler ?? original, layers: layersWith(goal, base.layers, former), variables },
    originalHandlerLost: original === undefined,
  };
}

/** The Handler that the team's code has: on the function, or kept in the agent's variable, or known from the record. */
function originalHandler(agent: Agent, current: Shape, former: Attachment | undefined): string | undefined {
  const redirects = redirectsOf(agent);
  const isRedirect = (handler: string | undefined) =>
    handler === undefined ||
    handler === '' ||
    (former?.applied.handlerVariable !== undefined && handler === former.applied.handler) ||
    redirects.some((redirect) => redirect.handler === handler);
  const keepers = redirects.map((redirect) => redirect.originalHandlerVariable);
  if (former?.applied.handlerVariable) keepers.push(former.applied.handlerVariable);
  return [
    current.handler,
    ...keepers.map((name) => current.variables[name]),
    ...keepers.map((name) => former?.applied.variables[name]),
    former?.before.handler,
  ].find((handler) => !isRedirect(handler));
}

/** Tells the agent's layers, and the one that we put when the policy named another account, from the team's. */
function ownLayers(goal: Goal, former: Attachment | undefined): (arn: string) => boolean {
  const formerLayer = former && parseLayerArn(former.applied.layerArn);
  return (arn) => {
    const layer = parseLayerArn(arn);
    return (
      agentLayer(goal.agent, goal.layerSource, arn) !== undefined ||
      (layer !== undefined && formerLayer !== undefined && isSameLayer(layer, formerLayer))
    );
  };
}

function layersWith(goal: Goal, layers: readonly string[], former: Attachment | undefined): string[] {
  const isOurs = ownLayers(goal, former);
  const place = layers.includes(goal.layerArn) ? layers.indexOf(goal.layerArn) : layers.findIndex(isOurs);
  const result = layers.flatMap((arn, index) => (index === place ? [goal.layerArn] : isOurs(arn) ? [] : [arn]));
  return place < 0 ? [...result, goal.layerArn] : result;
}

/** The variables less what is ours and no longer wanted: another variant's, an earlier goal's, what disables the agent. */
function variablesWithout(
  goal: Goal,
  current: Readonly<Record<string, string>>,
  former: Attachment | undefined,
): Record<string, string> {
  const variables: Record<string, string> = { ...current };
  if (!redirectOf(goal.variant))
    for (const { originalHandlerVariable } of redirectsOf(goal.agent)) delete variables[originalHandlerVariable];
  const isWrapped = wrapperScripts(goal.agent).some((script) => script === variables[wrapperVariable]);
  if (isWrapped && !Object.hasOwn(goal.variables, wrapperVariable)) delete variables[wrapperVariable];
  if (former) {
    const { applied, before } = former;
    for (const [name, value] of Object.entries(applied.variables)) {
      if (variables[name] !== value) continue;
      const theirs = before.variables[name];
      if (theirs === undefined) delete variables[name];
      else variables[name] = theirs;
    }
    for (const name of applied.secretVariables) delete variables[name];
  }
  for (const [name, values] of Object.entries(goal.agent.settings.disabling)) {
    const value = variables[name];
    if (value === undefined || Object.hasOwn(goal.variables, name) || goal.teamVariables.includes(name)) continue;
    if (values.length === 0 || values.includes(value.toLowerCase())) delete variables[name];
  }
  return variables;
}

/** What will have been put on the function once the target is reached, and what the team gets back then. */
export function attachmentFor(
  goal: Goal,
  target: Shape,
  current: Shape,
  attachment: Attachment | undefined,
): Attachment {
  const base = attachment && attachment.agent !== goal.agent.name ? release(current, attachment) : current;
  const former = attachment?.agent === goal.agent.name ? attachment : undefined;
  const handlerVariable = redirectOf(goal.variant)?.originalHandlerVariable;
  const isSecret = (name: string) => Object.hasOwn(goal.secrets, name) || goal.agent.settings.sensitive.includes(name);
  const ours: Record<string, string> = {};
  // A value that the team chose by right differs from the goal's, and is not ours to take away.
  for (const [name, value] of Object.entries(target.variables))
    if (!isSecret(name) && (value === goal.variables[name] || name === handlerVariable)) ours[name] = value;
  return {
    agent: goal.agent.name,
    variant: goal.variant.name,
    group: goal.groupName,
    ...(former?.isRebuilt ? { isRebuilt: true } : {}),
    applied: {
      layerArn: goal.layerArn,
      ...(target.handler === undefined ? {} : { handler: target.handler }),
      ...(handlerVariable === undefined ? {} : { handlerVariable }),
      variables: ours,
      secretVariables: Object.keys(goal.secrets).filter(
        (name) => former?.applied.secretVariables.includes(name) || base.variables[name] !== goal.secrets[name],
      ),
    },
    before: {
      ...handlerBefore(goal, base, former),
      layers: layersBefore(goal, base.layers, former),
      variables: variablesBefore(base.variables, target.variables, ours, former, isSecret),
    },
  };
}

/**
 * The team's values in our places, and of what we took off. What is still as we left it says nothing new about the
 * team's wish, so what the record knows stays; what differs was changed by the team, and is what it gets back. What is as
 * we would put it now counts as left by us, too: a record may be older than what is on the function.
 */
function variablesBefore(
  current: Readonly<Record<string, string>>,
  target: Readonly<Record<string, string>>,
  ours: Readonly<Record<string, string>>,
  former: Attachment | undefined,
  isSecret: (name: string) => boolean,
): Record<string, string> {
  const before: Record<string, string> = {};
  for (const name of new Set([...Object.keys(current), ...Object.keys(former?.before.variables ?? {})])) {
    const isReplaced = Object.hasOwn(ours, name) || !Object.hasOwn(target, name);
    if (!isReplaced || isSecret(name)) continue;
    const isAsWanted = Object.hasOwn(ours, name) && current[name] === ours[name];
    // Who points the variable that keeps the Handler elsewhere has changed the Handler, and not a variable of theirs.
    const isKeeper = name === former?.applied.handlerVariable;
    const asWeLeftIt = former && (isAsWanted || isKeeper || current[name] === former.applied.variables[name]);
    const value = asWeLeftIt ? former.before.variables[name] : current[name];
    if (value !== undefined) before[name] = value;
  }
  return before;
}

function handlerBefore({ variant }: Goal, current: Shape, former: Attachment | undefined): { handler?: string } {
  const redirect = redirectOf(variant);
  const isRedirected = redirect !== undefined && current.handler === redirect.handler;
  const isFormer = former?.applied.handler !== undefined && current.handler === former.applied.handler;
  // Where the agent stands before it, the variable that keeps it is the Handler.
  const before = former && isFormer ? handlerWithout(current, former) : former?.before.handler;
  const handler = former && (isRedirected || isFormer) ? before : current.handler;
  return handler === undefined ? {} : { handler };
}

function layersBefore(
  goal: Goal,
  layers: readonly string[],
  former: Attachment | undefined,
): Attachment['before']['layers'] {
  const isOurs = ownLayers(goal, former);
  const present = layers.filter(isOurs);
  const [only, ...others] = present;
  if (former && others.length === 0 && (only === former.applied.layerArn || only === goal.layerArn))
    return former.before.layers;
  return layers.flatMap((arn, index) =>
    isOurs(arn) ? [{ arn, ahead: layers.slice(0, index).filter((other) => !isOurs(other)).length }] : [],
  );
}

/**
 * What we most likely put on a function whose record is lost, as far as it can be told from the function: what leads to
 * the agent, its layer and its credentials. Variables that are as the goal wants them are taken for ours by
 * {@link attachmentFor}, and others for the team's. What the team had in these places before is known to nobody.
 */
export function rebuildAttachment(goal: Goal, current: Shape): Attachment {
  const { agent, layerSource } = goal;
  const { handler } = current;
  const found = withEntryPoints(
    {
      agent: agent.name,
      variant: goal.variant.name,
      group: goal.groupName,
      isRebuilt: true,
      applied: {
        layerArn: current.layers.find((arn) => agentLayer(agent, layerSource, arn)) ?? goal.layerArn,
        ...(handler === undefined ? {} : { handler }),
        variables: {},
        secretVariables: Object.keys(agent.credentials),
      },
      before: { layers: [], variables: {} },
    },
    agent,
    current,
  );
  const { handlerVariable } = found.applied;
  const original = handlerVariable === undefined ? handler : current.variables[handlerVariable];
  return { ...found, before: { ...found.before, ...(original ? { handler: original } : {}) } };
}
