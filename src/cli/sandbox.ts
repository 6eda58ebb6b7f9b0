import { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';

/** How a person asks for a sandbox. */
export interface SandboxOptions {
  readonly port: string;
  readonly service: boolean;
  readonly organization?: true;
}

/** `layerward sandbox` */
export function sandboxCommand(finish: (code: ExitCode) => void): Command {
  return new Command('sandbox')
    .description('Start a local AWS with Layerward in it, to try it without an account.')
    .option('--port <port>', 'where to listen on 127.0.0.1; 0 for any free port', '4566')
    .option('--no-service', 'only the AWS services, without Layerward')
    .option('--organization', 'an organization with several accounts in place of a single one')
    .addHelpText(
      'after',
      `
The same as npm run sandbox: docs/sandbox.md tells what it can do. It prints "ready http://127.0.0.1:PORT" once it takes
calls; its log goes to standard error. Ctrl-C ends it, and nothing of it stays.

Examples:
  $ npx layerward sandbox
  $ npx layerward sandbox --port 0 --organization
  $ export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-1 # in another terminal
  $ export AWS_ACCESS_KEY_ID=you AWS_SECRET_ACCESS_KEY=any

Exit codes: 0 ended, 2 used wrongly, 3 the port is taken, or the build or the system failed.`,
    )
    .action(async (options: SandboxOptions) => {
      const { runSandbox } = await import('./sandbox-run.ts');
      finish(await runSandbox(options));
    });
}
