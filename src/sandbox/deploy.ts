import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { createStackRecord, type StackOutput, type StackStatus } from './cloudformation/stack-record.ts';
import { createStackRemover, type StackRemoval } from './cloudformation/stack-removal.ts';
import type { DeployContext, StackServices } from './deployers/context.ts';
import type { EventSourceMappingDefinition } from './event-source-mapping.ts';
import type { FunctionDefinition } from './function-process.ts';
import { createDeployers, deployUnsimulated } from './resource-types.ts';
import { parseTemplate, readTemplate, type Template, TemplateError, type TemplateResource } from './template.ts';
import type { ParameterValues } from './template-parameters.ts';
import { createTemplateResolver, type DeployedResource, referencedNames } from './template-resolver.ts';
import { requireRules } from './template-rules.ts';

/** A deployed stack. */
export interface Deployment {
  readonly stackName: string;
  /** The stack's ARN. */
  readonly stackId: string;
  /** As it is now. */
  readonly status: StackStatus;
  readonly accountId: string;
  readonly region: string;
  /** Logical id to what `Ref` gives: the physical id. */
  readonly resources: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Resources that are left out, by logical id, with their type. */
  readonly notSimulated: Readonly<Record<string, string>>;
  readonly functions: readonly FunctionDefinition[];
  readonly mappings: readonly EventSourceMappingDefinition[];
  /**
   * Deletes the stack: all its resources that are not to be retained, the last one first. After a failure, another call
   * goes on with what is left.
   */
  remove(): Promise<StackRemoval>;
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
  requireRules(template, resolver.parameters, stack);
  const wanted = Object.entries(template.resources).filter(
    ([name, { condition }]) => condition === undefined || resolver.condition(condition, `Resources.${name}.Condition`),
  );
  const ordered = inOrder(new Map(wanted), template);
  const record = createStackRecord(
    { ...stack, description: template.description, parameters: tellParameters(template, resolver.parameters) },
    options.clock,
  );
  const remover = createStackRemover(
    deployed,
    record,
    (name) => template.resources[name]?.deletionPolicy?.startsWith('Retain') ?? false,
  );
  options.deployedStacks.add({ record, remove: remover.remove });

  const notSimulated: Record<string, string> = {};
  const add = (logicalId: string, type: string, resource: DeployedResource) => {
    deployed.set(logicalId, resource);
    record.note(logicalId, 'CREATE_COMPLETE', { type, physicalId: resource.ref });
  };
  const context: DeployContext = {
    ...options,
    stack,
    codeRoot,
    client: options.clientOf(stack.accountId, stack.region),
    functionDefaults: template.functionDefaults,
    resolve: resolver.resolve,
    register: add,
    leaveOut: (name, type) => {
      notSimulated[name] = type;
    },
    functions: [],
    mappings: [],
  };
  const deployerOf = createDeployers();
  const create = async (logicalId: string, { type, properties }: TemplateResource) => {
    const path = `Resources.${logicalId}.Properties`;
    record.note(logicalId, 'CREATE_IN_PROGRESS', { type });
    try {
      const resolved = resolver.resolve(properties, path);
      const deployer = deployerOf(type);
      if (deployer === undefined) {
        notSimulated[logicalId] = type;
      }
      add(logicalId, type, await (deployer ?? deployUnsimulated)(context, logicalId, resolved, type));
    } catch (error) {
      const reason = reasonOf(error);
      record.note(logicalId, 'CREATE_FAILED', { reason });
      await remover.rollBack(logicalId);
      throw error instanceof TemplateError ? error : new TemplateError(`${path}: ${reason}`, { cause: error });
    }
  };

  for (const [logicalId, resource] of ordered) {
    await create(logicalId, resource);
  }
  try {
    record.outputs = resolveOutputs(template, resolver);
  } catch (error) {
    await remover.rollBack('Outputs');
    throw error;
  }
  record.become('CREATE_COMPLETE');

  return {
    ...stack,
    stackId: record.stackId,
    get status() {
      return record.status;
    },
    resources: Object.fromEntries([...deployed].map(([name, { ref }]) => [name, ref])),
    outputs: Object.fromEntries(record.outputs.map(({ key, value }) => [key, value])),
    notSimulated,
    functions: context.functions,
    mappings: context.mappings,
    remove: () => remover.remove(),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** The parameters as CloudFormation shows them: lists as text, and nothing of those that are not to be seen. */
function tellParameters(template: Template, values: ParameterValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      template.parameters[name]?.noEcho === true ? '****' : typeof value === 'string' ? value : value.join(','),
    ]),
  );
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

const outputSchema = z.looseObject({
  Value: z.unknown().refine((value) => value !== undefined, 'it has no Value'),
  Description: z.string().optional(),
  Export: z.looseObject({ Name: z.unknown() }).optional(),
  Condition: z.string().optional(),
});

function resolveOutputs(
  template: Template,
  resolver: ReturnType<typeof createTemplateResolver>,
): readonly StackOutput[] {
  return Object.entries(template.outputs).flatMap(([key, output]): readonly StackOutput[] => {
    const path = `Outputs.${key}`;
    const parsed = outputSchema.safeParse(output);
    if (!parsed.success) {
      throw new TemplateError(`${path}: ${parsed.error.issues[0]?.message}`);
    }
    const { Value, Description, Export, Condition } = parsed.data;
    if (Condition !== undefined && !resolver.condition(Condition, path)) {
      return [];
    }
    const resolve = (value: unknown, place: string) => {
      const resolved = resolver.resolve(value, place);
      return typeof resolved === 'string' ? resolved : JSON.stringify(resolved);
    };
    return [
      {
        key,
        value: resolve(Value, `${path}.Value`),
        description: Description,
        exportName: Export === undefined ? undefined : resolve(Export.Name, `${path}.Export.Name`),
      },
    ];
  });
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
