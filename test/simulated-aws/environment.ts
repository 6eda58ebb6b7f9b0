import { createAppConfigPolicies } from '../../src/aws/appconfig-policies.ts';
import { createDynamoDbAccounts } from '../../src/aws/dynamodb-accounts.ts';
import { createDynamoDbDeployment } from '../../src/aws/dynamodb-deployment.ts';
import { createDynamoDbFairShare } from '../../src/aws/dynamodb-fair-share.ts';
import { createDynamoDbRecords } from '../../src/aws/dynamodb-records.ts';
import { createEventBridgeEvents } from '../../src/aws/eventbridge-events.ts';
import { createLambdaFunctions } from '../../src/aws/lambda-functions.ts';
import { createLambdaInventory } from '../../src/aws/lambda-inventory.ts';
import { clientsByPlace } from '../../src/aws/member-clients.ts';
import { createAwsOrganization } from '../../src/aws/organizations.ts';
import { createSecretsManagerCredentials } from '../../src/aws/secrets-manager-credentials.ts';
import { createSnsAlerts } from '../../src/aws/sns-alerts.ts';
import { createSqsFollowUps } from '../../src/aws/sqs-follow-ups.ts';
import type { DeploymentState, Inventory, Log } from '../../src/domain/ports.ts';
import { createOrganizeSweep, type OrganizeSweep } from '../../src/service/organize-sweep.ts';
import type { World } from '../../src/service/remediate.ts';
import { agents } from '../fixtures/situation.ts';
import { clients, lambdaIn, taggingIn } from './clients.ts';
import type { Place } from './lambda-model.ts';
import { hubAccountId, regions, units } from './organization-model.ts';
import { currentRun } from './run.ts';

/** The world as the functions of the hub have it. */
export type HubWorld = World & {
  readonly records: ReturnType<typeof createDynamoDbRecords>;
};

/** One execution environment of a function: what it keeps in memory lasts from one run to the next. */
export interface Environment {
  readonly world: HubWorld;
  readonly inventory: Inventory;
  readonly deployment: DeploymentState;
  readonly organizeSweep: OrganizeSweep;
  /** Gets credentials for an account, as the SDK does before each call. @throws {AccessDenied} where it has none */
  enter(place: Place): Promise<void>;
}

/** What an environment is opened with. */
export interface EnvironmentOptions {
  readonly now: () => Date;
  readonly spread: () => number;
  readonly log: Log;
}

const tableName = 'records';
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/111122223333/changes';
const topicArn = 'arn:aws:sns:us-east-1:111122223333:alerts';

/** The functions of ours that stand among the others. */
export const ownFunctionArns = ['remediate', 'sweep', 'deployment', 'organize-sweep'].map(
  (name) => `arn:aws:lambda:us-east-1:${hubAccountId}:function:layerward-${name}`,
);
/** The roles whose calls are ours. */
export const ownRoleArns = [`arn:aws:iam::${hubAccountId}:role/layerward-*`, 'arn:aws:iam::*:role/layerward-member'];

/** Wires the service as functions/hub.ts does. */
export function openEnvironment({ now, spread, log }: EnvironmentOptions): Environment {
  const { dynamoDb, sqs, sns, eventBridge, secretsManager, appConfig, sts, organizations } = clients;
  const sessions = clientsByPlace(
    { ownAccountId: hubAccountId, partition: 'aws', memberRoleName: 'layerward-member', sts, now },
    (_, credentials) => credentials,
  );
  const sleep = (ms: number) => currentRun().pause(ms);
  const records = createDynamoDbRecords(dynamoDb, tableName);
  const policies = createAppConfigPolicies(
    appConfig,
    { application: 'layerward', environment: 'production', profile: 'policy' },
    agents,
    now,
  );
  const accounts = createDynamoDbAccounts(dynamoDb, tableName, now);
  const metrics = { add: () => {} };
  const world: HubWorld = {
    agents,
    ownFunctionArns,
    functions: createLambdaFunctions(lambdaIn),
    accounts,
    credentials: createSecretsManagerCredentials(secretsManager, now),
    policies,
    records,
    alerts: createSnsAlerts(sns, topicArn),
    events: createEventBridgeEvents(eventBridge, 'default'),
    followUps: createSqsFollowUps(sqs, queueUrl),
    metrics,
    log,
    fairShare: createDynamoDbFairShare(dynamoDb, tableName, { callsPerSecond: 8, now }),
    now,
    sleep,
    longestWaitMs: 1_000,
    spread,
  };
  return {
    world,
    inventory: createLambdaInventory({ lambda: lambdaIn, tagging: taggingIn }, world.fairShare, sleep),
    deployment: createDynamoDbDeployment(dynamoDb, tableName),
    organizeSweep: createOrganizeSweep({
      hubAccountId,
      regions,
      memberUnits: units,
      additionalAccountIds: [],
      organization: createAwsOrganization(organizations),
      register: accounts,
      policies: world.policies,
      records: world.records,
      metrics,
      log,
      now,
    }),
    async enter(place) {
      await sessions(place)?.();
    },
  };
}
