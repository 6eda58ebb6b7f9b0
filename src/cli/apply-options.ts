import { type Command, InvalidArgumentError } from 'commander';

/** How a person says how changes are to be made. */
export interface ChangeOptions {
  readonly json?: true;
  /** Ask nothing. */
  readonly yes?: true;
  /** Functions at a time. */
  readonly parallel: number;
}

const mostParallel = 50;

/** Adds the options of a command that changes functions. */
export function withChanges(command: Command): Command {
  return command
    .option('--yes', 'ask nothing')
    .option('--parallel <count>', 'functions at a time', readParallel, 4)
    .option('--json', 'print one object at the end; what is asked and told goes to standard error');
}

function readParallel(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostParallel) throw new InvalidArgumentError(`It is a number from 1 to ${mostParallel}.`);
  return count;
}
