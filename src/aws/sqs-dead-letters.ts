import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toLayerwardError } from './refusal.ts';

/** A message that was given up on. */
export interface DeadLetter {
  readonly messageId: string;
  readonly body: string;
  /** When it was sent, ISO 8601. */
  readonly sentAt: string;
  /** How often it was received: by Layerward, and by whoever has looked at it since. */
  readonly received: number;
  /** EventBridge's own words, where it could not put the event on the queue; absent where the queue gave it up. */
  readonly delivery?: { readonly code: string; readonly message: string; readonly ruleArn: string };
  /** By which SQS knows it as long as it is held back. */
  readonly receiptHandle: string;
}

/** The queue of letters, and the one that they are sent to again. */
export interface DeadLetters {
  /** How many there are, as far as SQS tells; `hidden` are those that somebody reads at the moment. */
  count(): Promise<{ readonly visible: number; readonly hidden: number }>;
  /** Takes letters out of sight for a while; they come back by themselves. At most `limit` of them. */
  hold(limit: number, progress: (held: number) => void): Promise<readonly DeadLetter[]>;
  /** Lets letters be seen again at once. */
  putBack(letters: readonly DeadLetter[]): Promise<void>;
  /** Sends a letter to the queue again, and only then takes it away: twice does no harm, never would. */
  retry(letter: DeadLetter): Promise<void>;
  drop(letter: DeadLetter): Promise<void>;
}

const messagesPerCall = 10;
/** As long as a person thinks about a question, and a long list is worked off. */
const heldSeconds = 300;
/** SQS asks all of its servers where it may wait. */
const waitSeconds = 1;
/** An answer with nothing in it may come while there is something. */
const emptyAnswersThatMeanNone = 2;

/** Dead letters in SQS. */
export function createSqsDeadLetters(client: SQSClient, deadLetterQueueUrl: string, queueUrl: string): DeadLetters {
  const asking = async <Answer>(doing: string, call: () => Promise<Answer>): Promise<Answer> =>
    call().catch((error: unknown) => {
      throw toLayerwardError(error, doing);
    });
  const remove = ({ messageId, receiptHandle }: DeadLetter) =>
    asking(`taking the message ${messageId} off ${deadLetterQueueUrl}`, () =>
      client.send(new DeleteMessageCommand({ QueueUrl: deadLetterQueueUrl, ReceiptHandle: receiptHandle })),
    );
  const putBack = async (letters: readonly DeadLetter[]): Promise<void> => {
    for (let from = 0; from < letters.length; from += messagesPerCall) {
      const Entries = letters.slice(from, from + messagesPerCall).map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      }));
      // One that can't be shown again at once comes back by itself.
      await asking(`showing messages of ${deadLetterQueueUrl} again`, () =>
        client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: deadLetterQueueUrl, Entries })),
      );
    }
  };
  return {
    async count() {
      const { Attributes } = await asking(`counting the messages of ${deadLetterQueueUrl}`, () =>
        client.send(
          new GetQueueAttributesCommand({
            QueueUrl: deadLetterQueueUrl,
            AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
          }),
        ),
      );
      return {
        visible: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
        hidden: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
      };
    },
    async hold(limit, progress) {
      const held = new Map<string, DeadLetter>();
      for (let empty = 0; held.size < limit && empty < emptyAnswersThatMeanNone; ) {
        const { Messages = [] } = await asking(`reading ${deadLetterQueueUrl}`, () =>
          client.send(
            new ReceiveMessageCommand({
              QueueUrl: deadLetterQueueUrl,
              MaxNumberOfMessages: Math.min(messagesPerCall, limit - held.size),
              VisibilityTimeout: heldSeconds,
              WaitTimeSeconds: waitSeconds,
              MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
              MessageAttributeNames: ['All'],
            }),
          ),
        ).catch(async (error: unknown) => {
          // What went wrong is to be told, and not that they come back later than they might.
          await putBack([...held.values()]).catch(() => {});
          throw error;
        });
        empty = Messages.length === 0 ? empty + 1 : 0;
        for (const message of Messages) held.set(message.MessageId ?? '', toLetter(message));
        progress(held.size);
      }
      return [...held.values()].sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1));
    },
    putBack,
    async retry(letter) {
      await asking(`sending the message ${letter.messageId} to ${queueUrl}`, () =>
        client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: letter.body })),
      );
      await remove(letter);
    },
    async drop(letter) {
      await remove(letter);
    },
  };
}

function toLetter({
  MessageId = '',
  Body = '',
  ReceiptHandle = '',
  Attributes,
  MessageAttributes,
}: Message): DeadLetter {
  const attribute = (name: string) => MessageAttributes?.[name]?.StringValue ?? '';
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
  const code = attribute('ERROR_CODE');
  return {
    messageId: MessageId,
    body: Body,
    sentAt: new Date(Number(Attributes?.SentTimestamp ?? 0)).toISOString(),
    received: Number(Attributes?.ApproximateReceiveCount ?? 0),
    ...(code === '' ? {} : { delivery: { code, message: attribute('ERROR_MESSAGE'), ruleArn: attribute('RULE_ARN') } }),
    receiptHandle: ReceiptHandle,
  };
}
