import { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { type PlacesOptions, withPlaces } from './places-options.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** How a person asks for a plan. */
export interface PlanOptions extends SightOptions, PlacesOptions {
  readonly json?: true;
  readonly out?: string;
}

/** `layerward plan [FUNCTION…]` */
export function planCommand(finish: (code: ExitCode) => void): Command {
  return withPlaces(withSight(new Command('plan')))
    .description('Show what would be changed on functions: Handler, layers, variables. Credentials are never shown.')
    .argument('[function...]', 'names or ARNs (default: every function that opted in)')
    .option('--out <file>', 'keep the plan in a file, for layerward apply --plan')
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
Nothing has to be deployed, and nothing is changed. A plan file holds no value of any variable.
--region is where Layerward is, with its records and secrets; --regions says where to look for functions.

Examples:
  $ npx layerward plan
  $ npx layerward plan orders payments --out plan.json && npx layerward apply --plan plan.json

Exit codes: 0 nothing would be changed, 1 something would be, or could not be looked at, 2 used wrongly,
3 AWS or the system failed.`,
    )
    .action(async (names: string[], options: PlanOptions) => {
      const { runPlan } = await import('./plan-run.ts');
      finish(await runPlan(names, options));
    });
}
