import { resolve as resolvePath } from 'node:path';
import * as z from 'zod';
import { managedPolicy } from '../access/managed-policies.ts';
import { count, type DeployContext, type Deployer, document, isObject, physicalName, text } from './context.ts';
import { putRule } from './event-buses.ts';
import { createRole } from './roles.ts';
import { readServerlessPolicies } from './serverless-policies.ts';

const queueEvent = z.looseObject({
  Queue: text,
  BatchSize: count.default(10),
  MaximumBatchingWindowInSeconds: count.default(0),
  FunctionResponseTypes: z.array(z.string()).default([]),
  ScalingConfig: z.looseObject({ MaximumConcurrency: count.optional() }).optional(),
  Enabled: text.default('true').transform((value) => value === 'true'),
});

const functionSchema = z.looseObject({
  FunctionName: text.optional(),
  Handler: text,
  Runtime: text,
  CodeUri: text,
  Timeout: count.default(3),
  MemorySize: count.default(128),
  Role: text.optional(),
  /** With `Role` left out, what the role that SAM makes may do. */
  Policies: z.unknown().optional(),
  ReservedConcurrentExecutions: count.optional(),
  Environment: z.looseObject({ Variables: z.record(z.string(), text).default({}) }).default({ Variables: {} }),
  LoggingConfig: z
    .looseObject({ LogGroup: text.optional(), LogFormat: z.enum(['Text', 'JSON']).default('Text') })
    .optional(),
  Events: z.record(z.string(), z.looseObject({ Type: text, Properties: z.unknown() })).default({}),
});

// Without a limit AWS goes up to 1,250 pollers at a time; a laptop is better off with these few.
const DEFAULT_CONCURRENCY = 2;

const deployFunction: Deployer = async (context, logicalId, properties) => {
  const { stack } = context;
  const defaults = context.resolve(context.functionDefaults, 'Globals.Function');
  const definition = functionSchema.parse(mergeDefaults(defaults, properties));
  if (!/^nodejs(2[2-9]|[3-9]\d)\.x$/.test(definition.Runtime)) {
    throw new Error(`The sandbox runs functions of nodejs22.x and later, not ${definition.Runtime}`);
  }
  const name = definition.FunctionName ?? physicalName(stack, logicalId);
  const arn = `arn:aws:lambda:${stack.region}:${stack.accountId}:function:${name}`;
  const roleArn = definition.Role ?? generateRole(context, `${logicalId}Role`, definition);
  const logGroup = definition.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
  context.logs.createGroup(logGroup);
  const deployed = {
    name,
    arn,
    region: stack.region,
    codePath: resolvePath(context.codeRoot, definition.CodeUri),
    handler: definition.Handler,
    runtime: definition.Runtime,
    timeoutSeconds: definition.Timeout,
    memorySize: definition.MemorySize,
    variables: definition.Environment.Variables,
    roleArn,
    logGroup,
    logFormat: definition.LoggingConfig?.LogFormat ?? 'Text',
    reservedConcurrency: definition.ReservedConcurrentExecutions,
  } as const;
  context.functions.push(deployed);
  context.host.deploy(deployed);
  const ends: Remove[] = [() => context.host.remove(arn)];
  for (const [eventName, event] of Object.entries(definition.Events)) {
    ends.push(await addEvent(context, `${logicalId}${eventName}`, event, arn));
  }
  return {
    ref: name,
    attributes: { Arn: arn },
    remove: async () => {
      // What has ended is not ended again, should one of them fail and the deletion go on later.
      for (let end = ends.at(-1); end !== undefined; end = ends.at(-1)) {
        await end();
        ends.pop();
      }
    },
  };
};

type Remove = () => void | Promise<void>;

/** What SAM makes of one of a function's `Events`. */
async function addEvent(
  context: DeployContext,
  name: string,
  event: { readonly Type: string; readonly Properties: unknown },
  functionArn: string,
): Promise<Remove> {
  switch (event.Type) {
    case 'SQS': {
      const { Queue, ...settings } = queueEvent.parse(event.Properties);
      return addMapping(context, { ...settings, EventSourceArn: Queue, FunctionName: functionArn });
    }
    case 'EventBridgeRule':
    case 'CloudWatchEvent': {
      const { Pattern, EventBusName, Input, InputPath } = ruleEvent.parse(event.Properties);
      const Name = physicalName(context.stack, name);
      const target = { Id: `${name}Target`, Arn: functionArn, Input, InputPath };
      const rule = await putRule(context, { Name, EventBusName, EventPattern: Pattern, Targets: [target] });
      context.host.permit(functionArn, invocationBy('events.amazonaws.com', functionArn, rule.attributes.Arn));
      context.register(name, 'AWS::Events::Rule', { ref: rule.ref, attributes: rule.attributes });
      return rule.remove;
    }
    default:
      context.leaveOut(name, `event ${event.Type}`);
      return () => {};
  }
}

const ruleEvent = z.looseObject({
  Pattern: document,
  EventBusName: text.optional(),
  Input: text.optional(),
  InputPath: text.optional(),
});

function invocationBy(service: string, functionArn: string, sourceArn: string) {
  return {
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'lambda:InvokeFunction',
    Resource: functionArn,
    Condition: { ArnLike: { 'aws:SourceArn': sourceArn } },
  };
}

const deployPermission: Deployer = ({ host, stack }, logicalId, properties) => {
  const permission = z
    .looseObject({
      FunctionName: text,
      Action: text,
      Principal: text,
      SourceArn: text.optional(),
      SourceAccount: text.optional(),
      PrincipalOrgID: text.optional(),
    })
    .parse(properties);
  const { FunctionName, Action, Principal, SourceArn, SourceAccount, PrincipalOrgID } = permission;
  const arn = FunctionName.startsWith('arn:')
    ? FunctionName
    : `arn:aws:lambda:${stack.region}:${stack.accountId}:function:${FunctionName}`;
  host.permit(arn, {
    Effect: 'Allow',
    Principal:
      Principal === '*' ? '*' : Principal.endsWith('.amazonaws.com') ? { Service: Principal } : { AWS: Principal },
    Action,
    Resource: arn,
    Condition: {
      ...(SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': SourceArn } }),
      StringEquals: {
        ...(SourceAccount === undefined ? {} : { 'aws:SourceAccount': SourceAccount }),
        ...(PrincipalOrgID === undefined ? {} : { 'aws:PrincipalOrgID': PrincipalOrgID }),
      },
    },
  });
  return { ref: physicalName(stack, logicalId), attributes: {} };
};

const deployEventSourceMapping: Deployer = (context, logicalId, properties) => {
  const mapping = queueEvent
    .omit({ Queue: true })
    .extend({ EventSourceArn: text, FunctionName: text })
    .parse(properties);
  const remove = addMapping(context, mapping);
  const id = physicalName(context.stack, logicalId);
  return { ref: id, attributes: { Id: id }, remove };
};

interface MappingSettings {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly Enabled: boolean;
  readonly BatchSize: number;
  readonly MaximumBatchingWindowInSeconds: number;
  readonly FunctionResponseTypes: readonly string[];
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number | undefined } | undefined;
}

function addMapping(context: DeployContext, mapping: MappingSettings): Remove {
  if (!mapping.Enabled) {
    return () => {};
  }
  if (!mapping.EventSourceArn.startsWith('arn:aws:sqs:')) {
    throw new Error(`The sandbox maps SQS queues only, not ${mapping.EventSourceArn}`);
  }
  const definition = {
    queueArn: mapping.EventSourceArn,
    functionName: mapping.FunctionName.split(':').at(-1) ?? mapping.FunctionName,
    batchSize: mapping.BatchSize,
    batchingWindowSeconds: mapping.MaximumBatchingWindowInSeconds,
    reportsBatchItemFailures: mapping.FunctionResponseTypes.includes('ReportBatchItemFailures'),
    maximumConcurrency: mapping.ScalingConfig?.MaximumConcurrency ?? DEFAULT_CONCURRENCY,
  };
  context.mappings.push(definition);
  return context.host.connect(definition);
}

/** The role that SAM makes for a function that names none. */
function generateRole(
  context: DeployContext,
  logicalId: string,
  definition: { readonly Policies?: unknown; readonly Events: Readonly<Record<string, { readonly Type: string }>> },
): string {
  const isFed = Object.values(definition.Events).some(({ Type }) => Type === 'SQS');
  const role = createRole(context, {
    name: physicalName(context.stack, logicalId),
    trust: {
      Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    },
    policies: [
      managedPolicy('AWSLambdaBasicExecutionRole'),
      ...(isFed ? [managedPolicy('AWSLambdaSQSQueueExecutionRole')] : []),
      ...readServerlessPolicies(context, definition.Policies),
    ],
  });
  context.register(logicalId, 'AWS::IAM::Role', role);
  return role.attributes['Arn'] ?? '';
}

/** SAM's globals: maps are merged, everything else is replaced by the function's own. */
function mergeDefaults(defaults: unknown, own: unknown): unknown {
  if (!isObject(defaults) || !isObject(own)) {
    return own ?? defaults;
  }
  const names = new Set([...Object.keys(defaults), ...Object.keys(own)]);
  return Object.fromEntries([...names].map((name) => [name, mergeDefaults(defaults[name], own[name])]));
}

/** SAM's functions, what feeds them, and who may invoke them. */
export const functionDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::Serverless::Function': deployFunction,
  'AWS::Lambda::EventSourceMapping': deployEventSourceMapping,
  'AWS::Lambda::Permission': deployPermission,
};
