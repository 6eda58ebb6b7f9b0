import * as z from 'zod';
import { xmlText } from '../internal-client.ts';
import { type Deployer, document, physicalName, text, texts } from './context.ts';

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
    remove: async () => {
      await client.json('sqs', 'AmazonSQS.DeleteQueue', { QueueUrl });
    },
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
  return {
    ref: arn,
    attributes: { TopicArn: arn, TopicName: name },
    remove: async () => {
      await client.query('sns', { Action: 'DeleteTopic', TopicArn: arn });
    },
  };
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
  return {
    ref: name,
    attributes: { Arn: `arn:aws:dynamodb:${stack.region}:${stack.accountId}:table/${name}` },
    remove: async () => {
      await client.json('dynamodb', 'DynamoDB_20120810.DeleteTable', { TableName: name });
    },
  };
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
  return {
    ref: ARN,
    attributes: { Id: ARN },
    remove: async () => {
      const input = { SecretId: ARN, ForceDeleteWithoutRecovery: true };
      await client.json('secretsmanager', 'secretsmanager.DeleteSecret', input);
    },
  };
};

const deployLogGroup: Deployer = ({ stack, logs }, logicalId, properties) => {
  const { LogGroupName } = z.looseObject({ LogGroupName: text.optional() }).parse(properties);
  const name = LogGroupName ?? physicalName(stack, logicalId);
  logs.createGroup(name);
  return { ref: name, attributes: { Arn: `arn:aws:logs:${stack.region}:${stack.accountId}:log-group:${name}:*` } };
};

/** Queues, topics, tables, secrets and log groups. */
export const storageDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::SQS::Queue': deployQueue,
  'AWS::SQS::QueuePolicy': deployQueuePolicy,
  'AWS::SNS::Topic': deployTopic,
  'AWS::SNS::Subscription': deploySubscription,
  'AWS::SNS::TopicPolicy': deployTopicPolicy,
  'AWS::DynamoDB::Table': deployTable,
  'AWS::SecretsManager::Secret': deploySecret,
  'AWS::Logs::LogGroup': deployLogGroup,
};
