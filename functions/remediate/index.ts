import bundledAgents from 'layerward:agents';
import { setTimeout } from 'node:timers/promises';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import pino from 'pino';
import { createAppConfigPolicies } from '../../src/aws/appconfig-policies.ts';
import { createDynamoDbFairShare } from '../../src/aws/dynamodb-fair-share.ts';
import { createDynamoDbRecords } from '../../src/aws/dynamodb-records.ts';
import { createEventBridgeEvents } from '../../src/aws/eventbridge-events.ts';
import { createLambdaFunctions, ownLambdaClients } from '../../src/aws/lambda-functions.ts';
import { createSecretsManagerCredentials } from '../../src/aws/secrets-manager-credentials.ts';
import { createSingleAccount } from '../../src/aws/single-account.ts';
import { createSnsAlerts } from '../../src/aws/sns-alerts.ts';
import { createSqsFollowUps } from '../../src/aws/sqs-follow-ups.ts';
import { userAgent } from '../../src/aws/user-agent.ts';
import { readMessage } from '../../src/domain/change-message.ts';
import type { World } from '../../src/service/remediate.ts';
import { remediateBatch } from '../../src/service/remediate-batch.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env);
const agents = new Map(bundledAgents.map((agent) => [agent.name, agent]));
const metrics = new Metrics();
const options = { customUserAgent: userAgent };
const now = () => new Date();
const dynamoDb = new DynamoDBClient(options);

const world: World = {
  agents,
  ownFunctionArns: settings.LAYERWARD_OWN_FUNCTION_ARNS,
  functions: createLambdaFunctions(ownLambdaClients()),
  organization: createSingleAccount(),
  credentials: createSecretsManagerCredentials(new SecretsManagerClient(options), now),
  policies: createAppConfigPolicies(
    new AppConfigDataClient(options),
    {
      application: settings.LAYERWARD_APPCONFIG_APPLICATION,
      environment: settings.LAYERWARD_APPCONFIG_ENVIRONMENT,
      profile: settings.LAYERWARD_APPCONFIG_PROFILE,
    },
    agents,
    now,
  ),
  records: createDynamoDbRecords(dynamoDb, settings.LAYERWARD_TABLE_NAME),
  alerts: createSnsAlerts(new SNSClient(options), settings.LAYERWARD_TOPIC_ARN),
  events: createEventBridgeEvents(new EventBridgeClient(options), settings.LAYERWARD_EVENT_BUS_NAME),
  // The host of a queue's URL is not where a configured endpoint listens.
  followUps: createSqsFollowUps(
    new SQSClient({ ...options, useQueueUrlAsEndpoint: false }),
    settings.LAYERWARD_QUEUE_URL,
  ),
  metrics: {
    add: (name, value) =>
      metrics.addMetric(name, name === 'EventToFix' ? MetricUnit.Milliseconds : MetricUnit.Count, value),
  },
  // Written at once: Lambda freezes the process as soon as it has answered, and what is still to be written is lost.
  log: pino(
    { level: settings.LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 1, sync: true }),
  ),
  fairShare: createDynamoDbFairShare(dynamoDb, settings.LAYERWARD_TABLE_NAME, {
    callsPerSecond: settings.LAYERWARD_CALLS_PER_SECOND,
    now,
  }),
  now,
  sleep: (ms) => setTimeout(ms),
  spread: Math.random,
};

async function remediateEvents(event: SQSEvent): Promise<SQSBatchResponse> {
  const failed = await remediateBatch(
    event.Records,
    (body) => readMessage(body, settings.LAYERWARD_OWN_ROLE_ARNS),
    world,
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

const publishMetrics = () => {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};

/** Takes batches of events from the queue, and answers which messages have to come back. */
export const handler = middy(remediateEvents).use({ after: publishMetrics, onError: publishMetrics });
