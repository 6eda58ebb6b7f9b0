import { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** How a person asks for a replay. */
export interface ReplayOptions extends SightOptions {
  readonly json?: true;
  readonly live?: true;
  readonly ownRole?: readonly string[];
}

/** `layerward replay FILE…` */
export function replayCommand(finish: (code: ExitCode) => void): Command {
  return withSight(new Command('replay'))
    .description('Say what Layerward would do with CloudTrail records, and why.')
    .argument('<file...>', 'records: one, a list, {"Records": []}, an EventBridge event; gzipped or not')
    .option('--live', 'go on and decide about each function as it is in AWS now; so does --endpoint')
    .option('--own-role <arn...>', 'roles whose calls count as Layerward’s own')
    .option('--json', 'print an array, one object per record')
    .addHelpText(
      'after',
      `
Nothing is asked of AWS without --live or --endpoint, and nothing is changed with them. Secrets and records are looked for
in --region, else AWS_REGION, AWS_DEFAULT_REGION, or us-east-1; each function is read in its own region.

Examples:
  $ npx layerward replay trail/*.json.gz
  $ npx layerward replay event.json --json | jq '.[].explanation'
  $ npx layerward replay event.json --endpoint http://127.0.0.1:4566

Exit codes: 0 done, 1 a record is malformed or a function drifted or is blocked, 2 used wrongly, 3 AWS or the system
failed.`,
    )
    .action(async (files: string[], options: ReplayOptions) => {
      const { replay } = await import('./replay-run.ts');
      finish(await replay(files, options));
    });
}
