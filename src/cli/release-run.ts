import { rebuiltDetail } from '../domain/attachment.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Applied } from '../service/apply-plans.ts';
import { releasingPolicy } from '../service/release-all.ts';
import { hasFailed, outcomeSummary, toApplyReport } from './apply-report.ts';
import { applySession, askConsent, requireConsent } from './apply-session.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { makePlan, type Unchanged } from './plan-making.ts';
import { renderPlan } from './plan-report.ts';
import { paragraph, print, printJson, tell } from './printing.ts';
import type { ReleaseOptions } from './release.ts';
import { type OpenSight, openSight } from './sight.ts';

/** Shows what functions would get back, asks, gives it back, and tells what became of each. */
export async function runRelease(names: readonly string[], options: ReleaseOptions): Promise<ExitCode> {
  requireConsent(options);
  const opened = await openSight(options);
  if (!opened.records)
    throw new WrongUse(
      `account ${opened.connection.accountId}, ${opened.connection.region}, has no stack ${options.stack}, and only the records know ` +
        'what a function was before: give --region, --profile or --stack for where Layerward is deployed, or --table',
    );
  const sight: OpenSight = { ...opened, policy: releasingPolicy(opened.agents) };
  const say = options.json ? tell : print;

  const plan = await makePlan(sight, names, {});
  say(renderPlan({ ...plan, unchanged: plan.unchanged.map(inWords) }, 'what the records know'));
  for (const { functionArn } of plan.entries) {
    await warnOfLoss(functionArn, opened.records);
    await warnOfReturn(functionArn, opened);
  }
  const settled = plan.unchanged.map(settledOf);
  if (plan.entries.length > 0)
    await askConsent(
      `Release ${plan.entries.length === 1 ? '1 function' : `${plan.entries.length} functions`}?`,
      options,
    );
  const applied = await applySession(
    {
      functions: plan.entries,
      salt: plan.salt,
      policy: sight.policy,
      eventName: 'Release',
      table: options.table ?? opened.stack?.outputs['RecordsTableName'],
    },
    sight,
    options,
  );
  const report = toApplyReport(undefined, [...settled, ...applied], []);
  if (options.json) printJson(report);
  else print(outcomeSummary(report));
  return hasFailed(report) ? exitCode.found : exitCode.done;
}

/** It is left out by the policy that releases all: that says nothing. */
function inWords(unchanged: Unchanged): Unchanged {
  return unchanged.reason === 'excluded'
    ? { ...unchanged, status: 'nothing to release', reason: '', detail: nothingText(unchanged) }
    : unchanged;
}

/** @param status `release`: the records know it, and all that is on it was there before them */
function nothingText({ status }: Unchanged): string {
  return status === 'release'
    ? 'all that is on it was there when Layerward first saw it'
    : 'nothing of Layerward’s is on it';
}

/** A function that nothing of ours is on is as it was asked to be. */
function settledOf(unchanged: Unchanged): Applied {
  const { functionArn, status, reason, detail } = unchanged;
  return reason === 'excluded'
    ? { functionArn, outcome: 'unchanged', detail: nothingText(unchanged) }
    : { functionArn, outcome: 'blocked', detail: `${status}: ${reason}: ${detail}` };
}

/** What was made anew does not know all that the function was before. */
async function warnOfLoss(functionArn: string, records: NonNullable<OpenSight['records']>): Promise<void> {
  const record = await records.find(functionArn);
  const isRebuilt = [record?.attachment, ...(record?.pending ?? [])].some((one) => one?.isRebuilt);
  if (isRebuilt) tell(paragraph(`${parseFunctionArn(functionArn)?.functionName}: ${rebuiltDetail}.`));
}

/** What has the opt-in tag is protected again by whoever looks next. */
async function warnOfReturn(functionArn: string, { functions, policy }: OpenSight): Promise<void> {
  const arn = parseFunctionArn(functionArn);
  const tags = arn && (await functions.read(arn))?.tags;
  const { tag, value } = policy.optIn;
  if (!tags?.readable || tags.values[tag] !== value) return;
  const name = arn?.functionName;
  tell(
    paragraph(`${name} still has the tag ${tag}=${value}, so a deployed Layerward attaches again. Take it off first:`),
  );
  tell(`  aws lambda untag-resource --resource ${functionArn} --tag-keys ${tag}`);
}
