import { readNumberOptions } from './number-options.ts';

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
  const read = readNumberOptions(argv, {
    runs: { least: 1, most: 1_000, default: 21 },
    functions: { least: 1, most: 100_000, default: 10_000 },
    tagged: { least: 0, most: 100, default: 10 },
    latency: { least: 0, most: 60_000, default: 20 },
  });
  if (typeof read === 'string') return read;
  const { number, isJson, isHelp } = read;
  return {
    runs: number('runs'),
    functions: number('functions'),
    tagged: number('tagged'),
    latency: number('latency'),
    isJson,
    isHelp,
  };
}
