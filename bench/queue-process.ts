import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { liftLimit } from './lifted-limit.ts';
import { queueLength } from './queue-length.ts';

/*
 * Works the queue off with the built `remediate` until it is empty, in place of the event source mapping, in a process of
 * its own, whose environment is the one that the template gives to the function. Nobody waits for a turn, for this is not
 * what is measured. Sends its parent how many messages it took.
 */

const functionModule = z.object({ handler: z.custom<Handler>((value) => typeof value === 'function') });
type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const batchAnswer = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })) });

const batchesAtOnce = 8;
const pollEveryMs = 100;

if (import.meta.main) {
  liftLimit();
  const { handler } = functionModule.parse(await import(join(import.meta.dirname, '../dist/remediate/index.mjs')));
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  const QueueUrl = process.env['LAYERWARD_QUEUE_URL'] ?? '';
  let taken = 0;

  const workOff = async (messages: readonly Message[]) => {
    const Records = messages.map(({ MessageId, Body }) => ({ messageId: MessageId, body: Body }));
    const { batchItemFailures } = batchAnswer.parse(await handler({ Records }, {}));
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const entries = messages.map(({ MessageId = '', ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    const done = entries.filter(({ Id }) => !failed.has(Id));
    if (done.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: done }));
    taken += done.length;
    // What failed comes back, as it does in AWS, only sooner.
    const back = entries.filter(({ Id }) => failed.has(Id)).map((entry) => ({ ...entry, VisibilityTimeout: 1 }));
    if (back.length > 0) await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: back }));
  };
  const work = async () => {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length > 0) await workOff(Messages);
      else if ((await queueLength(sqs, QueueUrl)) === 0) return;
      else await sleep(pollEveryMs);
    }
  };
  await Promise.all(Array.from({ length: batchesAtOnce }, work));
  process.send?.({ taken }, () => process.exit(0));
}
