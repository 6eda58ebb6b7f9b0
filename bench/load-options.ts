import type { LoadOrder } from './load-case.ts';
import { readNumberOptions } from './number-options.ts';

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
  --rate R          how many changes a second, if the machine is fast enough (40)
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
  const read = readNumberOptions(argv, {
    ...population({ functions: 5_000, tagged: 40, regions: 16, rate: 40 }),
    events: { least: 1, most: 1_000_000, default: 50_000 },
  });
  if (typeof read === 'string') return read;
  const { number, isJson, isHelp } = read;
  const mix = { describe: 60, 'deploy-code': 20, 'undo-layers': 15, 'undo-variables': 5 };
  return { order: { ...whom(number), changes: number('events'), mix }, isJson, isHelp };
}

/** Reads the command line of a soak. Answers what is wrong with it, in a sentence, where it can't be followed. */
export function readSoakOptions(argv: readonly string[]): LoadOptions | string {
  const read = readNumberOptions(argv, {
    ...population({ functions: 500, tagged: 60, regions: 4, rate: 3 }),
    minutes: { least: 1, most: 10_000, default: 30 },
  });
  if (typeof read === 'string') return read;
  const { number, isJson, isHelp } = read;
  const aMinute = 60 * number('rate');
  const order: LoadOrder = {
    ...whom(number),
    changes: number('minutes') * aMinute,
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
  return { order, isJson, isHelp };
}

type Whom = 'functions' | 'tagged' | 'regions' | 'rate' | 'faults' | 'seed';

/** The options that a load and a soak share, with what they are if they are left out. */
function population(defaults: Readonly<Record<'functions' | 'tagged' | 'regions' | 'rate', number>>) {
  return {
    functions: { least: 1, most: 20_000, default: defaults.functions },
    tagged: { least: 0, most: 100, default: defaults.tagged },
    regions: { least: 1, most: 16, default: defaults.regions },
    rate: { least: 1, most: 200, default: defaults.rate },
    faults: { least: 0, most: 50, default: 5 },
    seed: { least: 0, most: 1_000_000_000, default: 1 },
  };
}

function whom(number: (name: Whom) => number) {
  return {
    functions: number('functions'),
    taggedPercent: number('tagged'),
    regions: number('regions'),
    rate: number('rate'),
    faultsPercent: number('faults'),
    seed: number('seed'),
  };
}
