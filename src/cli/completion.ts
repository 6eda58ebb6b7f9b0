import { Argument, Command } from 'commander';
import { type ExitCode, exitCode } from './exit-code.ts';

/** The shells that can complete. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

/** `layerward completion SHELL` */
export function completionCommand(finish: (code: ExitCode) => void): Command {
  return new Command('completion')
    .description('Print a script that makes a shell complete commands, options and their values.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
It is for the command layerward, so that one has to be found by the shell: npm link in this repository, or an alias.

Examples:
  $ source <(layerward completion bash)                                            # in ~/.bashrc
  $ layerward completion zsh > "\${fpath[1]}/_layerward"                            # then start a new shell
  $ layerward completion fish > ~/.config/fish/completions/layerward.fish

Exit codes: 0 done, 2 used wrongly, 3 the system failed.`,
    )
    .action(async (shell: Shell) => {
      const { printCompletion } = await import('./completion-run.ts');
      await printCompletion(shell);
      finish(exitCode.done);
    });
}
