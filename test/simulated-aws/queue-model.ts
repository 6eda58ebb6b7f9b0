import { createHash } from 'node:crypto';
import type {
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SendMessageCommandInput,
  SendMessageCommandOutput,
} from '@aws-sdk/client-sqs';
import type { Scheduler } from './scheduler.ts';
import type { Script } from './script.ts';

/** A message of the queue. */
export interface QueuedMessage {
  /** Of the same content, the same in each run. */
  readonly messageId: string;
  readonly body: string;
  visibleAt: number;
  receives: number;
}

/** SQS: at least once, in no order, with delays, visibility time-outs and dead letters. */
export interface QueueModel {
  /** A message from EventBridge. */
  deliver(body: string): void;
  sendMessage(input: SendMessageCommandInput): SendMessageCommandOutput;
  sendMessageBatch(input: SendMessageBatchCommandInput): SendMessageBatchCommandOutput;
  receive(most: number): QueuedMessage[];
  delete(message: QueuedMessage): void;
  readonly messages: ReadonlySet<QueuedMessage>;
  readonly deadLetters: QueuedMessage[];
  /** When the next message can be seen; absent where there is none. */
  nextVisibleAt(): number | undefined;
  /** Puts the dead letters on the queue again, as on-call would. */
  redrive(): void;
}

/** As template.yaml has them. */
const visibilityMs = 360_000;
const receivesAllowed = 6;

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
  const messages = new Set<QueuedMessage>();
  const deadLetters: QueuedMessage[] = [];
  const sent = new Map<string, number>();
  let receives = 0;
  const add = (body: string, delaySeconds: number) => {
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const count = (sent.get(hash) ?? 0) + 1;
    sent.set(hash, count);
    const messageId = `${hash}-${count}`;
    const visibleAt = scheduler.now() + delaySeconds * 1000;
    messages.add({ messageId, body, visibleAt, receives: 0 });
    if (script.happens(`message ${messageId} is doubled`, doubling(), 'SQS delivers a message twice'))
      messages.add({ messageId: `${messageId}-again`, body, visibleAt, receives: 0 });
    added();
  };
  return {
    messages,
    deadLetters,
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
    receive(most) {
      const now = scheduler.now();
      const visible = [...messages].filter(({ visibleAt }) => visibleAt <= now);
      const random = script.of(`receive ${++receives}`);
      const taken: QueuedMessage[] = [];
      while (taken.length < most && visible.length > 0) {
        const [message] = visible.splice(random.below(visible.length), 1);
        if (!message) break;
        if (++message.receives > receivesAllowed) {
          messages.delete(message);
          deadLetters.push(message);
          continue;
        }
        message.visibleAt = now + visibilityMs;
        taken.push(message);
      }
      return taken;
    },
    delete: (message) => void messages.delete(message),
    nextVisibleAt() {
      let next: number | undefined;
      for (const { visibleAt } of messages) if (next === undefined || visibleAt < next) next = visibleAt;
      return next;
    },
    redrive() {
      for (const message of deadLetters.splice(0)) {
        message.receives = 0;
        message.visibleAt = scheduler.now();
        messages.add(message);
      }
    },
  };
}
