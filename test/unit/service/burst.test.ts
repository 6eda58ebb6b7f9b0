import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/domain/change.ts';
import { followUpMessage, readMessage } from '../../../src/domain/change-message.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import { remediateBatch } from '../../../src/service/remediate-batch.ts';
import { arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const functions = 2_000;
const events = 10_000;
const batchSize = 10;
/** Batches at work at the same time, as MaximumConcurrency has it. */
const batchesAtOnce = 5;

/** Always the same order, and none that anybody chose. */
function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  let seed = 1;
  for (let index = result.length - 1; index > 0; index--) {
    seed = (seed * 48_271) % 2_147_483_647;
    const other = seed % (index + 1);
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}

describe('a burst of 10,000 events over 2,000 functions', () => {
  it('ends with one update for each function, an empty queue and no dead letter, at the rate of the fair share', async () => {
    const world = createWorld();
    const arns = Array.from({ length: functions }, (_, n) => ({ ...arn, functionName: `function-${n}` }));
    for (const one of arns) world.functions.put(snapshotOf({ arn: one }));
    // One line for all workers, as the table keeps it.
    let nextTurn = world.world.now().getTime();
    const turns: number[] = [];
    const waitingFor = new Map<string, Date>();
    Object.assign(world.world.fairShare, {
      reserve: async () => {
        const now = world.world.now().getTime();
        const turn = Math.max(now, nextTurn);
        nextTurn = turn + 125;
        turns.push(turn);
        return turn - now;
      },
      waitingUntil: async (functionArn: string) => {
        const until = waitingFor.get(functionArn);
        return until && until > world.world.now() ? until : undefined;
      },
      noteWaiting: async (functionArn: string, until: Date) => void waitingFor.set(functionArn, until),
    });
    const message = (change: Change) => followUpMessage(change);
    const burst = Array.from({ length: events }, (_, n) =>
      message(world.change({ functionArn: arns[n % functions] ?? arn, eventId: `event-${n}` })),
    );
    let waiting = shuffled(burst).map((body) => ({ body, dueAt: 0 }));
    const failed: string[] = [];

    while (waiting.length > 0 || world.queue.length > 0) {
      const now = world.world.now().getTime();
      const due = waiting.filter(({ dueAt }) => dueAt <= now);
      if (due.length === 0) {
        world.pass(1);
        world.functions.settle();
        continue;
      }
      waiting = waiting.filter(({ dueAt }) => dueAt > now);
      for (let from = 0; from < due.length; from += batchSize * batchesAtOnce) {
        const batches = Array.from({ length: batchesAtOnce }, (_, n) =>
          due.slice(from + n * batchSize, from + (n + 1) * batchSize),
        );
        const answers = await Promise.all(
          batches.map((batch) =>
            remediateBatch(
              batch.map(({ body }, index) => ({ messageId: String(index), body })),
              (body) => readMessage(body, []),
              world.world,
            ),
          ),
        );
        failed.push(...answers.flat());
      }
      const at = world.world.now().getTime();
      waiting.push(
        ...world.queue
          .splice(0)
          .map(({ change, delaySeconds }) => ({ body: message(change), dueAt: at + delaySeconds * 1000 })),
      );
      world.functions.settle();
    }

    expect(failed).toEqual([]);
    const updates = world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration');
    expect(updates).toHaveLength(functions);
    for (const one of arns) {
      const record = world.records.records.get(formatFunctionArn(one));
      expect(record).toMatchObject({ status: 'protected', action: 'attached', outbox: [] });
    }
    // Never faster than the fair share, and hardly any of it wasted on functions that others wait for already.
    const [first = 0, last = 0] = [turns.at(0), turns.at(-1)];
    expect(last - first).toBe((turns.length - 1) * 125);
    expect(turns.length).toBeLessThan(functions * 1.1);
  }, 120_000);
});
