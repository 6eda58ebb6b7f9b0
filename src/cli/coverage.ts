import { Command, Option } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { type RecordsOptions, withRecords } from './report-options.ts';

/** How a person asks for the coverage. */
export interface CoverageOptions extends RecordsOptions {
  readonly since: string;
  readonly by: 'place' | 'account' | 'region';
  readonly json?: true;
}

/** `layerward coverage` */
export function coverageCommand(finish: (code: ExitCode) => void): Command {
  return withRecords(new Command('coverage'))
    .description('Tell what sweeps found: how many functions are protected, where, and over time.')
    .option('--since <when>', 'from when on: 12h, 30d, 2026-11-01', '30d')
    .addOption(
      new Option('--by <what>', 'what the last sweep is told by; place: account and region')
        .choices(['place', 'account', 'region'])
        .default('place'),
    )
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
A sweep looks at every account and region, every six hours unless it was set otherwise, and after each deployment, policy
and rotation. Functions that the policy leaves out don't count. Layerward has to be deployed.

Examples:
  $ npx layerward coverage
  $ npx layerward coverage --since 2026-11-01 --by account
  $ npx layerward coverage --since 7d --json | jq -r '.sweeps[] | [.at, .protected, .functions] | @tsv'

Exit codes: 0 done, 2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (options: CoverageOptions) => {
      const { showCoverage } = await import('./coverage-run.ts');
      finish(await showCoverage(options));
    });
}
