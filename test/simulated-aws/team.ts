import { isDeepStrictEqual } from 'node:util';
import { handlerVariable, isAgentLayer, redirectHandler } from './agent-facts.ts';
import { hasOurs } from './expectation.ts';
import type { Configuration, Shape } from './lambda-model.ts';

/**
 * What the team has made of a function after somebody changed it: docs/adr/0003. What is as Layerward left it says nothing
 * new; what is not is what they want.
 */
export function teamAfter({ left }: Pick<Configuration, 'left'>, now: Shape): Shape {
  if (!left) return now;
  const { team } = left;
  const variables: Record<string, string> = {};
  for (const name of new Set([...Object.keys(team.variables), ...Object.keys(now.variables)])) {
    const value = left.variables[name] === now.variables[name] ? team.variables[name] : now.variables[name];
    if (value !== undefined) variables[name] = value;
  }
  // The variable that keeps the Handler is none of the team's, whatever somebody points it to.
  const { [handlerVariable]: keeper } = team.variables;
  if (left.handler === redirectHandler) {
    delete variables[handlerVariable];
    if (keeper !== undefined) variables[handlerVariable] = keeper;
  }
  const agents = now.layers.filter(isAgentLayer);
  const others = now.layers.filter((arn) => !isAgentLayer(arn));
  const isUntouched = isDeepStrictEqual(agents, left.layers.filter(isAgentLayer));
  const theirs = isUntouched ? team.layers.filter(isAgentLayer) : agents;
  const layers = theirs.length === 0 ? others : isUntouched ? team.layers : now.layers;
  if (now.handler !== left.handler) return { handler: now.handler, layers, variables };
  const kept = now.variables[handlerVariable];
  if (now.handler !== redirectHandler || kept === left.variables[handlerVariable])
    return { handler: team.handler, layers, variables };
  // It is the Handler, where the agent stands before it. Once it is gone, nobody knows more than Layerward did.
  return { handler: kept ?? left.variables[handlerVariable] ?? team.handler, layers, variables };
}

/** A function after Layerward has looked at it, and noted it as protected as it was: what differs from that now is new. */
export function afterNoted(now: Configuration, seen: Configuration): Configuration {
  if (!now.left || !seen.left) return now;
  const { handler, layers, variables, team } = seen;
  const left = { handler, layers, variables, team, maybe: seen.left.maybe };
  return { ...now, left, team: teamAfter({ left }, now) };
}

/** A function after Layerward has noted that it has nothing on it any more, and is right: all that is there is the team's. */
export function afterForgotten(now: Configuration): Configuration {
  if (!now.left || hasOurs(now)) return now;
  const { handler, layers, variables } = now;
  return { ...now, left: undefined, team: { handler, layers, variables } };
}
