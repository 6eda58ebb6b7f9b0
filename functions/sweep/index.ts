import { LambdaClient } from '@aws-sdk/client-lambda';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { createDynamoDbDeployment } from '../../src/aws/dynamodb-deployment.ts';
import { createLambdaInventory } from '../../src/aws/lambda-inventory.ts';
import { sweepAccount } from '../../src/service/sweep-account.ts';
import { openHub } from '../hub.ts';
import { hubSettings, readSettings } from '../settings.ts';
import { readSweepTask, type SweepAnswer } from './task.ts';

/** What is kept in hand to see the last repairs to their end: each waits for its turn at most half a minute. */
const inHandMs = 90_000;

const settings = readSettings(hubSettings, process.env);
const { world, dynamoDb, publishMetrics, clients } = openHub(settings);
const deployment = createDynamoDbDeployment(dynamoDb, settings.LAYERWARD_TABLE_NAME);

const sweepWorld = {
  ...world,
  longestWaitMs: 30_000,
  inventory: createLambdaInventory(
    {
      lambda: clients((given) => new LambdaClient({ ...given, maxAttempts: 1 })),
      tagging: clients((given) => new ResourceGroupsTaggingAPIClient(given)),
    },
    world.fairShare,
    world.sleep,
  ),
};

async function sweepOne(event: unknown, context: Context): Promise<SweepAnswer> {
  const task = readSweepTask(event);
  // What is being taken off must not be put on again.
  if (await deployment.isEnding()) return { ...task, regions: [], waitSeconds: 0, done: true };
  const mayGoOn = async () => context.getRemainingTimeInMillis() > inHandMs && !(await deployment.isEnding());
  const rest = await sweepAccount(task, sweepWorld, mayGoOn);
  const done = rest.regions.length === 0 || (await deployment.isEnding());
  return { ...rest, done };
}

/** Sweeps one account, or as much of it as fits into its time; answers what is left. */
export const handler = middy(sweepOne).use({ after: publishMetrics, onError: publishMetrics });
