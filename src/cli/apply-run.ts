import type { Policy } from '../domain/policy.ts';
import type { Applied } from '../service/apply-plans.ts';
import { markPolicy, type PlanFile, readPlanFile } from '../service/plan-file.ts';
import type { ApplyOptions } from './apply.ts';
import { hasFailed, outcomeLine, outcomeSummary, toApplyReport } from './apply-report.ts';
import { type ApplySession, applySession, askConsent, requireConsent } from './apply-session.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { type MadePlan, makePlan, type Unchanged } from './plan-making.ts';
import { policyName, policyWords } from './plan-policy.ts';
import { entryTitle, renderPlan, summaryLine } from './plan-report.ts';
import { readTextOrRefuse } from './policy-file.ts';
import { print, printJson, tell } from './printing.ts';
import { type OpenSight, openSight } from './sight.ts';

/** Plans, or reads a plan; asks; applies; tells what became of each function. */
export async function runApply(names: readonly string[], options: ApplyOptions): Promise<ExitCode> {
  requireConsent(options);
  const file = options.plan === undefined ? undefined : readPlan(options.plan, names, options);
  const opened = await openSight(options);
  const table = options.table ?? opened.stack?.outputs['RecordsTableName'];
  if (!opened.records && !options.withoutRecords)
    throw new WrongUse(
      `${whereText(opened)} has no stack ${options.stack}, so it would be kept nowhere what functions were before, and nobody ` +
        'could release them: give --region, --profile or --stack for where Layerward is deployed, or --table; or say --without-records',
    );
  if (file && file.accountId !== opened.connection.accountId)
    throw new WrongUse(
      `${options.plan} was made in account ${file.accountId}, and these credentials are of account ${opened.connection.accountId}`,
    );
  const policy = options.enforce ? enforcing(opened.policy) : opened.policy;
  const sight: OpenSight = { ...opened, policy };
  const say = options.json ? tell : print;
  const byPolicy = policyName(options.policy);

  const intent = file
    ? intentOfFile(file, opened.policy)
    : intentOfPlan(await makePlan(sight, names, options), byPolicy);
  say(intent.text);
  if (file && !options.json) for (const one of intent.settled) print(outcomeLine(one));
  const count = intent.functions.length;
  if (count > 0) await askConsent(`Apply this to ${count === 1 ? '1 function' : `${count} functions`}?`, options);
  const session = { functions: intent.functions, salt: intent.salt, policy, eventName: 'Apply', table } as const;
  const applied = await applySession(session, sight, options);
  const report = toApplyReport(byPolicy, [...intent.settled, ...applied], [...intent.problems]);
  if (options.json) printJson(report);
  else if (report.functions.length > 0) print(outcomeSummary(report));
  if (!intent.isLookedAt) return exitCode.failed;
  return hasFailed(report) ? exitCode.found : exitCode.done;
}

/** What is about to be done, and how people are told. */
interface Intent extends Pick<ApplySession, 'functions' | 'salt'>, Pick<MadePlan, 'problems' | 'isLookedAt'> {
  /** Functions of which it is known already what becomes of them. */
  readonly settled: readonly Applied[];
  readonly text: string;
}

function intentOfPlan(plan: MadePlan, byPolicy: string): Intent {
  const { entries, unchanged, salt, problems, isLookedAt } = plan;
  const text = renderPlan(plan, policyWords(byPolicy));
  return { functions: entries, settled: unchanged.map(settledOf), salt, problems, isLookedAt, text };
}

/** All of a plan file, or nothing where the policy is another one now. */
function intentOfFile(file: PlanFile, policy: Policy): Intent {
  const common = { salt: file.salt, problems: [], isLookedAt: true, text: fileText(file) };
  if (markPolicy(policy) === file.policyMark) return { ...common, functions: file.functions, settled: [] };
  const detail = 'the policy has changed since the plan was made: plan it again';
  const settled = file.functions.map(({ functionArn }): Applied => ({ functionArn, outcome: 'refused', detail }));
  return { ...common, functions: [], settled };
}

function readPlan(path: string, names: readonly string[], options: ApplyOptions): PlanFile {
  if (names.length > 0 || options.regions !== undefined || options.allAccounts)
    throw new WrongUse(
      'a plan file says itself which functions it is for: name functions or places, or --plan, not both',
    );
  return readPlanFile(readTextOrRefuse(path), path);
}

/** The same policy with nothing left to audit. */
function enforcing(policy: Policy): Policy {
  return { ...policy, mode: 'enforce', rules: policy.rules.map((rule) => ({ ...rule, mode: 'enforce' })) };
}

/** What becomes of a function that was named, and for which there is nothing to be sent. */
function settledOf({ functionArn, status, reason, detail }: Unchanged): Applied {
  return status === 'protected' || status === 'out-of-scope'
    ? { functionArn, outcome: 'unchanged', detail }
    : { functionArn, outcome: 'blocked', detail: `${status}: ${reason}: ${detail}` };
}

function fileText(file: PlanFile): string {
  return [...file.functions.map(entryTitle), `${summaryLine(file.functions)} Made at ${file.createdAt}.`].join('\n');
}

function whereText({ connection }: OpenSight): string {
  return `account ${connection.accountId}, ${connection.region},`;
}
