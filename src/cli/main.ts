import { Command, CommanderError } from 'commander';
import { LayerwardError } from '../domain/errors.ts';
import { version } from '../domain/version.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { initCommand } from './init.ts';
import { replayCommand } from './replay.ts';
import { uninstallCommand } from './uninstall.ts';

/** Runs the command line with these arguments, and answers how it ended. */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const program = new Command('layerward')
    .description('Keeps the right layer, handler and variables on every Lambda function that opted in.')
    .version(version)
    .showHelpAfterError('Run it with --help to see how it is used.')
    .exitOverride();
  const finish = (answer: ExitCode) => {
    code = answer;
  };
  const commands = [initCommand(finish), replayCommand(finish), uninstallCommand(finish)];
  for (const command of commands)
    program.addCommand(command.exitOverride().showHelpAfterError('Run it with --help to see how it is used.'));
  try {
    if (args.length === 0) {
      program.outputHelp();
      return exitCode.usedWrongly;
    }
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its own words already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usedWrongly;
    const isExpected = error instanceof LayerwardError;
    console.error(`layerward: ${isExpected ? error.message : describeUnexpected(error)}`);
    return exitCodeOf(error);
  }
}

function describeUnexpected(error: unknown): string {
  return error instanceof Error ? `unexpected error: ${error.message}` : `unexpected error: ${String(error)}`;
}
