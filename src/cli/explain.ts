import { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** How a person asks for an explanation. */
export interface ExplainOptions extends SightOptions {
  readonly json?: true;
}

/** `layerward explain FUNCTION` */
export function explainCommand(finish: (code: ExitCode) => void): Command {
  return withSight(new Command('explain'))
    .description('Tell all about one function: every check with its answer, what differs, who did it, what to do.')
    .argument('<function>', 'its name, in the region and account of the connection, or its ARN')
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
Nothing has to be deployed, and nothing is changed. Where Layerward is deployed, its records tell who did what.

Examples:
  $ npx layerward explain orders
  $ npx layerward explain arn:aws:lambda:eu-west-1:111122223333:function:orders --json | jq -r .advice.sentence

Exit codes: 0 nothing has to be done, 1 it is contested, blocked or differs, 2 used wrongly (also: there is no such
function), 3 AWS or the system failed.`,
    )
    .action(async (name: string, options: ExplainOptions) => {
      const { runExplain } = await import('./explain-run.ts');
      finish(await runExplain(name, options));
    });
}
