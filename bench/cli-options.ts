import { parseArgs } from 'node:util';
import { readWholeNumber } from './whole-number.ts';

/** What is to be measured. */
export interface CliOptions {
  readonly runs: number;
  readonly functions: number;
  /** Percent. */
  readonly tagged: number;
  /** Milliseconds. */
  readonly latency: number;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export const usage = `Usage: npm run bench:cli -- [--runs N] [--functions N] [--tagged PERCENT] [--latency MS] [--json] [--help]

Times the start of the command line, and a scan of many functions on the sandbox, without and with AWS’s quotas.

  --runs N          how many starts of each kind (21)
  --functions N     how many functions are scanned (10000)
  --tagged PERCENT  how many of them opted in (10)
  --latency MS      how long every call of AWS takes (20)
  --json            for machines
  --help            this text
`;

/** Reads the command line. Answers what is wrong with it, in a sentence, where it can't be followed. */
export function readCliOptions(argv: readonly string[]): CliOptions | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
  const runs = readWholeNumber(values.runs, 1, 1_000);
  if (runs === undefined) return `--runs takes a whole number from 1 to 1000, not ${values.runs}.`;
  const functions = readWholeNumber(values.functions, 1, 100_000);
  if (functions === undefined) return `--functions takes a whole number from 1 to 100000, not ${values.functions}.`;
  const tagged = readWholeNumber(values.tagged, 0, 100);
  if (tagged === undefined) return `--tagged takes a whole number of percent from 0 to 100, not ${values.tagged}.`;
  const latency = readWholeNumber(values.latency, 0, 60_000);
  if (latency === undefined)
    return `--latency takes a whole number of milliseconds from 0 to 60000, not ${values.latency}.`;
  return { runs, functions, tagged, latency, isJson: values.json, isHelp: values.help };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '21' },
      functions: { type: 'string', default: '10000' },
      tagged: { type: 'string', default: '10' },
      latency: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}
