import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { DeployContext, StackServices } from './deployers/context.ts';
import type { EventSourceMappingDefinition } from './event-source-mapping.ts';
import type { FunctionDefinition } from './function-process.ts';
import { createDeployers, deployUnsimulated } from './resource-types.ts';
import { parseTemplate, readTemplate, type Template, TemplateError, type TemplateResource } from './template.ts';
import { createTemplateResolver, type DeployedResource, referencedNames } from './template-resolver.ts';

/** A deployed stack. */
export interface Deployment {
  readonly stackName: string;
  readonly accountId: string;
  readonly region: string;
  /** Logical id to what `Ref` gives: the physical id. */
  readonly resources: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Resources that are left out, by logical id, with their type. */
  readonly notSimulated: Readonly<Record<string, string>>;
  readonly functions: readonly FunctionDefinition[];
  readonly mappings: readonly EventSourceMappingDefinition[];
  /** Deletes the stack: all its resources that are not to be retained, the last one first. */
  remove(): Promise<StackRemoval>;
}

/** What became of a stack's deletion. One resource that cannot be deleted ends it, and what came before it is left. */
export interface StackRemoval {
  readonly status: 'DELETE_COMPLETE' | 'DELETE_FAILED';
  readonly deleted: readonly string[];
  readonly retained: readonly string[];
  readonly failed?: { readonly logicalId: string; readonly reason: string };
}

/** What a stack is made of. */
export interface StackOptions extends StackServices {
  readonly parameters: Readonly<Record<string, string>>;
  readonly stackName: string;
  readonly accountId: string;
  readonly region: string;
  /** Takes the place of the content of the template's hosted configuration. */
  readonly policy: unknown;
}

/**
 * Creates the resources of a SAM template that the sandbox simulates, through the sandbox's own services.
 *
 * @throws {TemplateError} for a template that cannot be read, resolved or created, with the place in it.
 */
export async function deployTemplate(options: StackOptions & { readonly templatePath: string }): Promise<Deployment> {
  const template = parseTemplate(readTemplate(options.templatePath), options.templatePath);
  return deployStack(template, dirname(options.templatePath), options);
}

/**
 * The same for a template that is read already.
 *
 * @param codeRoot the folder that `CodeUri` and files that are included are relative to.
 * @throws {TemplateError} what was created until then is taken away again.
 */
export async function deployStack(template: Template, codeRoot: string, options: StackOptions): Promise<Deployment> {
  const deployed = new Map<string, DeployedResource>();
  const stack = { accountId: options.accountId, region: options.region, stackName: options.stackName };
  const resolver = createTemplateResolver(
    template,
    options.parameters,
    stack,
    (name) => deployed.get(name),
    (location) => readIncluded(join(codeRoot, location)),
  );
  const wanted = Object.entries(template.resources).filter(
    ([name, { condition }]) => condition === undefined || resolver.condition(condition, `Resources.${name}.Condition`),
  );
  const notSimulated: Record<string, string> = {};
  const context: DeployContext = {
    ...options,
    stack,
    codeRoot,
    client: options.clientOf(stack.accountId, stack.region),
    functionDefaults: template.functionDefaults,
    resolve: resolver.resolve,
    register: (logicalId, resource) => deployed.set(logicalId, resource),
    leaveOut: (name, type) => {
      notSimulated[name] = type;
    },
    functions: [],
    mappings: [],
  };
  const deployerOf = createDeployers();
  const remove = (isRetained: (name: string) => boolean) => removeAll(deployed, isRetained);

  for (const [logicalId, resource] of inOrder(new Map(wanted), template)) {
    const deployer = deployerOf(resource.type);
    const path = `Resources.${logicalId}.Properties`;
    const properties = resolver.resolve(resource.properties, path);
    if (deployer === undefined) {
      notSimulated[logicalId] = resource.type;
      deployed.set(logicalId, deployUnsimulated(context, logicalId, resource.type, properties));
      continue;
    }
    try {
      deployed.set(logicalId, await deployer(context, logicalId, properties, resource.type));
    } catch (error) {
      await remove(() => false);
      const reason = error instanceof Error ? error.message : String(error);
      throw error instanceof TemplateError ? error : new TemplateError(`${path}: ${reason}`, { cause: error });
    }
  }

  return {
    ...stack,
    resources: Object.fromEntries([...deployed].map(([name, { ref }]) => [name, ref])),
    outputs: resolveOutputs(template, resolver),
    notSimulated,
    functions: context.functions,
    mappings: context.mappings,
    remove: () => remove((name) => template.resources[name]?.deletionPolicy?.startsWith('Retain') ?? false),
  };
}

async function removeAll(
  deployed: Map<string, DeployedResource>,
  isRetained: (logicalId: string) => boolean,
): Promise<StackRemoval> {
  const deleted: string[] = [];
  const retained: string[] = [];
  for (const [logicalId, resource] of [...deployed].toReversed()) {
    if (isRetained(logicalId)) {
      retained.push(logicalId);
      continue;
    }
    try {
      await resource.remove?.();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { status: 'DELETE_FAILED', deleted, retained, failed: { logicalId, reason } };
    }
    deployed.delete(logicalId);
    deleted.push(logicalId);
  }
  return { status: 'DELETE_COMPLETE', deleted, retained };
}

function readIncluded(path: string): unknown {
  try {
    return parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TemplateError(
      `The template includes ${path}, which cannot be read (run npm run build first?): ${reason}`,
      {
        cause: error,
      },
    );
  }
}

function resolveOutputs(
  template: Template,
  resolver: ReturnType<typeof createTemplateResolver>,
): Readonly<Record<string, unknown>> {
  const outputs: Record<string, unknown> = {};
  for (const [name, output] of Object.entries(template.outputs)) {
    if (typeof output !== 'object' || output === null || !('Value' in output)) {
      throw new TemplateError(`Outputs.${name} has no Value`);
    }
    const path = `Outputs.${name}`;
    const condition = 'Condition' in output ? String(output.Condition) : undefined;
    if (condition === undefined || resolver.condition(condition, path)) {
      outputs[name] = resolver.resolve(output.Value, `${path}.Value`);
    }
  }
  return outputs;
}

/** Every resource after those that it refers to. */
function inOrder(
  wanted: ReadonlyMap<string, TemplateResource>,
  template: Template,
): readonly (readonly [string, TemplateResource])[] {
  const ordered: (readonly [string, TemplateResource])[] = [];
  const state = new Map<string, 'open' | 'done'>();

  const visit = (name: string, chain: readonly string[]): void => {
    const resource = wanted.get(name);
    if (resource === undefined || state.get(name) === 'done') {
      return;
    }
    if (state.get(name) === 'open') {
      throw new TemplateError(`Resources depend on each other in a circle: ${[...chain, name].join(' → ')}`);
    }
    state.set(name, 'open');
    for (const needed of [...resource.dependsOn, ...referencedNames(resource.properties)]) {
      visit(ownerOf(needed, template), [...chain, name]);
    }
    state.set(name, 'done');
    ordered.push([name, resource]);
  };
  for (const name of wanted.keys()) {
    visit(name, []);
  }
  return ordered;
}

/** SAM makes a role beside a function that names none; who refers to it depends on the function. */
function ownerOf(name: string, template: Template): string {
  const owner = name.replace(/Role$/, '');
  const isGenerated = template.resources[name] === undefined && template.resources[owner] !== undefined;
  return isGenerated ? owner : name;
}
