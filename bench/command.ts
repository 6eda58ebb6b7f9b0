/** What every benchmark's command line can ask for. */
export interface CommandOptions {
  readonly isHelp: boolean;
}

/**
 * Runs a benchmark's command, and prints what it answers. Exit codes are those of the command line: 2 where it is used
 * wrongly, 3 where it can't be done.
 * @param options what was asked for, or what is wrong with it, in a sentence
 */
export async function runCommand<Options extends CommandOptions>(
  options: Options | string,
  usage: string,
  run: (options: Options) => Promise<string>,
): Promise<void> {
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  try {
    process.stdout.write(options.isHelp ? usage : `${await run(options)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 3;
  }
}
