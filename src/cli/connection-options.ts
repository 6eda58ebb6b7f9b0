import type { Command } from 'commander';

/** How a person says which AWS a command is about. */
export interface ConnectionOptions {
  readonly profile?: string;
  readonly region?: string;
  /** A role to take on first. */
  readonly role?: string;
  readonly endpoint?: string;
  /** The role to take on in other accounts. */
  readonly memberRole: string;
}

/** Adds the options that every command has that talks to AWS. */
export function withConnection(command: Command): Command {
  return command
    .option('--profile <name>', 'a profile of the AWS CLI (default: AWS_PROFILE)')
    .option('--region <region>', 'the region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile’s)')
    .option('--role <arn>', 'a role to take on first')
    .option(
      '--member-role <name>',
      'the role to take on in other accounts of the organization',
      'OrganizationAccountAccessRole',
    )
    .option('--endpoint <url>', 'another endpoint, such as the sandbox (default: AWS_ENDPOINT_URL)');
}
