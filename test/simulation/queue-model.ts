import type { Random } from '../../src/sandbox/random.ts';
import type { Scheduler } from './scheduler.ts';

/** A message of the queue. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  visibleAt: number;
  receives: number;
}

/** SQS: at least once, in no order, delays, visibility time-outs, dead letters. */
export interface QueueModel {
  send(body: string, delaySeconds: number): void;
  receive(most: number): QueuedMessage[];
  delete(message: QueuedMessage): void;
  readonly messages: Set<QueuedMessage>;
  readonly deadLetters: QueuedMessage[];
  /** Puts the dead letters on the queue again, as on-call would. */
  redrive(): void;
}

const visibilityMs = 360_000;
const receivesAllowed = 6;

export function createQueueModel(scheduler: Scheduler, random: Random): QueueModel {
  const messages = new Set<QueuedMessage>();
  const deadLetters: QueuedMessage[] = [];
  let count = 0;
  return {
    messages,
    deadLetters,
    send(body, delaySeconds) {
      const visibleAt = scheduler.now() + delaySeconds * 1000;
      messages.add({ messageId: `message-${++count}`, body, visibleAt, receives: 0 });
      // SQS may deliver twice.
      if (random.chance(0.01)) messages.add({ messageId: `message-${++count}`, body, visibleAt, receives: 0 });
    },
    receive(most) {
      const now = scheduler.now();
      const visible = [...messages].filter(({ visibleAt }) => visibleAt <= now);
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
    redrive() {
      for (const message of deadLetters.splice(0)) {
        message.receives = 0;
        message.visibleAt = scheduler.now();
        messages.add(message);
      }
    },
  };
}
