import { Command } from 'commander';
import { readCount } from './count-option.ts';
import type { ExitCode } from './exit-code.ts';
import { type RecordsOptions, withRecords } from './report-options.ts';

/** How a person asks for a history. */
export interface HistoryOptions extends RecordsOptions {
  /** How much of it is told; without it a screenful for people, and all as JSON. */
  readonly limit?: number;
  readonly json?: true;
}

/** `layerward history FUNCTION` */
export function historyCommand(finish: (code: ExitCode) => void): Command {
  return withRecords(new Command('history'))
    .description('Tell what happened to a function, newest first: what differed, who did it, what was done.')
    .argument('<function>', 'its name, in the region and account of the connection, or its ARN')
    .option('--limit <count>', 'how many changes to tell (default: 20; all with --json)', readCount)
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
The records keep it for 400 days, also of functions that are gone. Layerward has to be deployed.

Examples:
  $ npx layerward history orders
  $ npx layerward history arn:aws:lambda:eu-west-1:444455556666:function:orders --limit 5
  $ npx layerward history orders --json | jq -r '.history[] | select(.action == "repaired") | .cause.actor.name'

Exit codes: 0 done, 2 used wrongly (also: the records know no such function), 3 AWS or the system failed.`,
    )
    .action(async (name: string, options: HistoryOptions) => {
      const { showHistory } = await import('./history-run.ts');
      finish(await showHistory(name, options));
    });
}
