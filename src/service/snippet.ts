import { type Agents, findVariant, redirectOf } from '../domain/agent.ts';
import { shapeOf } from '../domain/attachment.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { formatFunctionArn } from '../domain/function-arn.ts';
import type { Credentials } from '../domain/goal.ts';
import { type Place, type Policy, select } from '../domain/policy.ts';
import { attachmentInForce, type FunctionRecord } from '../domain/record.ts';
import { type Situation, View } from '../domain/situation.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/** What a team has to put into its own code, so that Layerward finds nothing to do. No value of a secret is in it. */
export interface Adoption {
  readonly functionArn: string;
  readonly handler: string;
  /** Whether the Handler is the agent's, so that the team's own stands in a variable. */
  readonly isRedirected: boolean;
  /** All layers, the team's own ones in their places. */
  readonly layers: readonly string[];
  /** The one of them that is the agent's. */
  readonly agentLayer: string;
  /** Variables that are no secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables that hold credentials: which field of the group's secret. */
  readonly secrets: Readonly<Record<string, 'key' | 'secret'>>;
  /** The secret of the function's group, by its name. */
  readonly secretName: string;
  /** Names of the team's variables that stay as they are. */
  readonly kept: readonly string[];
  /** Names of variables that have to go. */
  readonly removed: readonly string[];
}

/** Why there is nothing to adopt. */
export type NothingToAdopt = Extract<Decision, { status: 'out-of-scope' | 'unsupported' | 'blocked' | 'release' }>;

/** What is known of a function. */
export interface Adopter {
  readonly snapshot: Snapshot;
  readonly place: Place;
  readonly record: FunctionRecord | undefined;
  readonly policy: Policy;
  readonly agents: Agents;
  readonly ownFunctionArns: readonly string[];
  readonly now: Date;
}

/** In place of credentials, which nobody needs to know for this; as long as real ones. */
const credentials: Credentials = {
  key: '00000000-0000-0000-0000-000000000000',
  secret: '00000000-0000-0000-0000-000000000001',
};

/** Works out what a team has to put into its own code; no secret is read for it. */
export function adoptionFor(adopter: Adopter): { readonly adoption: Adoption } | { readonly nothing: NothingToAdopt } {
  const { snapshot, policy, agents, place, record, ownFunctionArns, now } = adopter;
  const situation: Situation = {
    snapshot,
    selection: select(policy, agents, place, snapshot.tags),
    contest: policy.contest,
    ownFunctionArns,
    attachment: record && attachmentInForce(record, snapshot),
    repairs: [],
    credentials: { found: credentials },
    now,
  };
  const decision = decide(situation);
  switch (decision.status) {
    case 'out-of-scope':
    case 'unsupported':
    case 'release':
      return { nothing: decision };
    case 'blocked':
      // What AWS did with the last update says nothing about what belongs there.
      if (decision.reason !== 'aws-refused') return { nothing: decision };
      break;
    case 'compliant':
    case 'waiting':
    case 'drifted':
    case 'contested':
      break;
  }
  return { adoption: adoptionIn(situation) };
}

function adoptionIn(situation: Situation): Adoption {
  const { snapshot, selection } = situation;
  const { agent, group } = selection;
  const { goal, target } = new View(situation);
  const served = findVariant(agent, snapshot.runtime, snapshot.architecture);
  if (!('found' in served) || !('found' in group) || target.shape.handler === undefined)
    throw new TypeError('a function for which there is a decision like this has a variant, a group and a Handler');
  const handlerVariable = redirectOf(served.found)?.originalHandlerVariable;
  const current = shapeOf(snapshot).variables;
  const originals = [snapshot.handler, situation.attachment?.before.handler];
  /** Ours to say: of the variable that keeps the Handler only what is known to be one, since a team may have written it. */
  const isOurs = (name: string, value: string) =>
    value === goal.variables[name] || (name === handlerVariable && originals.includes(value));
  const own = Object.entries(target.shape.variables).filter(([name]) => !Object.hasOwn(agent.credentials, name));
  return {
    functionArn: formatFunctionArn(snapshot.arn),
    handler: target.shape.handler,
    isRedirected: handlerVariable !== undefined,
    layers: target.shape.layers,
    agentLayer: goal.layerArn,
    variables: Object.fromEntries(own.filter(([name, value]) => isOurs(name, value)).sort(byName)),
    secrets: Object.fromEntries(Object.entries(agent.credentials).sort(byName)),
    secretName: group.found.secret,
    kept: own.flatMap(([name, value]) => (isOurs(name, value) ? [] : [name])).sort(),
    removed: Object.keys(current)
      .filter((name) => !Object.hasOwn(target.shape.variables, name))
      .sort(),
  };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
