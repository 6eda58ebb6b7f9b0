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

/** Sends calls to the AWS of the run. The answer is of the shape of its command, which the model sees to. */
function divertedTo(service: Service, place?: Place) {
  return (_: unknown, { commandName }: { readonly commandName?: string }) =>
    async ({ input }: { readonly input: object }) => {
      const run = currentRun();
      const output = await run.aws.call(run, service, String(commandName), input, place);
      return { output: output as never, response: undefined };
    };
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
dynamoDb.middlewareStack.add(divertedTo('DynamoDB'), first);
sqs.middlewareStack.add(divertedTo('SQS'), first);
sns.middlewareStack.add(divertedTo('SNS'), first);
eventBridge.middlewareStack.add(divertedTo('EventBridge'), first);
secretsManager.middlewareStack.add(divertedTo('Secrets Manager'), first);
appConfig.middlewareStack.add(divertedTo('AppConfig'), first);
sts.middlewareStack.add(divertedTo('STS'), first);
organizations.middlewareStack.add(divertedTo('Organizations'), first);

/** Lambda in an account and region. */
export const lambdaIn = oneForEachPlace((place) => {
  const client = new LambdaClient(options);
  client.middlewareStack.add(divertedTo('Lambda', place), first);
  return client;
});

/** The tagging API in an account and region. */
export const taggingIn = oneForEachPlace((place) => {
  const client = new ResourceGroupsTaggingAPIClient(options);
  client.middlewareStack.add(divertedTo('Tagging', place), first);
  return client;
});

function oneForEachPlace<Client>(create: (place: Place) => Client): (place: Place) => Client {
  const known = new Map<string, Client>();
  return (place) => {
    const key = `${place.accountId} ${place.region}`;
    const client = known.get(key) ?? create(place);
    known.set(key, client);
    return client;
  };
}
