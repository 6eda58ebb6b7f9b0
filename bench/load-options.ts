import { parseArgs } from 'node:util';
import type { LoadOrder } from './load-case.ts';
import { readWholeNumber } from './whole-number.ts';

/** A load, and how it is to be told. */
export interface LoadOptions {
  readonly order: LoadOrder;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export const loadUsage = `Usage: npm run bench:load -- [--events N] [--functions N] [--tagged PERCENT] [--regions R] [--rate R]
                              [--faults PERCENT] [--seed S] [--json] [--help]

Lets people change functions while some of Layerward's own calls fail, with Layerward deployed beside them and AWS's
quotas in force, and compares what comes out. Ends with exit code 1 where anything was lost.

  --events N        how many changes people make (50,000); one in twenty of the events comes twice
  --functions N     of how many functions (5,000)
  --tagged PERCENT  how many of them opted in (40)
  --regions R       in how many regions they are, 1 to 16 (16)
  --rate R          how many changes a second, if the machine is fast enough (60)
  --faults PERCENT  how many of Layerward's own calls fail (5)
  --seed S          where chance comes from (1)
  --json            for machines
  --help            this text
`;

export const soakUsage = `Usage: npm run bench:soak -- [--minutes N] [--rate R] [--functions N] [--tagged PERCENT] [--regions R]
                              [--faults PERCENT] [--seed S] [--json] [--help]

Mixed work for a long time: functions are made, deployed, changed, tagged, untagged, moved to other runtimes and deleted,
what Layerward did is undone, credentials are rotated every ten minutes, sweeps run every five. Tells how it goes once a
minute, and compares what comes out. Ends with exit code 1 where anything was lost, or memory grew.

  --minutes N       for how long (30)
  --rate R          how many changes a second (3)
  --functions N     how many functions there are at first (500)
  --tagged PERCENT  how many of them opted in (60)
  --regions R       in how many regions they are, 1 to 16 (4)
  --faults PERCENT  how many of Layerward's own calls fail (5)
  --seed S          where chance comes from (1)
  --json            for machines
  --help            this text
`;

/** Reads the command line of a load. Answers what is wrong with it, in a sentence, where it can't be followed. */
export function readLoadOptions(argv: readonly string[]): LoadOptions | string {
  return readOptions(
    argv,
    { events: 50_000, functions: 5_000, tagged: 40, regions: 16, rate: 60, faults: 5, seed: 1 },
    ({ events = 0, ...given }) => ({
      ...whom(given),
      changes: events,
      mix: { describe: 60, 'deploy-code': 20, 'undo-layers': 15, 'undo-variables': 5 },
    }),
  );
}

/** Reads the command line of a soak. Answers what is wrong with it, in a sentence, where it can't be followed. */
export function readSoakOptions(argv: readonly string[]): LoadOptions | string {
  return readOptions(
    argv,
    { minutes: 30, functions: 500, tagged: 60, regions: 4, rate: 3, faults: 5, seed: 1 },
    ({ minutes = 0, ...given }) => {
      const aMinute = 60 * (given['rate'] ?? 0);
      return {
        ...whom(given),
        changes: minutes * aMinute,
        sweepEvery: 5 * aMinute,
        rotateEvery: 10 * aMinute,
        mix: {
          describe: 40,
          'deploy-code': 20,
          'undo-layers': 8,
          'undo-variables': 6,
          'opt-in': 6,
          'opt-out': 4,
          'change-runtime': 6,
          create: 6,
          delete: 4,
        },
      };
    },
  );
}

type Numbers = Readonly<Record<string, number>>;

function whom({ functions = 0, tagged = 0, regions = 0, rate = 0, faults = 0, seed = 0 }: Numbers) {
  return { functions, taggedPercent: tagged, regions, rate, faultsPercent: faults, seed };
}

/** The least and the most of each number. */
const bounds: Readonly<Record<string, readonly [least: number, most: number]>> = {
  events: [1, 1_000_000],
  minutes: [1, 10_000],
  functions: [1, 20_000],
  tagged: [0, 100],
  regions: [1, 16],
  rate: [1, 200],
  faults: [0, 50],
  seed: [0, 1_000_000_000],
};

function readOptions(
  argv: readonly string[],
  defaults: Numbers,
  toOrder: (numbers: Numbers) => LoadOrder,
): LoadOptions | string {
  const names = Object.keys(defaults);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const given = new Map(Object.entries(values));
    const numbers = names.map((name) => {
      const [least, most] = bounds[name] ?? [0, 0];
      const text = String(given.get(name) ?? defaults[name]);
      const number = readWholeNumber(text, least, most);
      if (number === undefined) throw new Error(`--${name} takes a whole number from ${least} to ${most}, not ${text}`);
      return [name, number] as const;
    });
    return { order: toOrder(Object.fromEntries(numbers)), isJson: values.json, isHelp: values.help };
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
}
