import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  applyReport,
  hasFailed,
  outcomeLine,
  outcomeSummary,
  outcomes,
  toApplyReport,
} from '../../../src/cli/apply-report.ts';
import type { Applied } from '../../../src/service/apply-plans.ts';

const applied = (outcome: Applied['outcome'], detail = '', name: string = outcome): Applied => ({
  functionArn: `arn:aws:lambda:us-east-1:111122223333:function:${name}`,
  outcome,
  detail,
});

describe('what became of functions', () => {
  it('is of the documented shape, sorted, with a summary of what there is', () => {
    const report = toApplyReport('policy.yaml', [applied('failed', 'why', 'b'), applied('attached', '', 'a')], []);
    expect(applyReport.parse(report)).toEqual(report);
    expect(report.functions.map(({ functionArn }) => functionArn.at(-1))).toEqual(['a', 'b']);
    expect(report.summary).toEqual({ attached: 1, failed: 1 });
    expect(stripVTControlCharacters(outcomeSummary(report))).toBe('1 attached, 1 failed.');
    expect(applyReport.parse(toApplyReport(undefined, [], []))).not.toHaveProperty('policy');
  });

  it.each(outcomes)('%s is a line', (outcome) => {
    expect(stripVTControlCharacters(outcomeLine(applied(outcome, 'why')))).toBe(
      `${outcome.padEnd(9)}  ${outcome}  why`,
    );
  });

  it.each([
    ['attached', '', false],
    ['released', '', false],
    ['unchanged', '', false],
    ['skipped', 'the mode is audit', false],
    ['stopped', 'before its turn', true],
    ['refused', 'changed', true],
    ['blocked', 'layer-limit', true],
    ['failed', 'why', true],
  ] as const)('%s (%s) is a failure: %s', (outcome, detail, isFailure) => {
    expect(hasFailed(toApplyReport('policy.yaml', [applied(outcome, detail)], []))).toBe(isFailure);
  });

  it('is a failure too where something could not be looked at', () => {
    expect(hasFailed(toApplyReport('policy.yaml', [], [{ accountId: '111122223333', problem: 'no' }]))).toBe(true);
  });

  it('lets AWS’s words not move the cursor', () => {
    const evil = `${String.fromCharCode(27)}[2J`;
    expect(outcomeLine(applied('failed', evil))).not.toContain(evil);
  });
});
