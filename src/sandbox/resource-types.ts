import { resolve as resolvePath } from 'node:path';
import * as z from 'zod';
import type { ConfigurationData } from './configuration-data.ts';
import type { EventSourceMappingDefinition } from './event-source-mapping.ts';
import type { FunctionDefinition } from './function-process.ts';
import { uniqueId } from './identity.ts';
import { type InternalClient, xmlText } from './internal-client.ts';
import type { LogStore } from './log-store.ts';
import type { DeployedResource, StackIdentity } from './template-resolver.ts';

/** What the creation of one resource can use. */
export interface DeployContext {
  readonly stack: StackIdentity;
  /** The folder of the template, which `CodeUri` is relative to. */
  readonly codeRoot: string;
  readonly functionDefaults: Readonly<Record<string, unknown>>;
  readonly policy: unknown;
  readonly client: InternalClient;
  readonly configuration: ConfigurationData;
  readonly logs: LogStore;
  readonly resolve: (value: unknown, path: string) => unknown;
  /** Makes a resource known that another one brings along. */
  readonly register: (logicalId: string, resource: DeployedResource) => void;
  readonly functions: FunctionDefinition[];
  readonly mappings: EventSourceMappingDefinition[];
}

/** Creates one resource from its resolved properties. Throws with the reason if they do not fit. */
export type Deployer = (
  context: DeployContext,
  logicalId: string,
  properties: unknown,
) => DeployedResource | Promise<DeployedResource>;

/** The resource types that the sandbox simulates. A set keeps the state that AppConfig's resources share. */
export function createDeployers(): Readonly<Record<string, Deployer>> {
  return {
    'AWS::SQS::Queue': deployQueue,
    'AWS::SQS::QueuePolicy': deployQueuePolicy,
    'AWS::SNS::Topic': deployTopic,
    'AWS::SNS::Subscription': deploySubscription,
    'AWS::SNS::TopicPolicy': deployTopicPolicy,
    'AWS::DynamoDB::Table': deployTable,
    'AWS::Events::Rule': deployRule,
    'AWS::SecretsManager::Secret': deploySecret,
    'AWS::Logs::LogGroup': deployLogGroup,
    'AWS::IAM::Role': deployRole,
    'AWS::Serverless::Function': deployFunction,
    'AWS::Lambda::EventSourceMapping': deployEventSourceMapping,
    ...createAppConfigDeployers(),
  };
}

/** A resource that is only named: references to it resolve, nothing is there. */
export function deployUnsimulated(
  { stack }: DeployContext,
  logicalId: string,
  type: string,
  properties: unknown,
): DeployedResource {
  const named = z.record(z.string(), z.unknown()).parse(properties);
  const given = named[`${type.split('::').at(-1)}Name`] ?? named['Name'];
  const ref = typeof given === 'string' ? given : physicalName(stack, logicalId);
  const service = type.split('::')[1]?.toLowerCase() ?? 'unknown';
  const resource = service === 'cloudwatch' ? `alarm:${ref}` : ref;
  return { ref, attributes: { Arn: `arn:aws:${service}:${stack.region}:${stack.accountId}:${resource}` } };
}

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const count = z.coerce.number();
const texts = z.union([text.transform((one) => [one]), z.array(text)]);
const document = z.union([z.string(), z.record(z.string(), z.unknown()).transform((value) => JSON.stringify(value))]);
const tags = z.array(z.object({ Key: z.string(), Value: text })).default([]);

const QUEUE_ATTRIBUTES = [
  ...['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds', 'MaximumMessageSize'],
  ...['ReceiveMessageWaitTimeSeconds', 'RedrivePolicy', 'RedriveAllowPolicy', 'SqsManagedSseEnabled'],
  ...['KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'FifoQueue', 'ContentBasedDeduplication'],
];

const deployQueue: Deployer = async ({ client, stack }, logicalId, properties) => {
  const { QueueName, Tags, ...rest } = z.looseObject({ QueueName: text.optional(), Tags: tags }).parse(properties);
  const name = QueueName ?? physicalName(stack, logicalId);
  const attributes = Object.entries(rest)
    .filter(([key]) => QUEUE_ATTRIBUTES.includes(key))
    .map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
  const created = await client.json('sqs', 'AmazonSQS.CreateQueue', {
    QueueName: name,
    Attributes: Object.fromEntries(attributes),
    tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
  });
  const { QueueUrl } = z.object({ QueueUrl: z.string() }).parse(created);
  return {
    ref: QueueUrl,
    attributes: { Arn: `arn:aws:sqs:${stack.region}:${stack.accountId}:${name}`, QueueName: name, QueueUrl },
  };
};

const deployQueuePolicy: Deployer = async ({ client, stack }, logicalId, properties) => {
  const { Queues, PolicyDocument } = z.looseObject({ Queues: texts, PolicyDocument: document }).parse(properties);
  for (const QueueUrl of Queues) {
    await client.json('sqs', 'AmazonSQS.SetQueueAttributes', { QueueUrl, Attributes: { Policy: PolicyDocument } });
  }
  return { ref: physicalName(stack, logicalId), attributes: {} };
};

const deployTopic: Deployer = async ({ client, stack }, logicalId, properties) => {
  const topic = z
    .looseObject({
      TopicName: text.optional(),
      DisplayName: text.optional(),
      Subscription: z.array(z.object({ Protocol: text, Endpoint: text })).default([]),
    })
    .parse(properties);
  const name = topic.TopicName ?? physicalName(stack, logicalId);
  const xml = await client.query('sns', {
    Action: 'CreateTopic',
    Name: name,
    ...(topic.DisplayName === undefined
      ? {}
      : { 'Attributes.entry.1.key': 'DisplayName', 'Attributes.entry.1.value': topic.DisplayName }),
  });
  const arn = xmlText(xml, 'TopicArn') ?? '';
  for (const { Protocol, Endpoint } of topic.Subscription) {
    await client.query('sns', { Action: 'Subscribe', TopicArn: arn, Protocol, Endpoint });
  }
  return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
};

const deploySubscription: Deployer = async ({ client }, _logicalId, properties) => {
  const subscription = z
    .looseObject({
      TopicArn: text,
      Protocol: text,
      Endpoint: text,
      FilterPolicy: document.optional(),
      FilterPolicyScope: text.optional(),
      RawMessageDelivery: text.optional(),
    })
    .parse(properties);
  const { FilterPolicy, FilterPolicyScope, RawMessageDelivery } = subscription;
  const attributes = Object.entries({ FilterPolicy, FilterPolicyScope, RawMessageDelivery }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const xml = await client.query('sns', {
    Action: 'Subscribe',
    TopicArn: subscription.TopicArn,
    Protocol: subscription.Protocol,
    Endpoint: subscription.Endpoint,
    ReturnSubscriptionArn: 'true',
    ...Object.fromEntries(
      attributes.flatMap(([key, value], index) => [
        [`Attributes.entry.${index + 1}.key`, key],
        [`Attributes.entry.${index + 1}.value`, value],
      ]),
    ),
  });
  return { ref: xmlText(xml, 'SubscriptionArn') ?? '', attributes: {} };
};

const deployTopicPolicy: Deployer = async ({ client, stack }, logicalId, properties) => {
  const { Topics, PolicyDocument } = z.looseObject({ Topics: texts, PolicyDocument: document }).parse(properties);
  for (const TopicArn of Topics) {
    await client.query('sns', {
      Action: 'SetTopicAttributes',
      TopicArn,
      AttributeName: 'Policy',
      AttributeValue: PolicyDocument,
    });
  }
  return { ref: physicalName(stack, logicalId), attributes: {} };
};

const TABLE_MEMBERS = [
  ...['AttributeDefinitions', 'KeySchema', 'BillingMode', 'ProvisionedThroughput'],
  ...['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'],
];

const deployTable: Deployer = async ({ client, stack }, logicalId, properties) => {
  const table = z
    .looseObject({
      TableName: text.optional(),
      TimeToLiveSpecification: z.looseObject({ Enabled: z.coerce.boolean(), AttributeName: text }).optional(),
    })
    .parse(properties);
  const name = table.TableName ?? physicalName(stack, logicalId);
  const members = Object.entries(table).filter(([key]) => TABLE_MEMBERS.includes(key));
  await client.json('dynamodb', 'DynamoDB_20120810.CreateTable', { TableName: name, ...Object.fromEntries(members) });
  if (table.TimeToLiveSpecification !== undefined) {
    await client.json('dynamodb', 'DynamoDB_20120810.UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: table.TimeToLiveSpecification,
    });
  }
  return { ref: name, attributes: { Arn: `arn:aws:dynamodb:${stack.region}:${stack.accountId}:table/${name}` } };
};

const deployRule: Deployer = async ({ client, stack }, logicalId, properties) => {
  const rule = z
    .looseObject({
      Name: text.optional(),
      Description: text.optional(),
      EventBusName: text.optional(),
      EventPattern: document.optional(),
      ScheduleExpression: text.optional(),
      State: text.optional(),
      Targets: z.array(z.looseObject({ Id: text, Arn: text })).default([]),
    })
    .parse(properties);
  const name = rule.Name ?? physicalName(stack, logicalId);
  const { Targets, Description, EventBusName, EventPattern, ScheduleExpression, State } = rule;
  const put = await client.json('events', 'AWSEvents.PutRule', {
    Name: name,
    Description,
    EventBusName,
    EventPattern,
    ScheduleExpression,
    State,
  });
  if (Targets.length > 0) {
    await client.json('events', 'AWSEvents.PutTargets', { Rule: name, EventBusName, Targets });
  }
  const { RuleArn } = z.object({ RuleArn: z.string() }).parse(put);
  return { ref: name, attributes: { Arn: RuleArn } };
};

const deploySecret: Deployer = async ({ client, stack }, logicalId, properties) => {
  const secret = z
    .looseObject({ Name: text.optional(), Description: text.optional(), SecretString: document.optional() })
    .parse(properties);
  const created = await client.json('secretsmanager', 'secretsmanager.CreateSecret', {
    Name: secret.Name ?? physicalName(stack, logicalId),
    Description: secret.Description,
    SecretString: secret.SecretString,
  });
  const { ARN } = z.object({ ARN: z.string() }).parse(created);
  return { ref: ARN, attributes: { Id: ARN } };
};

const deployLogGroup: Deployer = ({ stack, logs }, logicalId, properties) => {
  const { LogGroupName } = z.looseObject({ LogGroupName: text.optional() }).parse(properties);
  const name = LogGroupName ?? physicalName(stack, logicalId);
  logs.createGroup(name);
  return { ref: name, attributes: { Arn: `arn:aws:logs:${stack.region}:${stack.accountId}:log-group:${name}:*` } };
};

const deployRole: Deployer = ({ stack }, logicalId, properties) => {
  const { RoleName, Path } = z.looseObject({ RoleName: text.optional(), Path: text.default('/') }).parse(properties);
  const name = RoleName ?? physicalName(stack, logicalId);
  const arn = `arn:aws:iam::${stack.accountId}:role${Path}${name}`;
  return { ref: name, attributes: { Arn: arn, RoleId: uniqueId('AROA', arn) } };
};

const queueEvent = z.looseObject({
  Queue: text,
  BatchSize: count.default(10),
  MaximumBatchingWindowInSeconds: count.default(0),
  FunctionResponseTypes: z.array(z.string()).default([]),
  ScalingConfig: z.looseObject({ MaximumConcurrency: count.optional() }).optional(),
  Enabled: z.coerce.boolean().default(true),
});

const functionSchema = z.looseObject({
  FunctionName: text.optional(),
  Handler: text,
  Runtime: text,
  CodeUri: text,
  Timeout: count.default(3),
  MemorySize: count.default(128),
  Role: text.optional(),
  Environment: z.looseObject({ Variables: z.record(z.string(), text).default({}) }).default({ Variables: {} }),
  LoggingConfig: z
    .looseObject({ LogGroup: text.optional(), LogFormat: z.enum(['Text', 'JSON']).default('Text') })
    .optional(),
  Events: z.record(z.string(), z.looseObject({ Type: text, Properties: z.unknown() })).default({}),
});

// Without a limit AWS goes up to 1,250 at a time; a laptop is better off with these few.
const DEFAULT_CONCURRENCY = 2;

const deployFunction: Deployer = (context, logicalId, properties) => {
  const { stack } = context;
  const defaults = context.resolve(context.functionDefaults, 'Globals.Function');
  const definition = functionSchema.parse(mergeDefaults(defaults, properties));
  if (!/^nodejs(2[2-9]|[3-9]\d)\.x$/.test(definition.Runtime)) {
    throw new Error(`The sandbox runs functions of nodejs22.x and later, not ${definition.Runtime}`);
  }
  const name = definition.FunctionName ?? physicalName(stack, logicalId);
  const arn = `arn:aws:lambda:${stack.region}:${stack.accountId}:function:${name}`;
  const roleArn = definition.Role ?? registerRole(context, `${logicalId}Role`);
  const logGroup = definition.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
  context.logs.createGroup(logGroup);
  context.functions.push({
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
  });
  for (const event of Object.values(definition.Events)) {
    if (event.Type === 'SQS') {
      const { Queue, ...settings } = queueEvent.parse(event.Properties);
      addMapping(context, { ...settings, EventSourceArn: Queue, FunctionName: name });
    }
  }
  return { ref: name, attributes: { Arn: arn } };
};

const deployEventSourceMapping: Deployer = (context, logicalId, properties) => {
  const mapping = queueEvent
    .omit({ Queue: true })
    .extend({ EventSourceArn: text, FunctionName: text })
    .parse(properties);
  addMapping(context, mapping);
  const id = physicalName(context.stack, logicalId);
  return { ref: id, attributes: { Id: id } };
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

function addMapping(context: DeployContext, mapping: MappingSettings): void {
  if (!mapping.Enabled) {
    return;
  }
  if (!mapping.EventSourceArn.startsWith('arn:aws:sqs:')) {
    throw new Error(`The sandbox maps SQS queues only, not ${mapping.EventSourceArn}`);
  }
  context.mappings.push({
    queueArn: mapping.EventSourceArn,
    functionName: mapping.FunctionName.split(':').at(-1) ?? mapping.FunctionName,
    batchSize: mapping.BatchSize,
    batchingWindowSeconds: mapping.MaximumBatchingWindowInSeconds,
    reportsBatchItemFailures: mapping.FunctionResponseTypes.includes('ReportBatchItemFailures'),
    maximumConcurrency: mapping.ScalingConfig?.MaximumConcurrency ?? DEFAULT_CONCURRENCY,
  });
}

function registerRole(context: DeployContext, logicalId: string): string {
  const name = physicalName(context.stack, logicalId);
  const arn = `arn:aws:iam::${context.stack.accountId}:role/${name}`;
  context.register(logicalId, { ref: name, attributes: { Arn: arn, RoleId: uniqueId('AROA', arn) } });
  return arn;
}

/** SAM's globals: maps are merged, everything else is replaced by the function's own. */
function mergeDefaults(defaults: unknown, own: unknown): unknown {
  if (!isObject(defaults) || !isObject(own)) {
    return own ?? defaults;
  }
  const names = new Set([...Object.keys(defaults), ...Object.keys(own)]);
  return Object.fromEntries([...names].map((name) => [name, mergeDefaults(defaults[name], own[name])]));
}

function createAppConfigDeployers(): Readonly<Record<string, Deployer>> {
  const namesById = new Map<string, readonly string[]>();
  const versions = new Map<
    string,
    { readonly content: string; readonly contentType: string; readonly label: string }
  >();

  const named =
    (attribute: string): Deployer =>
    ({ stack }, logicalId, properties) => {
      const { Name } = z.looseObject({ Name: text }).parse(properties);
      const id = uniqueId('', `${stack.stackName}/${logicalId}`).slice(0, 7).toLowerCase();
      namesById.set(id, [id, Name]);
      return { ref: id, attributes: { [attribute]: id } };
    };

  const deployVersion: Deployer = ({ policy }, _logicalId, properties) => {
    const version = z
      .looseObject({ ApplicationId: text, ConfigurationProfileId: text, Content: text, ContentType: text })
      .parse(properties);
    const place = `${version.ApplicationId}/${version.ConfigurationProfileId}`;
    const number = String([...versions.keys()].filter((key) => key.startsWith(`${place}/`)).length + 1);
    versions.set(`${place}/${number}`, {
      content: policy === undefined ? version.Content : JSON.stringify(policy),
      contentType: version.ContentType,
      label: number,
    });
    return { ref: number, attributes: { VersionNumber: number } };
  };

  const deployDeployment: Deployer = ({ configuration }, _logicalId, properties) => {
    const deployment = z
      .looseObject({
        ApplicationId: text,
        EnvironmentId: text,
        ConfigurationProfileId: text,
        ConfigurationVersion: text,
      })
      .parse(properties);
    const { ApplicationId, EnvironmentId, ConfigurationProfileId, ConfigurationVersion } = deployment;
    const version = versions.get(`${ApplicationId}/${ConfigurationProfileId}/${ConfigurationVersion}`);
    if (version === undefined) {
      throw new Error(`There is no hosted version ${ConfigurationVersion} of profile ${ConfigurationProfileId}`);
    }
    const namesOf = (id: string) => namesById.get(id) ?? [id];
    configuration.deploy(
      {
        application: namesOf(ApplicationId),
        environment: namesOf(EnvironmentId),
        profile: namesOf(ConfigurationProfileId),
      },
      { content: version.content, contentType: version.contentType, versionLabel: version.label },
    );
    return { ref: '1', attributes: { DeploymentNumber: '1' } };
  };

  return {
    'AWS::AppConfig::Application': named('ApplicationId'),
    'AWS::AppConfig::Environment': named('EnvironmentId'),
    'AWS::AppConfig::ConfigurationProfile': named('ConfigurationProfileId'),
    'AWS::AppConfig::DeploymentStrategy': named('Id'),
    'AWS::AppConfig::HostedConfigurationVersion': deployVersion,
    'AWS::AppConfig::Deployment': deployDeployment,
  };
}

function physicalName(stack: StackIdentity, logicalId: string): string {
  return `${stack.stackName}-${logicalId}-${uniqueId('', `${stack.stackName}/${logicalId}`).slice(0, 12)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
