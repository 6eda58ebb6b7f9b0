import { Command, InvalidArgumentError } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { type PlacesOptions, withPlaces } from './places-options.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** How a person asks for a scan. */
export interface ScanOptions extends SightOptions, PlacesOptions {
  readonly json?: true;
  /** How many functions are named; without it a screenful for people, and all as JSON. */
  readonly limit?: number;
}

/** `layerward scan` */
export function scanCommand(finish: (code: ExitCode) => void): Command {
  return withPlaces(withSight(new Command('scan')))
    .description('Show which functions that opted in are protected, and which need a person.')
    .option('--limit <count>', 'how many functions to name (default: 20; all with --json)', readCount)
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
Nothing has to be deployed, and nothing is changed. Where Layerward is deployed, its records tell what it attached.
--region is where Layerward is, with its records and secrets; --regions says where to look for functions.

Examples:
  $ npx layerward scan
  $ npx layerward scan --regions all --all-accounts
  $ npx layerward scan --json | jq -r '.attention[].functionArn'

Exit codes: 0 all is well, 1 a function is contested, blocked or differs, or something could not be scanned,
2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (options: ScanOptions) => {
      const { scan } = await import('./scan-run.ts');
      finish(await scan(options));
    });
}

function readCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It is a number from 1 on.');
  return Number(text);
}
