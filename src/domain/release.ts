import { type Agent, redirectsOf, wrapperScripts, wrapperVariable } from './agent.ts';
import type { Attachment, Shape } from './attachment.ts';
import { isSameLayer, parseLayerArn } from './layer-arn.ts';

/**
 * What the function looks like without us: everything that we put is taken off, everything that we replaced is given
 * back, and what the team changed meanwhile stays. Credentials that a team had set itself in our places are not kept
 * anywhere, so they can't be given back.
 */
export function release(current: Shape, attachment: Attachment): Shape {
  return {
    handler: handlerWithout(current, attachment),
    layers: layersWithout(current.layers, attachment),
    variables: variablesWithout(current.variables, attachment),
  };
}

/** The Handler that the function has without us. */
export function handlerWithout(current: Shape, { applied, before }: Attachment): string | undefined {
  if (applied.handler === undefined || current.handler !== applied.handler) return current.handler;
  if (applied.handlerVariable === undefined || before.handler === applied.handler) return before.handler;
  const kept = current.variables[applied.handlerVariable];
  return kept && kept !== applied.handler ? kept : (applied.variables[applied.handlerVariable] ?? before.handler);
}

function layersWithout(current: readonly string[], { applied, before }: Attachment): string[] {
  // Who took ours off, or put another version in its place, has said which layers they want.
  if (!current.includes(applied.layerArn)) return [...current];
  const ours = parseLayerArn(applied.layerArn);
  const theirs = current.filter((arn) => {
    const layer = parseLayerArn(arn);
    return !(layer && ours && isSameLayer(layer, ours));
  });
  const result = [...theirs];
  before.layers.forEach(({ arn, ahead }, index) => {
    // Each one goes behind as many of the team's layers as stood ahead of it, and behind its own kind before it.
    if (!result.includes(arn)) result.splice(Math.min(ahead + index, result.length), 0, arn);
  });
  return result;
}

function variablesWithout(
  current: Readonly<Record<string, string>>,
  { applied, before }: Attachment,
): Record<string, string> {
  const variables: Record<string, string> = { ...current };
  for (const [name, value] of Object.entries(applied.variables)) {
    // The variable that keeps the original Handler may have been pointed elsewhere by the team; it is ours all the same.
    const isPointedElsewhere = name === applied.handlerVariable && Object.hasOwn(variables, name);
    if (variables[name] !== value && !isPointedElsewhere) continue;
    const former = before.variables[name];
    if (former === undefined) delete variables[name];
    else variables[name] = former;
  }
  for (const name of applied.secretVariables) delete variables[name];
  for (const [name, value] of Object.entries(before.variables))
    if (!Object.hasOwn(applied.variables, name) && !Object.hasOwn(variables, name)) variables[name] = value;
  return variables;
}

/**
 * An attachment with everything in it that leads into the layer. A record may be older than what is on the function, and a
 * wrapper or a Handler whose layer is taken off would keep the function from starting.
 */
export function withEntryPoints(attachment: Attachment, agent: Agent, current: Shape): Attachment {
  const { applied, before } = attachment;
  // The team's own layer of the agent's stays, and so may what leads into it.
  if (before.layers.length > 0) return attachment;
  const variables = { ...applied.variables };
  let redirect = {};
  for (const script of wrapperScripts(agent))
    if (current.variables[wrapperVariable] === script) variables[wrapperVariable] = script;
  for (const { handler, originalHandlerVariable: handlerVariable } of redirectsOf(agent))
    if (current.handler === handler) {
      variables[handlerVariable] ??= current.variables[handlerVariable] ?? '';
      redirect = { handler, handlerVariable };
    }
  return { ...attachment, applied: { ...applied, ...redirect, variables } };
}
