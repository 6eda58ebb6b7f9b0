import { parseArgs } from 'node:util';
import { readWholeNumber } from './whole-number.ts';

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
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
  const events = readWholeNumber(values.events, 1, 100_000);
  if (events === undefined) return `--events takes a whole number from 1 to 100000, not ${values.events}.`;
  const functions = readWholeNumber(values.functions, 1, 10_000);
  if (functions === undefined) return `--functions takes a whole number from 1 to 10000, not ${values.functions}.`;
  if (functions > events) return `${functions} functions can’t all change by ${events} events.`;
  const callsPerSecond = readWholeNumber(values.rate, 1, 15);
  if (callsPerSecond === undefined) return `--rate takes a whole number from 1 to 15, not ${values.rate}.`;
  return { events, functions, callsPerSecond, isJson: values.json, isHelp: values.help };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      events: { type: 'string', default: '10000' },
      functions: { type: 'string', default: '2000' },
      rate: { type: 'string', default: '15' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}
