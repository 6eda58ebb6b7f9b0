import { Command } from 'commander';
import { type ExitCode, exitCode } from './exit-code.ts';
import { type RecordsOptions, readPort, withRecords } from './report-options.ts';

interface Options extends RecordsOptions {
  readonly port: string;
  readonly open: boolean;
  readonly since: string;
}

/** `layerward console` */
export function consoleCommand(finish: (code: ExitCode) => void): Command {
  return withRecords(new Command('console'))
    .description('Show the report live, on a page that only this computer can open.')
    .option('--port <port>', 'where to listen on 127.0.0.1; 0 for any free port', '0')
    .option('--no-open', 'only print the address, and open no browser')
    .option('--since <when>', 'how far back the timeline goes: 12h, 30d, 2026-11-01', '30d')
    .addHelpText(
      'after',
      `
Examples:
  $ npx layerward console
  $ npx layerward console --port 8080 --no-open
  $ npx layerward console --endpoint http://127.0.0.1:4566

It only reads. Ctrl-C ends it.

Exit codes: 0 ended, 2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (options: Options) => {
      readPort(options.port);
      const { runConsole } = await import('./console-run.ts');
      await runConsole(options);
      finish(exitCode.done);
    });
}
