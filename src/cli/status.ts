import { Command } from 'commander';
import type { RecordStatus } from '../domain/record.ts';
import { readCount } from './count-option.ts';
import type { ExitCode } from './exit-code.ts';
import { type RecordsOptions, withRecords } from './report-options.ts';

/** How a person asks for the status of functions. */
export interface StatusOptions extends RecordsOptions, Partial<Record<RecordStatus, true>> {
  readonly all?: true;
  readonly accounts?: string;
  readonly regions?: string;
  readonly reason?: string;
  /** How many functions are named; without it a screenful for people, and all as JSON. */
  readonly limit?: number;
  readonly exitCode?: true;
  readonly json?: true;
}

/** `layerward status` */
export function statusCommand(finish: (code: ExitCode) => void): Command {
  return withRecords(new Command('status'))
    .description('Tell from the records how many functions are what, and name those that need a person.')
    .option('--contested', 'name those that were undone again and again, and are left to people')
    .option('--blocked', 'name those for which a person has to do something first')
    .option('--drifted', 'name those that differ, or whose update is being verified')
    .option('--release', 'name those that get back what they had')
    .option('--unsupported', 'name those on which the agent can’t run')
    .option('--protected', 'name those that are protected')
    .option('--released', 'name those that have nothing of Layerward’s any more')
    .option('--deleted', 'name those that are gone')
    .option('--all', 'name all of them')
    .option('--accounts <list>', 'only those of these accounts, separated by commas')
    .option('--regions <list>', 'only those in these regions, separated by commas')
    .option('--reason <list>', 'only those with these reasons, separated by commas')
    .option('--limit <count>', 'how many functions to name (default: 20; all with --json)', readCount)
    .option('--exit-code', 'end with 1 if there is any to be named')
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
Without a status, those that need a person are named: contested, blocked, drifted. Layerward has to be deployed.
--region is where Layerward is; --regions are those of the functions.

Examples:
  $ npx layerward status
  $ npx layerward status --blocked --reason layer-limit,foreign-wrapper
  $ npx layerward status --contested --exit-code   # for a job that has to fail
  $ npx layerward status --protected --accounts 111122223333 --json | jq -r '.functions[].functionArn'

Exit codes: 0 done, 1 with --exit-code: there are some to be named, 2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (options: StatusOptions) => {
      const { showStatus } = await import('./status-run.ts');
      finish(await showStatus(options));
    });
}
