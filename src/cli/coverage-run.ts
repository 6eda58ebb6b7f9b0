import type { Coverage } from '../domain/ports.ts';
import type { CoverageOptions } from './coverage.ts';
import { renderCoverage, toCoverageReport } from './coverage-report.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { print, printJson } from './printing.ts';
import { createProgress } from './progress.ts';
import { readSince } from './report-options.ts';
import { openRecords } from './sight.ts';

/** Tells what sweeps found. */
export async function showCoverage(options: CoverageOptions): Promise<ExitCode> {
  const now = new Date();
  const since = readSince(options.since, now);
  const { records } = await openRecords(options);
  const progress = createProgress();
  const found: Coverage[] = [];
  try {
    for await (const one of records.coverage(since, now)) {
      found.push(one);
      progress.show(found.length, undefined, 'findings of sweeps read');
    }
  } finally {
    progress.end();
  }
  const report = toCoverageReport(found, since, options.by);
  if (options.json) printJson(report);
  else print(renderCoverage(report));
  return exitCode.done;
}
