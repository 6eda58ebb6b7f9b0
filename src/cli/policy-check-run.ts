import { basename } from 'node:path';
import type { Policy } from '../domain/policy.ts';
import { readAgents } from '../service/agent-files.ts';
import { InvalidDocument } from '../service/yaml-document.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { PolicyCheckOptions } from './policy.ts';
import { type PolicyFindings, renderFindings } from './policy-check-report.ts';
import { policyFileFor, readPolicyFile } from './policy-file.ts';
import { paint, paragraph, print, printJson, safe } from './printing.ts';

/** Checks a policy file, and prints what is wrong with it. */
export function checkPolicyFile(path: string | undefined, { json }: PolicyCheckOptions): ExitCode {
  const name = path ?? basename(policyFileFor(path));
  const checked = check(path);
  if (json) printJson('findings' in checked ? checked.findings : []);
  else print('findings' in checked ? renderFindings(name, checked.findings) : summaryOf(name, checked.policy));
  return 'findings' in checked ? exitCode.found : exitCode.done;
}

function check(path: string | undefined): { readonly policy: Policy } | { readonly findings: PolicyFindings } {
  try {
    return { policy: readPolicyFile(path, readAgents()) };
  } catch (error) {
    if (error instanceof InvalidDocument) return { findings: [...error.findings] };
    throw error;
  }
}

/** What a policy says, in a line: a file that is read without a mistake may still be the wrong one. */
function summaryOf(name: string, { mode, agent, groups, rules }: Policy): string {
  const names = Object.keys(groups);
  const parts = [
    `mode ${mode}`,
    `agent ${agent}`,
    `${names.length === 1 ? 'group' : 'groups'} ${names.join(', ')}`,
    ...(rules.length === 0 ? [] : [rules.length === 1 ? '1 rule' : `${rules.length} rules`]),
  ];
  return paragraph(`${safe(name)} is in order: ${safe(parts.join('; '))}.`, {
    indent: `${paint('good', '✓')} `,
    hanging: '  ',
  });
}
