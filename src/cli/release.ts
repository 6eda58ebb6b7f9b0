import { Command } from 'commander';
import { type ChangeOptions, withChanges } from './apply-options.ts';
import type { ExitCode } from './exit-code.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** How a person asks for functions to be released. */
export interface ReleaseOptions extends SightOptions, ChangeOptions {}

/** `layerward release FUNCTION…` */
export function releaseCommand(finish: (code: ExitCode) => void): Command {
  return withChanges(withSight(new Command('release')))
    .description(
      'Give functions back what they had before Layerward, after asking. What their teams changed since stays.',
    )
    .argument('<function...>', 'names or ARNs')
    .addHelpText(
      'after',
      `
What was there before is known from the records, so Layerward has to be deployed, or --table given. A function that still
has the opt-in tag is protected again by a deployed Layerward: take the tag off first.

Examples:
  $ npx layerward release orders
  $ npx layerward release orders payments --yes --json

Exit codes: 0 done (also where there was nothing to give back), 1 a function failed or was blocked, 2 used wrongly or not
confirmed, 3 AWS or the system failed.`,
    )
    .action(async (names: string[], options: ReleaseOptions) => {
      const { runRelease } = await import('./release-run.ts');
      finish(await runRelease(names, options));
    });
}
