import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { answerCloudFormation } from '../../src/aws/cloudformation-answer.ts';
import { createDynamoDbDeployment } from '../../src/aws/dynamodb-deployment.ts';
import { requestSweep } from '../../src/aws/eventbridge-sweep-request.ts';
import { userAgent } from '../../src/aws/user-agent.ts';
import { createDeploymentLife } from '../../src/service/deployment-life.ts';
import { openHub } from '../hub.ts';
import { hubSettings, readSettings } from '../settings.ts';
import { readRequest } from './request.ts';

/** What is kept in hand to see the last releases to their end, and to hand the rest on. */
const inHandMs = 60_000;

const settings = readSettings(hubSettings, process.env);
const { world, dynamoDb, eventBridge, publishMetrics } = openHub(settings);
const lambda = new LambdaClient({ customUserAgent: userAgent });

const life = createDeploymentLife({
  world: { ...world, longestWaitMs: 30_000 },
  deployment: createDynamoDbDeployment(dynamoDb, settings.LAYERWARD_TABLE_NAME),
  requestSweep: (reason) => requestSweep(eventBridge, settings.LAYERWARD_EVENT_BUS_NAME, reason),
  answer: answerCloudFormation,
});

async function follow(event: unknown, context: Context): Promise<void> {
  const request = readRequest(event);
  const rest = await life.follow(request, () => context.getRemainingTimeInMillis() > inHandMs);
  if (!rest) return;
  // CloudFormation waits for the answer, whichever invocation it comes from.
  await lambda.send(
    new InvokeCommand({
      FunctionName: context.functionName,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify(rest)),
    }),
  );
}

/** CloudFormation's custom resource for the deployment itself: a sweep when it comes or changes, a release when it goes. */
export const handler = middy(follow).use({ after: publishMetrics, onError: publishMetrics });
