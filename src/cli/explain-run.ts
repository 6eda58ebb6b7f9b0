import { formatFunctionArn } from '../domain/function-arn.ts';
import { select } from '../domain/policy.ts';
import type { Outcome } from '../domain/record.ts';
import { explain } from '../service/explain.ts';
import { placeOf, situationFor } from '../service/judge.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { ExplainOptions } from './explain.ts';
import { renderExplanation, toReport } from './explain-report.ts';
import { findFunction } from './function-lookup.ts';
import { policyName } from './plan-policy.ts';
import { print, printJson } from './printing.ts';
import { type OpenSight, openSight } from './sight.ts';

/** As many of the last things that happened are told. Those of one event are stored in no order, so more are read. */
const lately = { told: 5, read: 20 };

/** Explains one function, and prints it. */
export async function runExplain(name: string, options: ExplainOptions): Promise<ExitCode> {
  const sight = await openSight(options);
  const { policy, agents, accounts, records } = sight;
  const snapshot = await findFunction(name, sight);
  const functionArn = formatFunctionArn(snapshot.arn);
  const [record, history, place] = await Promise.all([
    records?.find(functionArn),
    readHistory(functionArn, sight),
    placeOf(snapshot.arn, policy, accounts),
  ]);
  const selection = select(policy, agents, place, snapshot.tags);
  const explanation = explain(await situationFor(snapshot, selection, record, policy, sight), record, policy);
  const report = toReport(explanation, { record, history }, policyName(options.policy));
  if (options.json) printJson(report);
  else print(renderExplanation(report));
  switch (report.status) {
    case 'drifted':
    case 'blocked':
    case 'contested':
    case 'release':
      return exitCode.found;
    case 'compliant':
    case 'out-of-scope':
    case 'unsupported':
    case 'waiting':
      return exitCode.done;
  }
}

async function readHistory(functionArn: string, { records }: OpenSight): Promise<Outcome[]> {
  const history: Outcome[] = [];
  if (!records) return history;
  for await (const outcome of records.history(functionArn)) if (history.push(outcome) >= lately.read) break;
  return history.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, lately.told);
}
