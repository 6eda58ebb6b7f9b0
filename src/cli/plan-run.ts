import { formatPlanFile } from '../service/plan-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { PlanOptions } from './plan.ts';
import { makePlan, toPlanFile } from './plan-making.ts';
import { policyName, policyWords } from './plan-policy.ts';
import { renderPlan, toPlanReport } from './plan-report.ts';
import { writeWhole } from './plan-writing.ts';
import { print, printJson, tell } from './printing.ts';
import { openSight } from './sight.ts';

/** Plans, prints it, and keeps it in a file if it is to. */
export async function runPlan(names: readonly string[], options: PlanOptions): Promise<ExitCode> {
  const sight = await openSight(options);
  const plan = await makePlan(sight, names, options);
  const policy = policyName(options.policy);
  if (options.out !== undefined)
    writeWhole(options.out, formatPlanFile(toPlanFile(plan, sight.connection.accountId, sight.policy)));
  if (options.json) printJson(toPlanReport(plan, policy));
  else print(renderPlan(plan, policyWords(policy)));
  if (options.out !== undefined) tell(`The plan is in ${options.out}: layerward apply --plan ${options.out}`);
  if (!plan.isLookedAt) return exitCode.failed;
  return plan.entries.length > 0 || plan.problems.length > 0 ? exitCode.found : exitCode.done;
}
