import type { Shell } from './completion.ts';
import { completionScript } from './completion-script.ts';
import { createProgram } from './program.ts';

/** Prints the script by which a shell completes. */
export async function printCompletion(shell: Shell): Promise<void> {
  process.stdout.write(completionScript(await createProgram(() => {}), shell));
}
