import { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';

/** What `layerward uninstall` was told. */
export interface UninstallOptions {
  readonly stack: string;
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** `layerward uninstall` */
export function uninstallCommand(finish: (code: ExitCode) => void): Command {
  return new Command('uninstall')
    .description('Delete the stack, which first gives every function back what it had, and show what becomes of them.')
    .option('--stack <name>', 'the stack, or its ARN', 'layerward')
    .option('--profile <name>', 'a profile of the AWS CLI (default: AWS_PROFILE)')
    .option('--region <region>', 'where the stack is (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile’s)')
    .option('--endpoint <url>', 'another endpoint, such as the sandbox (default: AWS_ENDPOINT_URL)')
    .option('--yes', 'ask nothing')
    .option('--json', 'print one object at the end; progress goes to standard error')
    .addHelpText(
      'after',
      `
Says what will happen, asks for the stack's name, deletes the stack, and watches until it is gone. Ctrl-C ends only the
watching. A stack that is being deleted already is watched; one whose deletion failed goes on.

Examples:
  $ npx layerward uninstall
  $ npx layerward uninstall --stack layerward --region us-east-1 --yes --json

Exit codes: 0 done, 1 functions are left with something attached, 2 used wrongly or not confirmed, 3 there is no such
stack, or AWS could not delete it.`,
    )
    .action(async (options: UninstallOptions) => {
      // What it takes is loaded only where it is used, so that every command starts at once.
      const { runUninstall } = await import('./uninstall-run.ts');
      finish(await runUninstall(options));
    });
}
