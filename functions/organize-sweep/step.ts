import * as z from 'zod';
import { InvalidInput } from '../../src/domain/errors.ts';

const step = z.discriminatedUnion('step', [
  z.object({ step: z.literal('plan'), sweepId: z.string().min(1), startedAt: z.string(), input: z.unknown() }),
  z.object({
    step: z.literal('note-crash'),
    task: z.object({
      sweepId: z.string(),
      accountId: z.string(),
      regions: z.array(z.union([z.string(), z.object({ region: z.string() }).transform(({ region }) => region)])),
    }),
    error: z.object({ Error: z.string().default('unknown'), Cause: z.string().default('') }),
  }),
  z.object({ step: z.literal('summarize'), sweepId: z.string().min(1) }),
  z.object({ step: z.literal('register') }),
]);

/** Reads what the state machine, or the schedule of the register, asks for. @throws {InvalidInput} */
export function readStep(event: unknown): z.output<typeof step> {
  const parsed = step.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(`this is no step of a sweep: ${z.prettifyError(parsed.error)}`);
}
