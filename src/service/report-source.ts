import type { Coverage } from '../domain/ports.ts';
import { type FunctionRecord, type Outcome, type RecordStatus, recordStatuses } from '../domain/record.ts';
import { buildReport, type ReportOptions } from './report.ts';
import type { Report } from './report-schema.ts';

/** What a report is read from: questions to the records that need no scan. */
export interface ReportRecords {
  find(functionArn: string): Promise<FunctionRecord | undefined>;
  /** A function's history, newest first. */
  history(functionArn: string): AsyncIterable<Outcome>;
  withStatus(status: RecordStatus): AsyncIterable<FunctionRecord>;
  /** Outcomes that are drift, and all others. */
  drifted(from: Date, to: Date): AsyncIterable<Outcome>;
  changed(from: Date, to: Date): AsyncIterable<Outcome>;
  /** What sweeps found. */
  coverage(from: Date, to: Date): AsyncIterable<Coverage>;
}

/** How far the reading is: how many functions and changes were read. */
export type OnProgress = (read: { readonly functions: number; readonly changes: number }) => void;

/** Reads everything that a report says. */
export async function readReport(
  records: ReportRecords,
  now: Date,
  options: ReportOptions,
  onProgress: OnProgress = () => {},
): Promise<Report> {
  const read = { functions: 0, changes: 0 };
  const counting = async <T>(items: AsyncIterable<T>, what: keyof typeof read): Promise<T[]> => {
    const list: T[] = [];
    for await (const item of items) {
      list.push(item);
      read[what]++;
      onProgress(read);
    }
    return list;
  };
  const [byStatus, drifted, changed, coverage] = await Promise.all([
    Promise.all(recordStatuses.map((status) => counting(records.withStatus(status), 'functions'))),
    counting(records.drifted(options.since, now), 'changes'),
    counting(records.changed(options.since, now), 'changes'),
    counting(records.coverage(options.since, now), 'changes'),
  ]);
  return buildReport(onlyLatest(byStatus.flat()), [...drifted, ...changed], coverage, now, options);
}

/** A function that changes its status while the statuses are read is in both, or in none; the later record counts. */
function onlyLatest(records: readonly FunctionRecord[]): Iterable<FunctionRecord> {
  const latest = new Map<string, FunctionRecord>();
  for (const record of records) {
    const known = latest.get(record.functionArn);
    if (!known || known.version < record.version) latest.set(record.functionArn, record);
  }
  return latest.values();
}
