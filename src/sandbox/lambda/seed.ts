import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AwsError } from '../api.ts';
import { createConstraints } from './constraints.ts';
import { checkVariableNames, requireAcceptableVariables } from './environment.ts';
import { parseLayerVersionArn } from './layer-name.ts';
import { ready } from './lifecycle.ts';
import { newFunction } from './new-function.ts';
import { lambdaTime, type Plane } from './plane.ts';
import { requireKnownRuntime } from './runtimes.ts';
import { defaultSettings } from './settings.ts';
import type { AttachedLayer, Home, LambdaFunction } from './state.ts';
import { withTags } from './tags.ts';

const functionSeed = z.strictObject({
  accountId: z.string().regex(/^\d{12}$/, 'an account id has twelve digits'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'a region is named like eu-west-1'),
  name: z.string().regex(/^[a-zA-Z0-9-_]{1,64}$/, 'a name has 1 to 64 letters, digits, hyphens and underscores'),
  runtime: z.string(),
  handler: z.string().regex(/^\S{1,128}$/, 'a handler has 1 to 128 characters and no white space'),
  tags: z.record(z.string(), z.string()),
  /** ARNs of layer versions. They need not be there: AWS leaves deleted ones on functions too. */
  layers: z.array(z.string()).max(5, 'a function has five layers at most').default([]),
  variables: z.record(z.string(), z.string()).default({}),
  architecture: z.enum(['x86_64', 'arm64']).default('x86_64'),
});

/** A function that no caller has created, as it is written. */
export type FunctionSeed = z.input<typeof functionSeed>;
type ReadSeed = z.output<typeof functionSeed>;

/** Reads functions to be put in place. @throws AwsError `InvalidFunctions` 400 that says where they are malformed. */
export function readFunctionSeeds(given: unknown): ReadSeed[] {
  const parsed = z.array(functionSeed).safeParse(given);
  if (!parsed.success) {
    throw invalid(parsed.error.issues.map(({ path, message }) => `${at(path)}: ${message}`).join('; '));
  }
  return parsed.data;
}

/** Layers that the sandbox does not know are as large as this. */
const UNKNOWN_LAYER_BYTES = 1_048_576;

/**
 * Puts functions in place, Active, as if they had always been there: without calls, records and events. All of them, or
 * none if there is something wrong with one.
 *
 * @throws AwsError `InvalidFunctions` 400 that says in which function what is wrong.
 */
export function seedFunctions(plane: Plane, given: readonly FunctionSeed[]): void {
  const seeds = readFunctionSeeds(given);
  const arns = new Set<string>();
  const made = seeds.map((seed, index) => {
    try {
      const home = plane.home(seed.accountId, seed.region);
      const target = makeFunction(plane, home, seed);
      if (arns.has(target.arn) || home.functions.has(seed.name)) {
        throw new Error(`Function already exist: ${seed.name}`);
      }
      arns.add(target.arn);
      return { home, target };
    } catch (error) {
      throw invalid(`${at([index])}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  for (const { home, target } of made) {
    home.functions.add(target.name, target);
    home.codeBytes += target.latest.code.size;
    if (target.tags.size > 0) {
      // AWS counts the tags of a creation as the first change.
      target.tagVersion = 1;
      home.tagged.set(target.arn, target);
    }
  }
}

function makeFunction(plane: Plane, home: Home, seed: ReadSeed): LambdaFunction {
  const { accountId, name, runtime, handler, tags, layers, variables, architecture } = seed;
  requireKnownRuntime(runtime);
  const constraints = createConstraints();
  checkVariableNames(variables, constraints);
  constraints.settle();
  requireAcceptableVariables(variables);
  const code = { sha256: createHash('sha256').update(name).digest('base64'), size: 1024 };
  return newFunction(
    home,
    name,
    {
      settings: {
        ...defaultSettings(name, `arn:aws:iam::${accountId}:role/${name}`, 'Zip'),
        Runtime: runtime,
        Handler: handler,
        Architectures: [architecture],
        Variables: variables,
        Layers: layers.map((arn) => attach(plane, home, arn)),
      },
      code,
      revisionId: plane.uuid(),
      lastModified: lambdaTime(plane.clock, 'milliseconds'),
      lifecycle: ready,
    },
    { tags: withTags(new Map(), tags) },
  );
}

function attach(plane: Plane, home: Home, arn: string): AttachedLayer {
  const layer = parseLayerVersionArn(arn);
  if (layer === undefined || layer.region !== home.region) {
    throw new Error(`${arn} is no ARN of a layer version in ${home.region}`);
  }
  const known = plane.knownHome(layer.account, layer.region)?.layers.get(layer.name)?.versions.get(layer.version);
  const size = known?.code.size ?? UNKNOWN_LAYER_BYTES;
  return { Arn: arn, CodeSize: size, UncompressedCodeSize: size * 3 };
}

function at([index, ...members]: readonly PropertyKey[]): string {
  return index === undefined ? 'functions' : [`functions[${String(index)}]`, ...members.map(String)].join('.');
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidFunctions', 400, `No function was put in place: ${message}`);
}
