import { Command } from 'commander';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { type RecordsOptions, withRecords } from './report-options.ts';

interface Options extends RecordsOptions {
  readonly out?: string;
  readonly json?: true;
  readonly csv?: true;
  readonly since: string;
}

/** `layerward report` */
export function reportCommand(finish: (code: ExitCode) => void): Command {
  return withRecords(new Command('report'))
    .description('Write what is protected, what needs a person and what happened: one HTML file, JSON or CSV.')
    .option(
      '--out <file>',
      'where to write it; - is standard output (default: layerward-report.html; - for JSON and CSV)',
    )
    .option('--json', 'everything, as one JSON document (docs/console.md)')
    .option('--csv', 'the functions, a line each')
    .option('--since <when>', 'how far back the timeline goes: 12h, 30d, 2026-11-01', '30d')
    .addHelpText(
      'after',
      `
Examples:
  $ npx layerward report
  $ npx layerward report --json | jq '.functions[] | select(.needsPerson) | {name, reason, next}'
  $ npx layerward report --csv --out functions.csv

Exit codes: 0 written, 2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (options: Options) => {
      if (options.json && options.csv) throw new WrongUse('--json and --csv exclude each other: give one of them');
      const { writeReport } = await import('./report-run.ts');
      await writeReport(options);
      finish(exitCode.done);
    });
}
