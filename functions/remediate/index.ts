import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readMessage } from '../../src/domain/change-message.ts';
import { remediateBatch } from '../../src/service/remediate-batch.ts';
import { openHub } from '../hub.ts';
import { hubSettings, readSettings } from '../settings.ts';

const settings = readSettings(hubSettings, process.env);
const { world, publishMetrics } = openHub(settings);

async function remediateEvents(event: SQSEvent): Promise<SQSBatchResponse> {
  const failed = await remediateBatch(
    event.Records,
    (body) => readMessage(body, settings.LAYERWARD_OWN_ROLE_ARNS),
    world,
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Takes batches of events from the queue, and answers which messages have to come back. */
export const handler = middy(remediateEvents).use({ after: publishMetrics, onError: publishMetrics });
