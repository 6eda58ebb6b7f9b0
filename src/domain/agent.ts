import * as z from 'zod';
import type { agentSchema } from './agent-schema.ts';
import { type LayerArn, parseLayerArn } from './layer-arn.ts';

/** AWS's rule for the name of an environment variable. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]+$/, 'must start with a letter and hold only letters, digits and _ (two at least)');

/** The regions that AWS has opened; a typing error in an agent's list would leave a region unprotected. */
export const awsRegions = [
  'af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1',
  'ap-south-2', 'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5',
  'ap-southeast-6', 'ap-southeast-7', 'ca-central-1', 'ca-west-1', 'cn-north-1', 'cn-northwest-1', 'eu-central-1',
  'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'eusc-de-east-1',
  'il-central-1', 'me-central-1', 'me-south-1', 'mx-central-1', 'sa-east-1', 'us-east-1', 'us-east-2',
  'us-gov-east-1', 'us-gov-west-1', 'us-west-1', 'us-west-2',
] as const; // biome-ignore format: one line a continent reads better than one a region

/** A region's name, one of {@link awsRegions}. */
export const awsRegion = z.enum(awsRegions);

/** An agent, checked and with defaults filled in. */
export type Agent = z.output<typeof agentSchema>;
/** The part of an agent that fits some runtimes and architectures. */
export type Variant = Agent['variants'][number];
/** How a variant takes hold of a function. */
export type Activation = Variant['activation'];

/** Agents by name. */
export type Agents = ReadonlyMap<string, Agent>;

/** The variable by which Lambda's managed runtimes are pointed at a wrapper script. */
export const wrapperVariable = 'AWS_LAMBDA_EXEC_WRAPPER';

/** Fills `${parameter}` from a group's parameters. The schema has made sure that each one exists. */
export function fillParameters(template: string, parameters: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new TypeError(`the parameter ${name} has no value`);
    return value;
  });
}

/** How a variant redirects the Handler, if it does. */
export function redirectOf({ activation }: Variant): Extract<Activation, { type: 'handler-redirect' }> | undefined {
  return activation.type === 'handler-redirect' ? activation : undefined;
}

/** How each variant that redirects the Handler does it. */
export function redirectsOf({ variants }: Agent): Extract<Activation, { type: 'handler-redirect' }>[] {
  return variants.flatMap((variant) => redirectOf(variant) ?? []);
}

/** The script of each variant that has a wrapper. */
export function wrapperScripts({ variants }: Agent): string[] {
  return variants.flatMap(({ activation }) => (activation.type === 'exec-wrapper' ? [activation.script] : []));
}

/** Why an agent can't run on a function of this runtime and architecture, or the variant that can. */
export function findVariant(
  agent: Agent,
  runtime: string | undefined,
  architecture: string,
): { readonly found: Variant } | { readonly missing: 'runtime' | 'architecture' } {
  const ofRuntime = agent.variants.filter((variant) => variant.runtimes.some((served) => served === runtime));
  if (ofRuntime.length === 0) return { missing: 'runtime' };
  const found = ofRuntime.find((variant) => variant.architectures.some((served) => served === architecture));
  return found ? { found } : { missing: 'architecture' };
}

/** Where an agent's layers come from, once the policy has had its say. */
export interface LayerSource {
  readonly accountId: string;
  readonly partition: string;
  readonly regions: readonly string[];
  /** Versions that the policy pins, by layer name. */
  readonly versions: Readonly<Record<string, number>>;
}

/**
 * The layer, if it is one of this agent's: published by the vendor's account or by the account that the policy mirrors
 * the layers in, under the name of one of the variants. Compared part by part, never by substring, so that a team's own
 * layer of a like name is never taken for the agent's.
 */
export function agentLayer(agent: Agent, source: LayerSource, arn: string): LayerArn | undefined {
  const layerArn = parseLayerArn(arn);
  if (!layerArn) return undefined;
  const published = layerArn.accountId === agent.layerAccount || layerArn.accountId === source.accountId;
  return published && agent.variants.some((variant) => variant.layer.name === layerArn.layerName)
    ? layerArn
    : undefined;
}
