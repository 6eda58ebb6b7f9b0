import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import * as z from 'zod';
import { liftLimit } from './lifted-limit.ts';

/*
 * Runs the built sweep as the state machine does, in a process of its own, whose environment is the one that the template
 * gives to the function. Its argument is what `sweepOrder` reads; it sends its parent what `sweepFigures` reads.
 */

/** What is to be swept. */
export const sweepOrder = z.strictObject({
  hasLimiter: z.boolean(),
  task: z.strictObject({
    sweepId: z.string(),
    startedAt: z.string(),
    accountId: z.string(),
    secretNames: z.array(z.string()),
    regions: z.array(z.string()),
  }),
});
/** What is to be swept. */
export type SweepOrder = z.output<typeof sweepOrder>;

/** What a sweep took, the start of the process left out, but for memory. */
export const sweepFigures = z.strictObject({
  seconds: z.number(),
  /** Seconds of processor time. */
  cpuSeconds: z.number(),
  /** The most that the process had resident at any time. */
  peakMemoryMb: z.number(),
  /** The most that was on its heap, garbage included. */
  peakHeapMb: z.number(),
});

const functionModule = z.object({ handler: z.custom<Handler>((value) => typeof value === 'function') });
type Handler = (event: unknown, context: { readonly getRemainingTimeInMillis: () => number }) => Promise<unknown>;

const sweepAnswer = z.looseObject({ done: z.boolean(), waitSeconds: z.number() });

/** The time-out of the function in template.yaml. */
const timeoutMs = 900_000;
const sampleEveryMs = 10;
const megabyte = 1024 * 1024;

if (import.meta.main) {
  const { hasLimiter, task } = sweepOrder.parse(JSON.parse(process.argv[2] ?? ''));
  if (!hasLimiter) liftLimit();
  const { handler } = functionModule.parse(await import(join(import.meta.dirname, '../dist/sweep/index.mjs')));

  let peakHeap = 0;
  const sample = () => {
    peakHeap = Math.max(peakHeap, getHeapStatistics().used_heap_size);
  };
  const sampling = setInterval(sample, sampleEveryMs);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  for (let rest: unknown = task; ; ) {
    const endsAt = performance.now() + timeoutMs;
    const answer = sweepAnswer.parse(
      await handler(rest, { getRemainingTimeInMillis: () => endsAt - performance.now() }),
    );
    if (answer.done) break;
    await sleep(answer.waitSeconds * 1000);
    rest = answer;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  clearInterval(sampling);
  sample();
  const figures: z.output<typeof sweepFigures> = {
    seconds,
    cpuSeconds: (user + system) / 1_000_000,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
    peakHeapMb: peakHeap / megabyte,
  };
  process.send?.(figures, () => process.exit(0));
}
