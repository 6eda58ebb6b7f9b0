import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readAgents } from '../service/agent-files.ts';
import { readPolicyCases, runPolicyCases } from '../service/policy-cases.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { PolicyTestOptions } from './policy.ts';
import { policyFileFor, readPolicyFile, readTextOrRefuse } from './policy-file.ts';
import { renderPolicyTest, toPolicyTestReport } from './policy-test-report.ts';
import { print, printJson } from './printing.ts';

const example = join(import.meta.dirname, '../../policy.cases.example.yaml');

/** The file of cases that is meant: the one that is named, else policy.cases.yaml here, else the example. */
function casesFileFor(path: string | undefined): string {
  return path ?? (existsSync('policy.cases.yaml') ? 'policy.cases.yaml' : example);
}

/** Tests a policy by its cases, and prints how each went. */
export function testPolicyFile(path: string | undefined, options: PolicyTestOptions): ExitCode {
  const agents = readAgents();
  const policy = readPolicyFile(options.policy, agents);
  const file = casesFileFor(path);
  const cases = readPolicyCases(readTextOrRefuse(file), file);
  const names = {
    policy: options.policy ?? basename(policyFileFor(options.policy)),
    file: path ?? basename(file),
  };
  const report = toPolicyTestReport(runPolicyCases(cases, policy, agents), names);
  if (options.json) printJson(report);
  else print(renderPolicyTest(report));
  return report.failed > 0 ? exitCode.found : exitCode.done;
}
