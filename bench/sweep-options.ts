import { parseArgs } from 'node:util';
import { readWholeNumber } from './whole-number.ts';

/** What is to be measured. */
export interface SweepOptions {
  readonly functions: readonly number[];
  /** Percent. */
  readonly tagged: readonly number[];
  /** Milliseconds. */
  readonly latency: number;
  readonly regions: number;
  readonly hasLimiter: boolean;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export const usage = `Usage: npm run bench:sweep -- [--functions N] [--tagged PERCENT] [--latency MS] [--regions R]
                               [--limiter on|off] [--json] [--help]

Counts and times a sweep on the sandbox, first while it repairs all functions that opted in, then while all is well.

  --functions N     how many functions there are (200, 2,000 and 10,000 in turns, if left out)
  --tagged PERCENT  how many of them opted in (10 and 50 in turns, if left out)
  --latency MS      how long each call of Lambda and of the tagging API takes (20)
  --regions R       in how many regions they are, 1 to 16 (1)
  --limiter on|off  on: with turns, 8 calls a second, and AWS's quotas; off: as fast as the work itself is (off)
  --json            for machines
  --help            this text
`;

/** More functions that opted in make more calls than the sandbox remembers. */
const mostTagged = 15_000;
const mostFunctions = 1_000_000;

/** Reads the command line. Answers what is wrong with it, in a sentence, where it can't be followed. */
export function readSweepOptions(argv: readonly string[]): SweepOptions | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
  const functions = readSeries(values.functions, [200, 2_000, 10_000], 1, mostFunctions);
  if (!functions) return `--functions takes a whole number from 1 to ${mostFunctions}, not ${values.functions}.`;
  const tagged = readSeries(values.tagged, [10, 50], 0, 100);
  if (!tagged) return `--tagged takes a whole number of percent from 0 to 100, not ${values.tagged}.`;
  const latency = readWholeNumber(values.latency, 0, 60_000);
  if (latency === undefined)
    return `--latency takes a whole number of milliseconds from 0 to 60000, not ${values.latency}.`;
  const regions = readWholeNumber(values.regions, 1, 16);
  if (regions === undefined) return `--regions takes a whole number from 1 to 16, not ${values.regions}.`;
  if (values.limiter !== 'on' && values.limiter !== 'off') return `--limiter is on or off, not ${values.limiter}.`;
  if ((Math.max(...functions) * Math.max(...tagged)) / 100 > mostTagged)
    return `No more than ${mostTagged} functions can opt in here: the sandbox remembers 100,000 calls, and each takes six.`;
  return {
    functions,
    tagged,
    latency,
    regions,
    hasLimiter: values.limiter === 'on',
    isJson: values.json,
    isHelp: values.help,
  };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      functions: { type: 'string' },
      tagged: { type: 'string' },
      latency: { type: 'string', default: '20' },
      regions: { type: 'string', default: '1' },
      limiter: { type: 'string', default: 'off' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

/** One whole number, or the series that stands for none given. */
function readSeries(given: string | undefined, series: readonly number[], least: number, most: number) {
  if (given === undefined) return series;
  const one = readWholeNumber(given, least, most);
  return one === undefined ? undefined : [one];
}
