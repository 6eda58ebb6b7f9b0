import { Command } from 'commander';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { readCount } from './count-option.ts';
import type { ExitCode } from './exit-code.ts';

/** Whose dead letters are meant. */
export interface DeadLetterOptions extends ConnectionOptions {
  readonly stack: string;
  readonly policy?: string;
  readonly json?: true;
}

/** How a person asks for the letters to be listed. */
export interface ListLettersOptions extends DeadLetterOptions {
  readonly limit: number;
}

/** How a person says what is to be done with which letters. */
export interface HandleLettersOptions extends DeadLetterOptions {
  readonly all?: true;
  readonly yes?: true;
  readonly keep?: string;
}

/** `layerward dead-letters list|retry|drop` */
export function deadLettersCommand(finish: (code: ExitCode) => void): Command {
  return new Command('dead-letters')
    .description('Show what was given up on, send it through again, or let it go.')
    .usage('<command>')
    .addCommand(listCommand(finish))
    .addCommand(retryCommand(finish))
    .addCommand(dropCommand(finish))
    .addHelpText(
      'after',
      `
A change is given up on after six attempts, or where EventBridge could not deliver it for a day. docs/operations.md,
“Dead letters”, tells what to do at night.

Examples:
  $ npx layerward dead-letters list
  $ npx layerward dead-letters retry --all`,
    );
}

function withLetters(command: Command): Command {
  return withConnection(command)
    .option('--stack <name>', 'Layerward’s stack', 'layerward')
    .option('--policy <file>', 'the policy by which letters are explained (default: policy.yaml, else the example)');
}

function listCommand(finish: (code: ExitCode) => void): Command {
  return withLetters(new Command('list'))
    .description('Show what was given up on: which function, whose change, why, and what to do.')
    .option('--limit <count>', 'how many to show', readCount, 100)
    .option('--json', 'print one object')
    .addHelpText(
      'after',
      `
Nothing is taken off the queue. Whoever else reads it at the same moment may not see all of it; after Ctrl-C that takes up
to five minutes. Why, is told by EventBridge's own words, or by those of the function's log. Bodies of letters, which may
hold anything, are never shown.

Examples:
  $ npx layerward dead-letters list
  $ npx layerward dead-letters list --limit 1000 --json | jq -r '.letters[].functionArn' | sort -u
  $ npx layerward dead-letters list --json | jq -r '.letters[] | select(.code == "unreadable").messageId'

Exit codes: 0 there are none, 1 there are some, 2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (options: ListLettersOptions) => {
      const { listLetters } = await import('./dead-letters-run.ts');
      finish(await listLetters(options));
    });
}

function retryCommand(finish: (code: ExitCode) => void): Command {
  return withLetters(new Command('retry'))
    .description('Send letters through the queue again, after asking.')
    .argument('[id...]', 'ids as the list shows them, or their beginnings')
    .option('--all', 'all of them')
    .option('--yes', 'ask nothing')
    .option('--json', 'print one object at the end; what is asked and told goes to standard error')
    .addHelpText(
      'after',
      `
A late event does no harm: Layerward looks at the function as it is now. A letter is taken away only once the queue has it
again. One that can't be sent stops none of the others.

Examples:
  $ npx layerward dead-letters retry --all
  $ npx layerward dead-letters retry 3f1c9a2e 77ab01cd --yes --json

Exit codes: 0 done, 1 a letter could not be sent, 2 used wrongly or not confirmed, 3 AWS or the system failed.`,
    )
    .action(async (ids: string[], options: HandleLettersOptions) => {
      const { retryLetters } = await import('./dead-letters-run.ts');
      finish(await retryLetters(ids, options));
    });
}

function dropCommand(finish: (code: ExitCode) => void): Command {
  return withLetters(new Command('drop'))
    .description('Delete letters that are of no use, after asking; a file keeps them.')
    .argument('[id...]', 'ids as the list shows them, or their beginnings')
    .option('--all', 'all of them')
    .option('--keep <file>', 'a new file that keeps them (default: dead-letters-TIME.jsonl)')
    .option('--yes', 'ask nothing')
    .option('--json', 'print one object at the end; what is asked and told goes to standard error')
    .addHelpText(
      'after',
      `
The file is written before anything is deleted, for its owner's eyes only, and layerward replay reads it. The next sweep
looks at functions that opted in whether or not an event told of them.

Examples:
  $ npx layerward dead-letters drop 3f1c9a2e
  $ npx layerward dead-letters drop --all --keep /tmp/letters.jsonl && npx layerward replay /tmp/letters.jsonl

Exit codes: 0 done, 1 a letter could not be deleted, 2 used wrongly or not confirmed, 3 AWS or the system failed.`,
    )
    .action(async (ids: string[], options: HandleLettersOptions) => {
      const { dropLetters } = await import('./dead-letters-run.ts');
      finish(await dropLetters(ids, options));
    });
}
