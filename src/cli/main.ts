import { CommanderError } from 'commander';
import { LayerwardError } from '../domain/errors.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { safe, tell } from './printing.ts';
import { createProgram } from './program.ts';

/** Runs the command line with these arguments, and answers how it ended. */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  endWithTheReader();
  const program = await createProgram((answer) => {
    code = answer;
  }, args);
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
    const isDebugging = program.opts()['debug'] === true;
    tell(`layerward: ${printable(describe(error, isDebugging))}`);
    if (isDebugging) tell(printable(stacksOf(error)));
    return exitCodeOf(error);
  }
}

/** Whoever reads may stop reading, as `head` does: that is no error, and there is nobody to write for any more. */
function endWithTheReader(): void {
  process.stdout.on('error', (error) => {
    if (Reflect.get(error, 'code') !== 'EPIPE') throw error;
    process.exit(exitCode.done);
  });
}

function describe(error: unknown, isDebugging: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof LayerwardError) return message;
  return `unexpected error: ${message}${isDebugging ? '' : ' (--debug shows where it comes from)'}`;
}

/** Where an error comes from, and where its causes do: their stacks only, since an SDK's errors hold whole answers. */
function stacksOf(error: unknown): string {
  const stacks: string[] = [];
  for (let one = error; one instanceof Error && stacks.length < 10; one = one.cause)
    stacks.push(one.stack ?? `${one.name}: ${one.message}`);
  return stacks.join('\ncaused by ');
}

/** A message may quote what came from outside. */
function printable(text: string): string {
  return text.split('\n').map(safe).join('\n');
}
