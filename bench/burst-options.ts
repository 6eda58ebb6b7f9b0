import { readNumberOptions } from './number-options.ts';

/** What is to be measured. */
export interface BurstOptions {
  readonly events: number;
  readonly functions: number;
  /** `CallsPerSecond` of the template. */
  readonly callsPerSecond: number;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export const usage = `Usage: npm run bench:burst -- [--events N] [--functions N] [--rate R] [--json] [--help]

Changes functions that have just opted in many times at once, with Layerward deployed beside them, and waits until its
queue is empty.

  --events N     how many changes (10,000)
  --functions N  of how many functions (2,000)
  --rate R       the template's parameter CallsPerSecond, 1 to 15 (15)
  --json         for machines
  --help         this text
`;

/** Reads the command line. Answers what is wrong with it, in a sentence, where it can't be followed. */
export function readBurstOptions(argv: readonly string[]): BurstOptions | string {
  const read = readNumberOptions(argv, {
    events: { least: 1, most: 100_000, default: 10_000 },
    functions: { least: 1, most: 10_000, default: 2_000 },
    rate: { least: 1, most: 15, default: 15 },
  });
  if (typeof read === 'string') return read;
  const { number, isJson, isHelp } = read;
  const [events, functions] = [number('events'), number('functions')];
  if (functions > events) return `${functions} functions can’t all change by ${events} events.`;
  return { events, functions, callsPerSecond: number('rate'), isJson, isHelp };
}
