import { Command } from 'commander';
import { type ChangeOptions, withChanges } from './apply-options.ts';
import type { ExitCode } from './exit-code.ts';
import { type PlacesOptions, withPlaces } from './places-options.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** How a person asks for plans to be applied. */
export interface ApplyOptions extends SightOptions, PlacesOptions, ChangeOptions {
  readonly plan?: string;
  readonly enforce?: true;
  readonly withoutRecords?: true;
}

/** `layerward apply [FUNCTION… | --plan FILE]` */
export function applyCommand(finish: (code: ExitCode) => void): Command {
  return withChanges(withPlaces(withSight(new Command('apply'))))
    .description('Change functions as layerward plan shows it, after asking.')
    .argument('[function...]', 'names or ARNs (default: every function that opted in)')
    .option('--plan <file>', 'what a plan file says; a function that has changed since is left alone')
    .option('--enforce', 'change functions too whose mode is audit in the policy')
    .option(
      '--without-records',
      'where nothing is deployed: change functions although nobody will be able to release them',
    )
    .addHelpText(
      'after',
      `
Each function is read and decided about anew, written to the records, changed, and verified. One that fails stops none
of the others. Ctrl-C sees to their end those that have begun.

Examples:
  $ npx layerward apply orders
  $ npx layerward plan --out plan.json && npx layerward apply --plan plan.json --yes --json

Exit codes: 0 done, 1 a function failed, was blocked or had changed since the plan, or nothing could be done for it,
2 used wrongly or not confirmed, 3 AWS or the system failed.`,
    )
    .action(async (names: string[], options: ApplyOptions) => {
      const { runApply } = await import('./apply-run.ts');
      finish(await runApply(names, options));
    });
}
