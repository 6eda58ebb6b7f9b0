import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pageDocument } from '../console/document.ts';
import { bundlePage } from '../console/page-bundle.ts';
import { reportToCsv } from '../service/report-csv.ts';
import type { Report } from '../service/report-schema.ts';
import { readReport } from '../service/report-source.ts';
import { longestTimeline, percent, shareOf } from '../service/report-summary.ts';
import { WrongUse } from './exit-code.ts';
import { tell } from './printing.ts';
import { createProgress } from './progress.ts';
import { type RecordsOptions, readSince } from './report-options.ts';
import { openRecords } from './sight.ts';

/** What the report is to be like. */
export interface ReportRunOptions extends RecordsOptions {
  readonly out?: string;
  readonly json?: true;
  readonly csv?: true;
  readonly since: string;
}

/** Reads the records, and writes the report: whole, or not at all. */
export async function writeReport({ out, json, csv, since: sinceText, ...options }: ReportRunOptions): Promise<void> {
  const now = new Date();
  const since = readSince(sinceText, now);
  const { records } = await openRecords(options);
  const progress = createProgress();
  const isPage = !json && !csv;
  const report = await readReport(
    records,
    now,
    // A page that lists a hundred thousand changes helps nobody; machines get all of them.
    { since, ...(isPage ? { longestTimeline } : {}) },
    ({ functions, changes }) => progress.show(functions + changes, undefined, 'functions and changes read'),
  ).finally(() => progress.end());
  const text = await textOf(report, json ? 'json' : csv ? 'csv' : 'page');
  const file = out ?? (isPage ? 'layerward-report.html' : '-');
  if (file === '-') {
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
    return;
  }
  writeWhole(file, text);
  const { totals } = report;
  tell(
    totals.functions === 0
      ? `${file}: no function has opted in yet`
      : `${file}: ${percent(shareOf(totals))} of ${totals.functions} functions are protected, ${totals.needPerson} need a person`,
  );
}

async function textOf(report: Report, form: 'page' | 'json' | 'csv'): Promise<string> {
  switch (form) {
    case 'json':
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case 'csv':
      return reportToCsv(report);
    case 'page':
      return pageDocument(await bundlePage(), { kind: 'file', report }).html;
  }
}

/** Writes beside the file, and then puts it in its place: nobody ever reads a half of it. */
function writeWhole(file: string, text: string): void {
  const beside = join(dirname(file), `.layerward-${randomBytes(4).toString('hex')}.tmp`);
  try {
    writeFileSync(beside, text, { flag: 'wx' });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new WrongUse(`${file} can't be written (${why}): give another place by --out`, { cause: error });
  }
}
