import { parseFunctionArn } from '../domain/function-arn.ts';
import { type FunctionRecord, type RecordStatus, recordStatuses } from '../domain/record.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { listOf } from './init-template.ts';
import { print, printJson } from './printing.ts';
import { createProgress } from './progress.ts';
import { openRecords } from './sight.ts';
import type { StatusOptions } from './status.ts';
import { renderStatus, type StatusReport, statusOrder, toStatusReport } from './status-report.ts';

const screenful = 20;
const needPerson: readonly RecordStatus[] = ['contested', 'blocked', 'drifted'];

/** Tells how many functions are what, and names those that were asked for. */
export async function showStatus(options: StatusOptions): Promise<ExitCode> {
  const wanted = createFilter(options);
  const { records } = await openRecords(options);
  const progress = createProgress();
  const latest = new Map<string, Seen>();
  let read = 0;
  await Promise.all(
    recordStatuses.flatMap((status) =>
      // The index can be asked for one account at a time.
      (wanted.accounts ?? [undefined]).map(async (account) => {
        for await (const record of records.withStatus(status, account)) {
          progress.show(++read, undefined, 'functions read');
          const known = latest.get(record.functionArn);
          // A function that changes while the statuses are read is in two of them; the later one is true.
          if (!known || known.version < record.version) latest.set(record.functionArn, seen(record));
        }
      }),
    ),
  ).finally(() => progress.end());
  const functions = [...latest.values()].filter(wanted.isInPlace);
  const report = toStatusReport(
    functions,
    functions.filter(wanted.isNamed),
    wanted.statuses,
    options.limit ?? (options.json ? Number.POSITIVE_INFINITY : screenful),
  );
  if (options.json) printJson(report);
  else print(renderStatus(report, { stack: options.stack, hasFilter: wanted.hasFilter }));
  return options.exitCode && report.total > 0 ? exitCode.found : exitCode.done;
}

/** What is kept of a record until all are read. */
export type Seen = StatusReport['functions'][number] & { readonly version: number };

function seen({ functionArn, version, status, reason, detail, action, since }: FunctionRecord): Seen {
  const arn = parseFunctionArn(functionArn);
  return {
    functionArn,
    name: arn?.functionName ?? functionArn,
    account: arn?.accountId ?? '',
    region: arn?.region ?? '',
    status,
    reason,
    detail,
    action,
    since,
    version,
  };
}

/** @throws {WrongUse} for an account that is none, or an empty list */
function createFilter(options: StatusOptions) {
  const accounts = readList('--accounts', options.accounts);
  const notAnAccount = accounts?.find((account) => !/^\d{12}$/.test(account));
  if (notAnAccount !== undefined) throw new WrongUse(`--accounts takes account ids (12 digits), not ${notAnAccount}`);
  const regions = readList('--regions', options.regions);
  const reasons = readList('--reason', options.reason);
  const asked = statusOrder.filter((status) => options[status] || options.all);
  const statuses = asked.length > 0 ? asked : reasons ? statusOrder : needPerson;
  return {
    accounts,
    statuses,
    hasFilter: accounts !== undefined || regions !== undefined || reasons !== undefined || asked.length > 0,
    isInPlace: ({ region }: Seen) => regions === undefined || regions.includes(region),
    isNamed: ({ status, reason }: Seen) =>
      statuses.includes(status) && (reasons === undefined || reasons.includes(reason)),
  };
}

/** @throws {WrongUse} for a list without an entry, which would fit nothing */
function readList(option: string, given: string | undefined): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const list = listOf(given);
  if (list.length === 0) throw new WrongUse(`${option} takes a list with commas, and there is nothing in it`);
  return list;
}
