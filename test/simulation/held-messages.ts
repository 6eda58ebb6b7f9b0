import type { Random } from '../../src/sandbox/random.ts';
import type { Scheduler } from './scheduler.ts';

/** A message of the queue. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  visibleAt: number;
  receives: number;
}

/** What a queue holds, and gives to whoever asks: in no order, with visibility time-outs and dead letters. */
export interface HeldMessages {
  add(messageId: string, body: string, delaySeconds: number): void;
  /** @param random which of those that can be seen are taken */
  receive(most: number, random: Random): QueuedMessage[];
  delete(message: QueuedMessage): void;
  readonly messages: ReadonlySet<QueuedMessage>;
  readonly deadLetters: QueuedMessage[];
  /** Puts the dead letters on the queue again, as on-call would. */
  redrive(): void;
}

/** As template.yaml has them. */
const visibilityMs = 360_000;
const receivesAllowed = 6;

/** A queue that holds nothing yet. */
export function createHeldMessages(scheduler: Scheduler): HeldMessages {
  const messages = new Set<QueuedMessage>();
  const deadLetters: QueuedMessage[] = [];
  return {
    messages,
    deadLetters,
    add(messageId, body, delaySeconds) {
      messages.add({ messageId, body, visibleAt: scheduler.now() + delaySeconds * 1000, receives: 0 });
    },
    receive(most, random) {
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
