import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import type { Place } from './lambda-model.ts';
import type { Service } from './network.ts';
import { currentRun } from './run.ts';

/*
 * The SDK's own clients, whose calls go to the AWS of the run that makes them in the place of the network. There is one of
 * each for all runs, since the SDK takes long to make one.
 */

const options = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' },
  cacheMiddleware: true,
};
const first = { step: 'initialize', priority: 'high', name: 'simulate' } as const;

/** What the SDK hands on: the answer is of the shape of its command, which the model sees to. */
async function answer(
  service: Service,
  command: unknown,
  input: object,
  place?: Place,
): Promise<{ output: never; response: undefined }> {
  const run = currentRun();
  const output = await run.aws.call(run, service, String(command), input, place);
  return { output: output as never, response: undefined };
}

/** Clients that are the same for every account and region. */
export const clients = {
  dynamoDb: new DynamoDBClient(options),
  sqs: new SQSClient(options),
  sns: new SNSClient(options),
  eventBridge: new EventBridgeClient(options),
  secretsManager: new SecretsManagerClient(options),
  appConfig: new AppConfigDataClient(options),
  sts: new STSClient(options),
  organizations: new OrganizationsClient(options),
} as const;

const { dynamoDb, sqs, sns, eventBridge, secretsManager, appConfig, sts, organizations } = clients;
dynamoDb.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('DynamoDB', commandName, input),
  first,
);
sqs.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('SQS', commandName, input),
  first,
);
sns.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('SNS', commandName, input),
  first,
);
eventBridge.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('EventBridge', commandName, input),
  first,
);
secretsManager.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('Secrets Manager', commandName, input),
  first,
);
appConfig.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('AppConfig', commandName, input),
  first,
);
sts.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('STS', commandName, input),
  first,
);
organizations.middlewareStack.add(
  (_, { commandName }) =>
    ({ input }) =>
      answer('Organizations', commandName, input),
  first,
);

const lambdas = new Map<string, LambdaClient>();
const taggings = new Map<string, ResourceGroupsTaggingAPIClient>();
const keyOf = ({ accountId, region }: Place) => `${accountId} ${region}`;

/** Lambda in an account and region. */
export function lambdaIn(place: Place): LambdaClient {
  const known = lambdas.get(keyOf(place));
  if (known) return known;
  const client = new LambdaClient(options);
  client.middlewareStack.add(
    (_, { commandName }) =>
      ({ input }) =>
        answer('Lambda', commandName, input, place),
    first,
  );
  lambdas.set(keyOf(place), client);
  return client;
}

/** The tagging API in an account and region. */
export function taggingIn(place: Place): ResourceGroupsTaggingAPIClient {
  const known = taggings.get(keyOf(place));
  if (known) return known;
  const client = new ResourceGroupsTaggingAPIClient(options);
  client.middlewareStack.add(
    (_, { commandName }) =>
      ({ input }) =>
        answer('Tagging', commandName, input, place),
    first,
  );
  taggings.set(keyOf(place), client);
  return client;
}
