import { Command } from 'commander';
import { type ExitCode, exitCode } from './exit-code.ts';

/** How a person asks for a policy to be checked. */
export interface PolicyCheckOptions {
  readonly json?: true;
}

/** How a person asks for a policy to be tested. */
export interface PolicyTestOptions {
  readonly policy?: string;
  readonly json?: true;
}

/** `layerward policy check|test|schema` */
export function policyCommand(finish: (code: ExitCode) => void): Command {
  return new Command('policy')
    .description('Check a policy, test what it says of functions, and print its schema.')
    .usage('<command>')
    .addCommand(checkCommand(finish))
    .addCommand(testCommand(finish))
    .addCommand(schemaCommand(finish))
    .addHelpText(
      'after',
      `
Nothing is asked of AWS. Every key of a policy is explained in docs/policy.md.

Examples:
  $ npx layerward policy check
  $ npx layerward policy test
  $ npx layerward policy schema > policy.schema.json`,
    );
}

function checkCommand(finish: (code: ExitCode) => void): Command {
  return new Command('check')
    .description('Find every mistake in a policy, with line, column and a guess at what was meant.')
    .argument('[file]', 'the policy (default: policy.yaml, else policy.example.yaml)')
    .option('--json', 'print an array, one object for each mistake')
    .addHelpText(
      'after',
      `
What the schema finds comes first; agents and groups are checked once the schema is content.

Examples:
  $ npx layerward policy check
  $ npx layerward policy check production.yaml --json | jq -r '.[] | "\\(.line): \\(.message)"'

Exit codes: 0 nothing is wrong, 1 something is, 2 used wrongly, or the file can't be read, 3 the system failed.`,
    )
    .action(async (file: string | undefined, options: PolicyCheckOptions) => {
      const { checkPolicyFile } = await import('./policy-check-run.ts');
      finish(checkPolicyFile(file, options));
    });
}

function testCommand(finish: (code: ExitCode) => void): Command {
  return new Command('test')
    .description('Decide about the functions of a list of cases, and compare with what is expected of each.')
    .argument('[cases]', 'the cases (default: policy.cases.yaml, else policy.cases.example.yaml)')
    .option('--policy <file>', 'the policy to test (default: policy.yaml, else policy.example.yaml)')
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
So a policy has unit tests of its own. docs/policy.md, “Testing a policy”, explains every key of a case.

Examples:
  $ npx layerward policy test
  $ npx layerward policy test policy.cases.example.yaml --policy policy.example.yaml
  $ npx layerward policy test --json | jq '.cases[] | select(.holds | not)'

Exit codes: 0 every case holds, 1 one does not, 2 used wrongly, or a file can't be read or has mistakes, 3 the system
failed.`,
    )
    .action(async (file: string | undefined, options: PolicyTestOptions) => {
      const { testPolicyFile } = await import('./policy-test-run.ts');
      finish(testPolicyFile(file, options));
    });
}

function schemaCommand(finish: (code: ExitCode) => void): Command {
  return new Command('schema')
    .description('Print the JSON Schema of a policy, for editors and other tools.')
    .addHelpText(
      'after',
      `
An editor that knows yaml-language-server completes and checks a policy that names it in its first line, as
policy.example.yaml does.

Examples:
  $ npx layerward policy schema > policy.schema.json

Exit codes: 0 done, 2 used wrongly, 3 the system failed.`,
    )
    .action(async () => {
      const { printPolicySchema } = await import('./policy-schema-run.ts');
      printPolicySchema();
      finish(exitCode.done);
    });
}
