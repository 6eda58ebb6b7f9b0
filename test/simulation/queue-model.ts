import type { Random } from '../../src/sandbox/random.ts';
import { createHeldMessages, type HeldMessages, type QueuedMessage } from './held-messages.ts';
import type { Scheduler } from './scheduler.ts';

/** SQS: at least once, in no order, delays, visibility time-outs, dead letters. */
export interface QueueModel extends Omit<HeldMessages, 'add' | 'receive'> {
  send(body: string, delaySeconds: number): void;
  receive(most: number): QueuedMessage[];
}

export function createQueueModel(scheduler: Scheduler, random: Random): QueueModel {
  const { add, receive, ...held } = createHeldMessages(scheduler);
  let count = 0;
  return {
    ...held,
    send(body, delaySeconds) {
      add(`message-${++count}`, body, delaySeconds);
      // SQS may deliver twice.
      if (random.chance(0.01)) add(`message-${++count}`, body, delaySeconds);
    },
    receive: (most) => receive(most, random),
  };
}
