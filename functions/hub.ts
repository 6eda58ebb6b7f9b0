import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { createDynamoDbAccounts } from '../src/aws/dynamodb-accounts.ts';
import { createDynamoDbFairShare } from '../src/aws/dynamodb-fair-share.ts';
import { createDynamoDbRecords } from '../src/aws/dynamodb-records.ts';
import { createEventBridgeEvents } from '../src/aws/eventbridge-events.ts';
import { createLambdaFunctions } from '../src/aws/lambda-functions.ts';
import { clientsByPlace, type MemberCredentials } from '../src/aws/member-clients.ts';
import { createSecretsManagerCredentials } from '../src/aws/secrets-manager-credentials.ts';
import { createSingleAccount } from '../src/aws/single-account.ts';
import { createSnsAlerts } from '../src/aws/sns-alerts.ts';
import { createSqsFollowUps } from '../src/aws/sqs-follow-ups.ts';
import { userAgent } from '../src/aws/user-agent.ts';
import { InvalidInput } from '../src/domain/errors.ts';
import { parseFunctionArn } from '../src/domain/function-arn.ts';
import type { Quarter } from '../src/domain/ports.ts';
import type { World } from '../src/service/remediate.ts';
import { agents, openPolicies } from './policies.ts';
import type { HubSettings } from './settings.ts';
import { createLog, createMetrics } from './telling.ts';

/** The role that the member stack makes for the hub, in every account. */
const memberRoleName = 'layerward-member';

/** What the functions that look at functions have in common. */
export interface Hub {
  /** Nothing waits for long: a look whose turn comes later goes back to the queue. */
  readonly world: World & { readonly records: ReturnType<typeof createDynamoDbRecords> };
  readonly dynamoDb: DynamoDBClient;
  readonly eventBridge: EventBridgeClient;
  /** Publishes the metrics of an invocation. */
  readonly publishMetrics: () => void;
  /** Makes clients by account and region: with the member role's credentials in other accounts than the hub's. */
  readonly clients: <Client>(create: (options: MemberClientOptions) => Client) => (quarter: Quarter) => Client;
}

/** What a client for an account and region is made with. */
export interface MemberClientOptions {
  readonly region: string;
  readonly credentials?: MemberCredentials;
  readonly customUserAgent: typeof userAgent;
}

/** Wires the service to AWS. */
export function openHub(settings: HubSettings): Hub {
  const options = { customUserAgent: userAgent };
  const now = () => new Date();
  const [ownFunction] = settings.LAYERWARD_OWN_FUNCTION_ARNS;
  const home = parseFunctionArn(ownFunction ?? '');
  if (!home)
    throw new InvalidInput(`LAYERWARD_OWN_FUNCTION_ARNS begins with ${ownFunction}, which is not a function’s ARN`);
  const isForOrganization = settings.LAYERWARD_ORGANIZATION_ID !== '';
  const dynamoDb = new DynamoDBClient(options);
  const eventBridge = new EventBridgeClient(options);
  const { metrics, publish } = createMetrics();

  const sts = new STSClient(options);
  const clients = <Client>(create: (options: MemberClientOptions) => Client) =>
    clientsByPlace(
      { ownAccountId: home.accountId, partition: home.partition, memberRoleName, sts, now },
      (region, credentials) => create({ ...options, region, ...(credentials ? { credentials } : {}) }),
    );

  const world = {
    agents,
    ownFunctionArns: settings.LAYERWARD_OWN_FUNCTION_ARNS,
    // They try once only: the queue, not a function that sleeps, is what waits for a throttled API.
    functions: createLambdaFunctions(clients((given) => new LambdaClient({ ...given, maxAttempts: 1 }))),
    accounts: isForOrganization
      ? createDynamoDbAccounts(dynamoDb, settings.LAYERWARD_TABLE_NAME, now)
      : createSingleAccount(),
    credentials: createSecretsManagerCredentials(new SecretsManagerClient(options), now),
    policies: openPolicies(settings, now),
    records: createDynamoDbRecords(dynamoDb, settings.LAYERWARD_TABLE_NAME),
    alerts: createSnsAlerts(new SNSClient(options), settings.LAYERWARD_TOPIC_ARN),
    events: createEventBridgeEvents(eventBridge, settings.LAYERWARD_EVENT_BUS_NAME),
    // The host of a queue's URL is not where a configured endpoint listens.
    followUps: createSqsFollowUps(
      new SQSClient({ ...options, useQueueUrlAsEndpoint: false }),
      settings.LAYERWARD_QUEUE_URL,
    ),
    metrics,
    log: createLog(settings.LOG_LEVEL),
    fairShare: createDynamoDbFairShare(dynamoDb, settings.LAYERWARD_TABLE_NAME, {
      callsPerSecond: settings.LAYERWARD_CALLS_PER_SECOND,
      now,
    }),
    now,
    sleep: (ms: number) => setTimeout(ms),
    longestWaitMs: 1_000,
    spread: Math.random,
  };
  return { world, dynamoDb, eventBridge, publishMetrics: publish, clients };
}
