import { createHash } from 'node:crypto';
import type {
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SendMessageCommandInput,
  SendMessageCommandOutput,
} from '@aws-sdk/client-sqs';
import { createHeldMessages, type HeldMessages, type QueuedMessage } from '../simulation/held-messages.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { Script } from './script.ts';

/** SQS: at least once, in no order, with delays, visibility time-outs and dead letters. */
export interface QueueModel extends Omit<HeldMessages, 'add' | 'receive'> {
  /** A message from EventBridge. */
  deliver(body: string): void;
  sendMessage(input: SendMessageCommandInput): SendMessageCommandOutput;
  sendMessageBatch(input: SendMessageBatchCommandInput): SendMessageBatchCommandOutput;
  receive(most: number): QueuedMessage[];
  /** When the next message can be seen; absent where there is none. */
  nextVisibleAt(): number | undefined;
}

/** How often SQS does what it may do. */
export interface QueueOptions {
  /** The probability that a message is delivered twice. */
  readonly doubling: () => number;
  /** The probability that an entry of a batch is not taken. */
  readonly refusing: () => number;
  /** A message was added. */
  readonly added: () => void;
}

export function createQueueModel(
  scheduler: Scheduler,
  script: Script,
  { doubling, refusing, added }: QueueOptions,
): QueueModel {
  const { add: hold, receive, ...held } = createHeldMessages(scheduler);
  const sent = new Map<string, number>();
  let receives = 0;
  const add = (body: string, delaySeconds: number) => {
    // Of the same content, the same in each run.
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const count = (sent.get(hash) ?? 0) + 1;
    sent.set(hash, count);
    const messageId = `${hash}-${count}`;
    hold(messageId, body, delaySeconds);
    if (script.happens(`message ${messageId} is doubled`, doubling(), 'SQS delivers a message twice'))
      hold(`${messageId}-again`, body, delaySeconds);
    added();
  };
  return {
    ...held,
    deliver: (body) => add(body, 0),
    sendMessage({ MessageBody = '', DelaySeconds = 0 }) {
      if (DelaySeconds > 900) throw new Error(`SQS holds no message back for ${DelaySeconds} seconds`);
      add(MessageBody, DelaySeconds);
      return { $metadata: {} };
    },
    sendMessageBatch({ Entries = [] }) {
      if (Entries.length > 10) throw new Error(`SQS takes no ${Entries.length} messages at once`);
      const refused = Entries.filter(({ MessageBody = '' }) =>
        script.happens(`entry ${MessageBody} is refused`, refusing(), 'SQS does not take one message of a batch'),
      );
      for (const entry of Entries) if (!refused.includes(entry)) add(entry.MessageBody ?? '', entry.DelaySeconds ?? 0);
      return {
        Successful: [],
        Failed: refused.map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError', Message: 'not taken' })),
        $metadata: {},
      };
    },
    receive: (most) => receive(most, script.of(`receive ${++receives}`)),
    nextVisibleAt() {
      let next: number | undefined;
      for (const { visibleAt } of held.messages) if (next === undefined || visibleAt < next) next = visibleAt;
      return next;
    },
  };
}
