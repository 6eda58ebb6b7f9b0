import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { MadePlan, PlanEntry } from '../../../src/cli/plan-making.ts';
import { planReport, renderPlan, toPlanReport } from '../../../src/cli/plan-report.ts';

const entry: PlanEntry = {
  functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:orders',
  revisionId: 'revision-1',
  status: 'drifted',
  reason: 'layer-missing',
  purpose: 'attached',
  mode: 'enforce',
  drift: [{ code: 'layer-missing', path: 'Layers', expected: 'arn:layer' }],
  updateMark: 'mark',
  changes: [
    { part: 'handler', change: 'changed', from: 'app.handler', to: 'agent.handler' },
    { part: 'layer', change: 'removed', arn: 'arn:layer:1' },
    { part: 'layer', change: 'added', arn: 'arn:layer:2' },
    { part: 'variable', change: 'added', name: 'TREND_AP_KEY' },
    { part: 'variable', change: 'added', name: 'TREND_AP_HTTP_TIMEOUT', to: '5' },
    { part: 'variable', change: 'changed', name: 'TREND_AP_LOG_FILE', to: 'STDERR' },
    { part: 'variable', change: 'removed', name: 'AWS_LAMBDA_EXEC_WRAPPER', from: '/opt/agent' },
  ],
  kept: { layers: 1, variables: 2 },
};

const plan: MadePlan = {
  createdAt: '2026-11-23T12:00:00.000Z',
  entries: [entry],
  unchanged: [
    {
      functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:done',
      status: 'protected',
      reason: '',
      detail: 'all is in place',
    },
  ],
  problems: [],
  needingPeople: 0,
  isLookedAt: true,
  salt: 'salt',
};

const render = (changes: Partial<MadePlan> = {}) =>
  stripVTControlCharacters(renderPlan({ ...plan, ...changes }, 'policy.yaml'));

describe('a plan', () => {
  it('for people is a difference, with masked what may be a secret', () => {
    expect(render()).toBe(
      [
        'orders gets the agent (drifted: layer-missing)',
        '  arn:aws:lambda:us-east-1:111122223333:function:orders',
        '  ~ handler   app.handler → agent.handler',
        '  - layer     arn:layer:1',
        '  + layer     arn:layer:2',
        '  + variable  TREND_AP_KEY          = ••••',
        '  + variable  TREND_AP_HTTP_TIMEOUT = 5',
        '  ~ variable  TREND_AP_LOG_FILE     = •••• → STDERR',
        '  - variable  AWS_LAMBDA_EXEC_WRAPPER',
        '    1 layer and 2 variables stay as they are',
        '',
        'done stays as it is: protected, all is in place',
        '',
        'Plan: 1 to attach, 0 to repair, 0 to update, 0 to release.',
        'By policy.yaml.',
      ].join('\n'),
    );
  });

  it('for machines is of the documented shape, without its marks', () => {
    const report = toPlanReport(plan, 'policy.yaml');
    expect(planReport.parse(report)).toEqual(report);
    expect(JSON.stringify(report)).not.toContain('"mark"');
    expect(report.summary).toEqual({ attach: 1, repair: 0, update: 0, release: 0, auditOnly: 0 });
  });

  it('of a function in audit mode says what it takes to change it', () => {
    const text = render({ entries: [{ ...entry, mode: 'audit' }] });
    expect(text).toContain('orders gets the agent, in audit mode only with --enforce (drifted');
    expect(text).toContain('For 1 of them the mode is audit: they are changed only by layerward apply --enforce.');
  });

  it('says so where nothing would be changed, and where nothing could be looked at', () => {
    expect(render({ entries: [], unchanged: [] })).toBe('Nothing would be changed.\nBy policy.yaml.');
    expect(render({ entries: [], unchanged: [], isLookedAt: false })).toMatch(/^Nothing could be looked at\./);
  });

  it.each([
    [1, '1 function that opted in needs people, and no update: layerward scan says why.'],
    [3, '3 functions that opted in need people, and no update: layerward scan says why.'],
  ])('says how many can only be helped by people: %d', (needingPeople, words) => {
    expect(render({ entries: [], unchanged: [], needingPeople })).toBe(
      `Nothing would be changed.\n${words}\nBy policy.yaml.`,
    );
  });

  it.each([
    [{ layers: 1, variables: 0 }, '1 layer stays as it is'],
    [{ layers: 0, variables: 3 }, '3 variables stay as they are'],
  ])('tells how much stays: %j', (kept, words) => {
    expect(render({ entries: [{ ...entry, kept }] })).toContain(`    ${words}\n`);
  });

  it('lets nothing from outside move the cursor', () => {
    const evil = `${String.fromCharCode(27)}[2J`;
    const changes: PlanEntry['changes'] = [
      { part: 'layer', change: 'added', arn: evil },
      { part: 'handler', change: 'changed', from: evil, to: evil },
      { part: 'variable', change: 'changed', name: evil, from: evil, to: evil },
    ];
    const unchanged = [{ functionArn: evil, status: 'blocked', reason: 'layer-limit', detail: evil }];
    expect(renderPlan({ ...plan, entries: [{ ...entry, changes }], unchanged }, 'policy.yaml')).not.toContain(evil);
  });
});
