import { Command, Option } from 'commander';
import type { ExitCode } from './exit-code.ts';
import { type SightOptions, withSight } from './sight-options.ts';

/** The tools in whose words a snippet can be. */
export const snippetForms = ['terraform', 'cloudformation', 'sam', 'cdk'] as const;

/** How a person asks for a snippet. */
export interface SnippetOptions extends SightOptions {
  readonly as: (typeof snippetForms)[number];
  readonly json?: true;
}

/** `layerward snippet FUNCTION` */
export function snippetCommand(finish: (code: ExitCode) => void): Command {
  return withSight(new Command('snippet'))
    .description('Print the lines that keep the protection in the team’s own code, so that drift ends at its source.')
    .argument('<function>', 'its name, in the region and account of the connection, or its ARN')
    .addOption(
      new Option('--as <tool>', 'in whose words; cdk is in TypeScript').choices(snippetForms).default('terraform'),
    )
    .option('--json', 'print one object: the lines, and what they say')
    .addHelpText(
      'after',
      `
Credentials are references to the secret of the function's group, never values. Of the team's own variables only the
names are shown. Once the lines are in the team's code, Layerward finds nothing to do. Nothing is changed.

Examples:
  $ npx layerward snippet orders
  $ npx layerward snippet orders --as cloudformation > orders.yaml
  $ npx layerward snippet arn:aws:lambda:eu-west-1:444455556666:function:orders --as cdk

Exit codes: 0 done, 2 used wrongly (also: there is no such function, or nothing for it to adopt), 3 AWS or the system
failed.`,
    )
    .action(async (name: string, options: SnippetOptions) => {
      const { printSnippet } = await import('./snippet-run.ts');
      finish(await printSnippet(name, options));
    });
}
