import { describe, expect, it } from 'vitest';
import { formatPlanFile, markPolicy, type PlanFile, readPlanFile } from '../../../src/service/plan-file.ts';
import { policyOf } from '../../fixtures/situation.ts';

const plan: PlanFile = {
  format: 'layerward-plan',
  version: 1,
  createdAt: '2026-11-23T12:00:00.000Z',
  accountId: '111122223333',
  policyMark: 'mark',
  salt: 'salt',
  functions: [
    {
      functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:orders',
      revisionId: 'revision-1',
      status: 'drifted',
      reason: 'layer-missing',
      purpose: 'attached',
      mode: 'enforce',
      drift: [{ code: 'layer-missing', path: 'Layers', expected: 'arn' }],
      updateMark: 'mark',
    },
  ],
};

describe('a plan file', () => {
  it('is read as it was written', () => {
    expect(readPlanFile(formatPlanFile(plan), 'plan.json')).toEqual(plan);
  });

  it('that ends anywhere before its end is refused, with what to do', () => {
    const whole = formatPlanFile(plan).trimEnd();
    for (let end = 0; end < whole.length; end++)
      expect(() => readPlanFile(whole.slice(0, end), 'plan.json')).toThrow(
        /^plan\.json is not a whole plan .*; make it again: layerward plan --out plan\.json$/,
      );
  });

  it.each([
    ['something else', '{"format": "other"}', /is not a plan of Layerward’s/],
    ['no object', '[]', /is not a plan of Layerward’s/],
    ['another version', JSON.stringify({ ...plan, version: 2 }), /was written by another version/],
    ['a member less', JSON.stringify({ ...plan, salt: undefined }), /is not a whole plan \(salt: /],
    [
      'no function',
      JSON.stringify({ ...plan, functions: [{ ...plan.functions[0], functionArn: 'orders' }] }),
      /is not a whole plan \(functions\.0\.functionArn: is not a function’s ARN\)/,
    ],
    ['no time', JSON.stringify({ ...plan, createdAt: 'yesterday' }), /is not a whole plan \(createdAt: /],
  ])('with %s is refused', (_, content, words) => {
    expect(() => readPlanFile(content, 'plan.json')).toThrow(words);
  });
});

describe('the mark of a policy', () => {
  it('is the same however its keys are ordered', () => {
    const one = policyOf('mode: audit\ncontest: { repairs: 3, withinMinutes: 5 }');
    const other = policyOf('contest: { withinMinutes: 5, repairs: 3 }\nmode: audit');
    expect(markPolicy(one)).toBe(markPolicy(other));
  });

  it.each(['mode: audit', 'exclude: { functions: [a] }', 'rules: [{ match: {}, mode: audit }]'])(
    'is another one with %s',
    (yaml) => {
      expect(markPolicy(policyOf(yaml))).not.toBe(markPolicy(policyOf()));
    },
  );
});
