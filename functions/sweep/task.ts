import * as z from 'zod';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { AccountSweepRest, AccountSweepTask } from '../../src/service/sweep-account.ts';

const progress = z.object({
  marker: z.string().optional(),
  counts: z.record(z.string(), z.number()),
  sent: z.number(),
  repaired: z.number(),
});

const region = z.union([
  z.string().transform((name) => ({ region: name })),
  z.object({ region: z.string(), progress: progress.optional(), delays: z.number().optional() }),
]);

const task = z.object({
  sweepId: z.string().min(1),
  startedAt: z.iso.datetime({ offset: true }),
  accountId: z.string().regex(/^\d{12}$/),
  secretNames: z.array(z.string()),
  regions: z.array(region),
});

/** What the state machine gets back, and hands on until it is done. */
export interface SweepAnswer extends AccountSweepRest {
  readonly done: boolean;
}

/** Reads what the state machine in infra/sweep.asl.json hands over. @throws {InvalidInput} */
export function readSweepTask(event: unknown): AccountSweepTask {
  const parsed = task.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(`this is no task of a sweep: ${z.prettifyError(parsed.error)}`);
}
