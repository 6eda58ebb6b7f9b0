import { Command, Option } from 'commander';
import type { ExitCode } from './exit-code.ts';
import type { InitFlags } from './init-flags.ts';

/** `layerward init` */
export function initCommand(finish: (code: ExitCode) => void): Command {
  return new Command('init')
    .description('Write policy.yaml and samconfig.toml, and build, so that `sam deploy` is the one command left.')
    .option('--single-account', 'look after the account that the stack is in')
    .option('--organization <id>', 'look after an organization: o-…')
    .option('--units <ids>', 'its organizational units, with commas; the root’s id (r-…) for all of it')
    .option('--regions <list>', 'the regions to look after, with commas (default: that of the stack)')
    .option('--in-management-account', 'the stack is in the organization’s management account, not a delegated one')
    .option('--create-trail', 'make a CloudTrail trail for the organization')
    .option('--alert-email <address>', 'who is told')
    .addOption(
      new Option('--mode <mode>', 'only say what would be done, or do it (default: audit)').choices([
        'audit',
        'enforce',
      ]),
    )
    .option('--agent <name>', 'what is attached: a file in agents/ (default: the first)')
    .option('--group-parameter <name=value...>', 'what the agent asks of a group, such as cloudOneRegion=us-1')
    .option('--secret <name>', 'the secret with the agent’s credentials (default: layerward/groups/default)')
    .option('--stack <name>', 'the stack (default: layerward)')
    .option('--region <region>', 'where the stack is deployed (default: AWS_REGION or AWS_DEFAULT_REGION)')
    .option('--parameter <name=value...>', 'further parameters of template.yaml, such as "SweepSchedule=rate(1 hour)"')
    .option('--endpoint <url>', 'where to look up the organization, such as the sandbox (default: AWS_ENDPOINT_URL)')
    .option('--yes', 'ask nothing; what no option says has its default')
    .option('--force', 'write files anew that are there already')
    .option('--no-build', 'don’t build')
    .option('--json', 'print one object: what was written, and what is left to do')
    .addHelpText(
      'after',
      `
On a terminal it asks for what no option says. Files that are there already are kept, and checked. No AWS account is
needed; where credentials are at hand, it suggests the organization that they are of.

Examples:
  $ npx layerward init
  $ npx layerward init --single-account --region us-east-1 --regions us-east-1,eu-west-1 --yes
  $ npx layerward init --organization o-a1b2c3d4e5 --units r-ab12 --regions us-east-1,eu-west-1 \\
      --group-parameter cloudOneRegion=de-1 --alert-email oncall@example.com

Exit codes: 0 done, 2 used wrongly, or a file that is kept is no good, 3 the build or the system failed.`,
    )
    .action(async (flags: InitFlags) => {
      // What it takes is loaded only where it is used, so that every command starts at once.
      const { runInit } = await import('./init-run.ts');
      finish(await runInit(flags));
    });
}
