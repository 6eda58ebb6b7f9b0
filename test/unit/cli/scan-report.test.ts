import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderScan, type ScanReport, scanReport, standingAdvice, standings } from '../../../src/cli/scan-report.ts';

const arnOf = (name: string, accountId = '111122223333', region = 'us-east-1') =>
  `arn:aws:lambda:${region}:${accountId}:function:${name}`;

const report: ScanReport = {
  at: '2026-11-23T12:00:00.000Z',
  policy: 'policy.yaml',
  hasRecords: true,
  optIn: { tag: 'layerward:protect', value: 'on' },
  places: [{ accountId: '111122223333', region: 'us-east-1' }],
  optedIn: 3,
  protected: 2,
  percent: 66,
  counts: [
    { status: 'blocked', reason: 'layer-limit', count: 1, advice: standingAdvice('blocked', 'layer-limit') },
    { status: 'protected', reason: '', count: 2, advice: standingAdvice('protected', '') },
  ],
  attention: [{ functionArn: arnOf('orders'), status: 'blocked', reason: 'layer-limit', detail: 'it has 5 layers' }],
  attentionTotal: 1,
  problems: [],
};

const render = (changes: Partial<ScanReport> = {}) => stripVTControlCharacters(renderScan({ ...report, ...changes }));

describe('a scan', () => {
  it('for people is a headline, a table, and who needs somebody', () => {
    expect(render()).toBe(
      [
        '2 of 3 opted-in functions are protected, 66%, in account 111122223333, us-east-1.',
        'By policy.yaml.',
        '',
        'STATUS     REASON       FUNCTIONS  WHAT TO DO',
        'blocked    layer-limit          1  Free one of the function’s five layers, for instance by merging',
        '                                   two.',
        'protected                       2  Nothing has to be done.',
        '',
        'Functions that need somebody',
        'STATUS   REASON       FUNCTION  DETAIL',
        'blocked  layer-limit  orders    it has 5 layers',
        'layerward explain FUNCTION tells all about one.',
      ].join('\n'),
    );
  });

  it('is of the documented shape', () => {
    expect(scanReport.parse(report)).toEqual(report);
  });

  it('of several places says where each function is', () => {
    const places = [...report.places, { accountId: '222233334444', region: 'eu-west-1' }];
    const attention = [
      ...report.attention,
      { ...report.attention[0], functionArn: arnOf('x', '222233334444', 'eu-west-1') },
    ];
    const text = render({ places, attention: scanReport.shape.attention.parse(attention), attentionTotal: 9 });
    expect(text).toContain('in 2 accounts, 2 regions.');
    expect(text).toMatch(/^blocked +layer-limit +x +222233334444 eu-west-1 +it has 5 layers$/m);
    expect(text).toContain('… and 7 more: --limit 9 names them all.');
  });

  it('tells a reason once for all regions in which it is the same', () => {
    const problem = 'account 444455556666 does not let Layerward in';
    const problems = ['us-east-1', 'eu-west-1'].map((region) => ({ accountId: '444455556666', region, problem }));
    expect(render({ problems })).toContain(`Could not be looked at\n  ${problem} (us-east-1, eu-west-1)`);
  });

  it('without places says that nothing could be looked at, and with none opted in how to begin', () => {
    expect(render({ places: [], optedIn: 0 })).toMatch(/^Nothing could be looked at\./);
    const { percent: _, ...none } = report;
    const text = stripVTControlCharacters(renderScan({ ...none, optedIn: 0, protected: 0, hasRecords: false }));
    expect(text).toMatch(
      /^No function in account 111122223333, us-east-1 has opted in\.\nTo protect one: aws lambda tag-resource/,
    );
    expect(text).toContain('nothing is deployed here, so no records were asked');
  });

  it('lets nothing from outside move the cursor', () => {
    const evil = `${String.fromCharCode(27)}[2J`;
    const attention: ScanReport['attention'] = [
      { functionArn: `${arnOf('x')}${evil}`, status: 'blocked', reason: `x${evil}`, detail: evil },
    ];
    const problems = [{ accountId: '1', problem: evil }];
    expect(renderScan({ ...report, attention, problems })).not.toContain(evil);
  });

  it('advises on every standing', () => {
    for (const status of standings)
      expect(
        standingAdvice(status, status === 'blocked' ? 'layer-limit' : status === 'contested' ? 'flapping' : 'runtime'),
      ).toMatch(/^[A-Zl].*\.$/);
  });
});
