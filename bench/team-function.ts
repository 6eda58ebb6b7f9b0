import { type Agent, findVariant, wrapperVariable } from '../src/domain/agent.ts';
import { formatLayerArn } from '../src/domain/layer-arn.ts';
import type { FunctionSeed } from '../src/sandbox/lambda/control-plane.ts';
import { isTagged } from './population.ts';

/** A function as its team has made it, whatever Layerward does to it. */
export interface TeamFunction {
  readonly name: string;
  readonly region: string;
  runtime: string;
  handler: string;
  layers: readonly string[];
  variables: Readonly<Record<string, string>>;
  hasOptedIn: boolean;
  isDeleted: boolean;
  /** How often something happened after which Layerward may have had to change it: as many updates are enough. */
  occasions: number;
  /** How often somebody undid what Layerward did; the policy leaves to people what is undone too often. */
  undone: number;
}

/** What of a function's configuration is a team's or Layerward's business. */
export interface Shape {
  readonly handler: string;
  readonly layers: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** A function that was put in place, before anything happened to it. */
export function seededFunction(seed: FunctionSeed): TeamFunction {
  const { name, region, runtime, handler, layers = [], variables = {} } = seed;
  const hasOptedIn = isTagged(seed);
  const occasions = hasOptedIn ? 1 : 0;
  return { name, region, runtime, handler, layers, variables, hasOptedIn, isDeleted: false, occasions, undone: 0 };
}

/** Whether the agent is to be on a function. */
export function isToBeProtected({ runtime, hasOptedIn }: TeamFunction, agent: Agent): boolean {
  return hasOptedIn && 'found' in findVariant(agent, runtime, 'x86_64');
}

/**
 * What is wrong with a function as AWS shows it, in a sentence; nothing where it is as it should be: what its team made
 * of it and, where it opted in and the agent can run there, the agent beside that. Read off the agent's data and the
 * rules of docs/decisions.md, not off the code that applies them.
 */
export function whatIsWrong(
  team: TeamFunction,
  shown: Shape,
  agent: Agent,
  credentials: Readonly<Record<string, string>>,
): string | undefined {
  const variant = findVariant(agent, team.runtime, 'x86_64');
  const isOurs = (name: string) => name === wrapperVariable || name.startsWith(agent.settings.prefix);
  const found = Object.entries(shown.variables);
  if (!team.hasOptedIn || 'missing' in variant)
    return firstDifference(shown, { handler: team.handler, layers: team.layers, variables: team.variables });
  const { layer, activation } = variant.found;
  const layerArn = formatLayerArn({
    partition: 'aws',
    region: team.region,
    accountId: agent.layerAccount,
    layerName: layer.name,
    version: layer.version,
  });
  const activating =
    activation.type === 'exec-wrapper'
      ? { [wrapperVariable]: activation.script }
      : { [activation.originalHandlerVariable]: team.handler };
  const secrets = Object.entries(agent.credentials).map(([name, field]) => [name, credentials[field] ?? '']);
  const wanted = { ...agent.variables, ...activating, ...Object.fromEntries(secrets) };
  const difference = firstDifference(
    { ...shown, variables: Object.fromEntries(found.filter(([name]) => !isOurs(name))) },
    {
      handler: activation.type === 'exec-wrapper' ? team.handler : activation.handler,
      layers: [...team.layers, layerArn],
      variables: team.variables,
    },
  );
  const missing = Object.entries(wanted).find(([name, value]) => shown.variables[name] !== value);
  return difference ?? (missing && `the agent’s variable ${missing[0]} is not as it should be`);
}

/** The first part in which two shapes differ, without any value: some are secret. */
function firstDifference(shown: Shape, wanted: Shape): string | undefined {
  if (shown.handler !== wanted.handler) return `its Handler is ${shown.handler}, not ${wanted.handler}`;
  if (shown.layers.join() !== wanted.layers.join())
    return `its layers are ${shown.layers.join(', ') || 'none'}, not ${wanted.layers.join(', ') || 'none'}`;
  const names = new Set([...Object.keys(shown.variables), ...Object.keys(wanted.variables)]);
  const other = [...names].find((name) => shown.variables[name] !== wanted.variables[name]);
  return other && `its variable ${other} is not as its team left it`;
}
