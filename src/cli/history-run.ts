import { type FunctionArn, formatFunctionArn } from '../domain/function-arn.ts';
import type { Outcome } from '../domain/record.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { findNamesakes, listArns, readFunctionName } from './function-lookup.ts';
import type { HistoryOptions } from './history.ts';
import { renderHistory, toHistoryReport } from './history-report.ts';
import { print, printJson } from './printing.ts';
import { openRecords } from './sight.ts';

type OpenRecords = Awaited<ReturnType<typeof openRecords>>;

const screenful = 20;
/** What one event led to is stored in no order: as much more is read, so that the newest are among it. */
const readAhead = 20;

/** Tells the history of one function. */
export async function showHistory(name: string, options: HistoryOptions): Promise<ExitCode> {
  const opened = await openRecords(options);
  const arn = readFunctionName(name, opened.connection);
  const functionArn = formatFunctionArn(arn);
  const limit = options.limit ?? (options.json ? Number.POSITIVE_INFINITY : screenful);
  const [record, read] = await Promise.all([
    opened.records.find(functionArn),
    readHistory(opened.records.history(functionArn), limit + readAhead),
  ]);
  if (!record && read.length === 0) throw new WrongUse(await unknownText(arn, opened, options.stack));
  const report = toHistoryReport(functionArn, record, read, limit);
  if (options.json) printJson(report);
  else print(renderHistory(report));
  return exitCode.done;
}

async function readHistory(history: AsyncIterable<Outcome>, limit: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const outcome of history) if (outcomes.push(outcome) >= limit) break;
  return outcomes;
}

/** Why there is no history, and where one of this name may be. */
async function unknownText(arn: FunctionArn, { records }: OpenRecords, stack: string): Promise<string> {
  const { others } = await findNamesakes(arn, records);
  const sentence = `the records of ${stack} know no function ${arn.functionName} in account ${arn.accountId}, ${arn.region}`;
  if (others.length === 0)
    return `${sentence}: check its name, or give its ARN; layerward status --all names those that they know`;
  return `${sentence}; they know ${others.length === 1 ? 'one' : others.length} of this name elsewhere: give the ARN, ${listArns(others)}`;
}
