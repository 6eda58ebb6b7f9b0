import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSqsFollowUps } from '../../../src/aws/sqs-follow-ups.ts';
import type { Change } from '../../../src/domain/change.ts';
import { readMessage } from '../../../src/domain/change-message.ts';
import { arn } from '../../fixtures/situation.ts';
import { jsonError, type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
});
afterAll(() => standIn.stop());

const queueUrl = 'https://sqs.us-east-1.amazonaws.com/111122223333/changes';
const followUps = () =>
  createSqsFollowUps(new SQSClient({ ...standInOptions(standIn), useQueueUrlAsEndpoint: false, md5: false }), queueUrl);

const change: Change = {
  functionArn: arn,
  kind: 'configured',
  eventId: 'event-1',
  eventName: 'UpdateFunctionConfiguration',
  eventTime: '2026-11-23T12:00:00.000Z',
  touched: ['Layers'],
  tagKeys: [],
  followUp: { purpose: 'verify', attempt: 1 },
};

describe('a later look', () => {
  it('is a delayed message on the queue, that is read as it was written', async () => {
    standIn.answer({ body: { MessageId: '1' } });
    await followUps().schedule(change, 4);
    const { QueueUrl, DelaySeconds, MessageBody } = standIn.sent();
    expect({ QueueUrl, DelaySeconds }).toEqual({ QueueUrl: queueUrl, DelaySeconds: 4 });
    expect(readMessage(String(MessageBody), [])).toEqual({ change });
  });

  it.each([
    [jsonError('AWS.SimpleQueueService.NonExistentQueue', 'no such queue'), 'InvalidInput'],
    [jsonError('AccessDeniedException', 'not authorized', 403), 'AccessDenied'],
    [jsonError('InternalError', 'oops', 500), 'ServiceUnavailable'],
  ])('that can’t be put there is an error that names the queue: %#', async (answer, name) => {
    standIn.answer(answer);
    const error = await followUps()
      .schedule(change, 4)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name });
    expect(String(error)).toContain(queueUrl);
  });
});

describe('looks at many functions', () => {
  const changes = Array.from({ length: 23 }, (_, index) => ({ ...change, eventId: `event-${index}` }));
  const entriesOf = (body: string): { Id: string; MessageBody: string }[] => JSON.parse(body).Entries;

  it('are put on the queue by as many at once as SQS takes, each once and in order', async () => {
    standIn.answer({ body: { Successful: [], Failed: [] } });
    await followUps().send(changes);
    const batches = standIn.requests.map(({ body }) => entriesOf(body));
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 3]);
    for (const batch of batches) expect(new Set(batch.map(({ Id }) => Id)).size).toBe(batch.length);
    expect(batches.flat().map(({ MessageBody }) => readMessage(MessageBody, []))).toEqual(
      changes.map((each) => ({ change: each })),
    );
  });

  it('of none are no call', async () => {
    await followUps().send([]);
    expect(standIn.requests).toEqual([]);
  });

  it('of which SQS did not take one, although it answered 200, are an error', async () => {
    standIn.answer({ body: { Successful: [], Failed: [{ Id: '3', Code: 'InternalError', Message: 'try again' }] } });
    await expect(followUps().send(changes)).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      message: `putting 10 looks on the queue ${queueUrl} failed: InternalError: try again`,
    });
  });
});
