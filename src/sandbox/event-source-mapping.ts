import * as z from 'zod';
import type { InvocationResult } from './function-process.ts';

/** A message as `ReceiveMessage` gives it, with all of its attributes. */
export interface ReceivedMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly MD5OfMessageAttributes?: string | undefined;
  readonly Attributes?: Readonly<Record<string, string>> | undefined;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>> | undefined;
}

interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | undefined;
}

/** How a queue feeds a function, in the words of `AWS::Lambda::EventSourceMapping`. */
export interface EventSourceMappingDefinition {
  readonly queueArn: string;
  readonly functionName: string;
  /** 1 to 10,000; more than 10 only with a window. */
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly reportsBatchItemFailures: boolean;
  /** `ScalingConfig.MaximumConcurrency`. */
  readonly maximumConcurrency: number;
}

/** What a mapping needs of the sandbox. */
export interface EventSourceMappingOptions {
  readonly definition: EventSourceMappingDefinition;
  /** Long polls the queue. */
  readonly receive: (maximum: number, waitSeconds: number) => Promise<readonly ReceivedMessage[]>;
  readonly remove: (messages: readonly ReceivedMessage[]) => Promise<void>;
  /** Makes messages visible again at once, that nobody will process. */
  readonly giveBack: (messages: readonly ReceivedMessage[]) => Promise<void>;
  readonly invoke: (event: unknown) => Promise<InvocationResult>;
  readonly log: (line: string) => void;
}

/** A running poller. */
export interface EventSourceMapping {
  /**
   * Takes no further batch; resolves when none is in flight any more. A poll that waits for messages is not waited for:
   * what it still receives goes back to the queue.
   */
  stop(): Promise<void>;
}

const MAXIMUM_RECEIVE = 10;
const LONGEST_POLL_SECONDS = 20;

/** Polls the queue until it is stopped; a batch is only received when an invocation is free for it. */
export function startEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const { definition } = options;
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();

  const poll = async () => {
    while (!stopping.signal.aborted) {
      if (inFlight.size >= definition.maximumConcurrency) {
        await Promise.race(inFlight);
        continue;
      }
      const batch = await collectBatch(options, stopping.signal);
      if (batch.length > 0 && stopping.signal.aborted) {
        await options.giveBack(batch);
      } else if (batch.length > 0) {
        const work: Promise<void> = processBatch(options, batch).finally(() => inFlight.delete(work));
        inFlight.add(work);
      }
    }
  };
  poll().catch((error: unknown) => {
    // A queue that goes with its mapping fails the last poll.
    if (!stopping.signal.aborted) {
      options.log(`event source mapping of ${definition.functionName} has stopped polling: ${String(error)}`);
    }
  });

  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(inFlight);
    },
  };
}

async function collectBatch(options: EventSourceMappingOptions, stopping: AbortSignal): Promise<ReceivedMessage[]> {
  const { batchSize, batchingWindowSeconds } = options.definition;
  const batch = [...(await options.receive(Math.min(batchSize, MAXIMUM_RECEIVE), LONGEST_POLL_SECONDS))];
  const deadline = Date.now() + batchingWindowSeconds * 1000;
  while (batch.length > 0 && batch.length < batchSize && !stopping.aborted) {
    const left = deadline - Date.now();
    if (left <= 0) {
      break;
    }
    batch.push(...(await options.receive(Math.min(batchSize - batch.length, MAXIMUM_RECEIVE), left / 1000)));
  }
  return batch;
}

async function processBatch(options: EventSourceMappingOptions, batch: readonly ReceivedMessage[]): Promise<void> {
  const { definition, log } = options;
  const result = await options.invoke({ Records: batch.map((message) => toRecord(message, definition.queueArn)) });
  const failed = failedMessages(batch, result, definition.reportsBatchItemFailures);
  if (failed.reason !== undefined) {
    log(`${definition.functionName}: all ${batch.length} messages of a batch go back to the queue: ${failed.reason}`);
  }
  // What has failed is left alone: it comes back when its visibility time-out ends.
  const done = batch.filter((message) => !failed.messageIds.has(message.MessageId));
  try {
    if (done.length > 0) {
      await options.remove(done);
    }
  } catch (error) {
    log(`${definition.functionName}: ${done.length} processed messages could not be deleted: ${String(error)}`);
  }
}

const responseSchema = z
  .looseObject({
    batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
  })
  .nullish();

/**
 * Which messages of a batch count as failed, by Lambda's rules: an answer that is no partial batch response, an
 * identifier that is empty, null, misspelt or not in the batch fails the whole batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function failedMessages(
  batch: readonly ReceivedMessage[],
  result: InvocationResult,
  reportsBatchItemFailures: boolean,
): { readonly messageIds: ReadonlySet<string>; readonly reason?: string } {
  const all = new Set(batch.map((message) => message.MessageId));
  if (result.kind === 'error') {
    return { messageIds: all, reason: `${result.error.errorType}: ${result.error.errorMessage}` };
  }
  if (!reportsBatchItemFailures) {
    return { messageIds: new Set() };
  }
  const response = responseSchema.safeParse(result.payload);
  if (!response.success) {
    return { messageIds: all, reason: `the function's answer is no partial batch response: ${response.error.message}` };
  }
  const identifiers = (response.data?.batchItemFailures ?? []).map((failure) => failure.itemIdentifier);
  const unknown = identifiers.find((identifier) => !all.has(identifier));
  if (unknown !== undefined) {
    return { messageIds: all, reason: `the function's answer names ${unknown}, which is not in the batch` };
  }
  return { messageIds: new Set(identifiers) };
}

/** A record of an SQS event, as Lambda hands it to functions. */
function toRecord(message: ReceivedMessage, queueArn: string): Readonly<Record<string, unknown>> {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, attribute]) => [
        name,
        {
          ...(attribute.StringValue === undefined ? {} : { stringValue: attribute.StringValue }),
          ...(attribute.BinaryValue === undefined ? {} : { binaryValue: attribute.BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: attribute.DataType,
        },
      ]),
    ),
    md5OfBody: message.MD5OfBody,
    ...(message.MD5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  };
}
