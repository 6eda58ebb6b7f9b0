import type { Command } from 'commander';

/** How a person says which accounts and regions a command is about. */
export interface PlacesOptions {
  readonly regions?: string;
  readonly allAccounts?: true;
}

/** Adds the options of a command that goes through accounts and regions. */
export function withPlaces(command: Command): Command {
  return command
    .option(
      '--regions <list>',
      'regions, separated by commas; all: every region that the agent serves (default: --region)',
    )
    .option('--all-accounts', 'every account of the organization, by --member-role in all but the caller’s own');
}
