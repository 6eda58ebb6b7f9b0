import { describe, expect, it } from 'vitest';
import type { Coverage } from '../../../src/domain/ports.ts';
import { type FunctionRecord, recordStatuses } from '../../../src/domain/record.ts';
import { buildReport } from '../../../src/service/report.ts';
import { reportToCsv } from '../../../src/service/report-csv.ts';
import {
  asReported,
  countedStatuses,
  type LiveChange,
  report,
  reportStatuses,
} from '../../../src/service/report-schema.ts';
import { readReport } from '../../../src/service/report-source.ts';
import { fixTimesOf, kindOf, percent, withChanges } from '../../../src/service/report-summary.ts';
import { createMemoryRecords } from '../../fixtures/memory-records.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { recordOf } from '../console/record.ts';

const now = new Date('2026-11-24T12:00:00.000Z');
const since = new Date('2026-11-01T00:00:00.000Z');
const arnOf = (name: string, account = '111122223333', region = 'us-east-1') =>
  `arn:aws:lambda:${region}:${account}:function:${name}`;
const build = (records: readonly FunctionRecord[], coverage: readonly Coverage[] = [], outcomes = [outcomeOf()]) =>
  buildReport(records, outcomes, coverage, now, { since });

function coverageOf(changes: Partial<Coverage> = {}): Coverage {
  return {
    sweepId: 'one',
    at: '2026-11-23T06:00:00.000Z',
    what: 'account 111122223333 in us-east-1',
    counts: { protected: 8, 'blocked: layer-limit': 2 },
    sent: 0,
    repaired: 1,
    ...changes,
  };
}

describe('the report', () => {
  it('is of the form that it says it is, with records of every status', () => {
    const records = recordStatuses.map((status) => recordOf({ functionArn: arnOf(status), status }));
    const built = build(records, [coverageOf()]);
    expect(report.parse(JSON.parse(JSON.stringify(built)))).toEqual(built);
    expect([...reportStatuses].sort()).toEqual([...recordStatuses].sort());
  });

  it('counts functions that opted in and are there, in all and by every part', () => {
    const { totals, byAccount, byRegion, byRuntime, byGroup } = build([
      recordOf({ functionArn: arnOf('a') }),
      recordOf({ functionArn: arnOf('b', '444455556666', 'eu-west-1'), status: 'blocked', reason: 'layer-limit' }),
      recordOf({ functionArn: arnOf('c'), status: 'released', reason: 'opted-out' }),
      recordOf({ functionArn: arnOf('d'), status: 'deleted' }),
    ]);
    expect(totals).toEqual({
      functions: 2,
      protected: 1,
      needPerson: 1,
      byStatus: { protected: 1, blocked: 1, released: 1, deleted: 1 },
    });
    expect(byAccount.map(({ name, functions, protected: safe }) => [name, functions, safe])).toEqual([
      ['111122223333', 1, 1],
      ['444455556666', 1, 0],
    ]);
    expect(byRegion.map(({ name }) => name)).toEqual(['eu-west-1', 'us-east-1']);
    expect(byRuntime.map(({ name }) => name)).toEqual(['python3.8']);
    expect(byGroup.map(({ name }) => name)).toEqual(['default']);
  });

  it.each([
    ['blocked', 'layer-limit', 'none', true, /^Free one of the function’s five layers/],
    ['contested', 'flapping', 'none', true, /^Somebody’s tool undoes/],
    ['unsupported', 'runtime', 'none', true, /^Nothing protects the function/],
    ['drifted', 'layer-missing', 'reported', true, /^The mode is audit/],
    ['drifted', 'layer-missing', 'sent', false, /is being verified/],
    ['release', 'opted-out', 'reported', true, /^The mode is audit/],
    ['protected', '', 'repaired', false, /^Nothing has to be done\.$/],
    ['released', 'opted-out', 'released', false, /^Nothing has to be done/],
    ['deleted', '', 'none', false, /the function is gone/],
  ] as const)('%s: %s (%s) needs a person: %s, and says what to do', (status, reason, action, needsPerson, next) => {
    const [one] = build([recordOf({ status, reason, action })]).functions;
    expect(one).toMatchObject({ needsPerson, next: expect.stringMatching(next) });
  });

  it('begins with those that need somebody', () => {
    const { functions } = build([
      recordOf({ functionArn: arnOf('a') }),
      recordOf({ functionArn: arnOf('z'), status: 'drifted', action: 'sent' }),
      recordOf({ functionArn: arnOf('m'), status: 'drifted', action: 'reported' }),
      recordOf({ functionArn: arnOf('n'), status: 'blocked' }),
    ]);
    expect(functions.map(({ name }) => name)).toEqual(['n', 'm', 'z', 'a']);
  });

  it('says of variables only their names, and holds no value of the team’s', () => {
    const built = build([recordOf()]);
    expect(built.functions[0]?.attached).toEqual({
      layerArn: 'arn:aws:lambda:us-east-1:800880067056:layer:CloudOne-ApplicationSecurity-python:1',
      handler: { applied: 'trend_app_protect_handler.handler', before: 'app.handler' },
      variables: ['TREND_AP_HANDLER', 'TREND_AP_KEY', 'TREND_AP_LOG_LEVEL', 'TREND_AP_SECRET'],
      givenBack: ['TREND_AP_LOG_LEVEL'],
    });
    expect(JSON.stringify(built)).not.toContain('the-team’s-own-value');
  });

  it('adds up what each sweep found, and names what the latest could not look at', () => {
    const { coverage, problems } = build(
      [],
      [
        coverageOf(),
        coverageOf({
          what: 'account 444455556666 in us-east-1',
          counts: {
            protected: 5,
            'out-of-scope: excluded': 3,
            'release: opted-out': 1,
            'waiting: function-not-ready': 1,
          },
        }),
        coverageOf({ what: 'account 000000000001', counts: {}, problem: 'old' }),
        coverageOf({ sweepId: 'two', at: '2026-11-23T12:00:00.000Z' }),
        coverageOf({
          sweepId: 'two',
          at: '2026-11-23T12:00:01.000Z',
          what: 'account 777788889999',
          counts: {},
          problem: 'it does not let us in',
        }),
      ],
    );
    expect(coverage).toMatchObject([
      { sweepId: 'one', functions: 16, protected: 13, places: 2, problems: 1, repaired: 3 },
      { sweepId: 'two', functions: 10, protected: 8, places: 1, problems: 1, at: '2026-11-23T12:00:01.000Z' },
    ]);
    expect(problems).toEqual([{ what: 'account 777788889999', problem: 'it does not let us in' }]);
  });

  it('lists as many changes as it should, newest first, and counts the others', () => {
    const outcomes = Array.from({ length: 10 }, (_, hour) => outcomeOf({ at: `2026-11-23T0${hour}:30:00.000Z` }));
    const built = buildReport([], outcomes, [], now, { since, longestTimeline: 3 });
    expect(built.timeline.map(({ at }) => at.slice(11, 13))).toEqual(['09', '08', '07']);
    expect(built.leftOut).toBe(7);
    expect(built.activity).toHaveLength(10);
    expect(built.fixTimes).toEqual({ count: 10, medianMs: 3500, p95Ms: 3500 });
  });

  it('of nothing is a report, too', () => {
    const built = build([], [], []);
    expect(built).toMatchObject({ totals: { functions: 0 }, functions: [], coverage: [], timeline: [], leftOut: 0 });
  });
});

describe('what an outcome means', () => {
  it.each([
    ['drifted', { status: 'drifted', action: 'sent' }],
    ['other', { status: 'drifted', action: 'sent', previous: { status: 'drifted', reason: 'layer-missing' } }],
    ['drifted', { status: 'drifted', action: 'reported', previous: { status: 'drifted', reason: '' } }],
    ['repaired', { status: 'protected', action: 'repaired' }],
    ['changed', { status: 'protected', action: 'attached' }],
    ['changed', { status: 'released', action: 'released' }],
    ['stopped', { status: 'contested', action: 'none' }],
    ['other', { status: 'deleted', action: 'none' }],
  ] as const)('%s', (kind, changes) => {
    expect(kindOf(asReported(outcomeOf(changes)))).toBe(kind);
  });

  it('for the time to a fix: what a sweep found has no event to count from', () => {
    const swept = outcomeOf({ durationMs: 9e9, cause: { ...outcomeOf().cause, eventName: 'Sweep' } });
    expect(fixTimesOf([swept, outcomeOf({ durationMs: 2000 })].map(asReported))).toMatchObject({
      count: 1,
      p95Ms: 2000,
    });
  });
});

describe('a share', () => {
  it.each([
    [0, '0%'],
    [1, '100%'],
    [0.99999, '99.9%'],
    [0.00001, '0.1%'],
    [0.9741, '97.4%'],
  ])('%d is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });
});

describe('changes while a report is open', () => {
  const before = build([recordOf({ functionArn: arnOf('a') }), recordOf({ functionArn: arnOf('b') })], [], []);
  const blocked = (name: string): LiveChange => {
    const outcome = outcomeOf({
      functionArn: arnOf(name),
      status: 'blocked',
      reason: 'layer-limit',
      at: now.toISOString(),
    });
    const [one] = build([recordOf({ functionArn: arnOf(name), status: 'blocked', reason: 'layer-limit' })]).functions;
    return { outcome: asReported(outcome), ...(one ? { function: one } : {}) };
  };

  it('count as if the report had been made anew', () => {
    const after = withChanges(before, [blocked('b')], now);
    expect(after.totals).toMatchObject({ functions: 2, protected: 1, needPerson: 1 });
    expect(after.functions.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(after.activity).toMatchObject([{ stopped: 1 }]);
    expect(after.timeline).toHaveLength(1);
  });

  it('that are told twice count once', () => {
    const once = withChanges(before, [blocked('b')], now);
    const twice = withChanges(once, [blocked('b'), blocked('b')], now);
    expect(twice).toEqual(once);
  });

  it('of one event count twice where the reasons differ', () => {
    const { outcome } = blocked('b');
    const after = withChanges(before, [{ outcome }, { outcome: { ...outcome, reason: 'aws-refused' } }], now);
    expect(after.activity).toMatchObject([{ stopped: 2 }]);
  });

  it('take a function away that has no record any more', () => {
    const { outcome } = blocked('b');
    expect(withChanges(before, [{ outcome }], now).functions.map(({ name }) => name)).toEqual(['a']);
  });
});

describe('reading', () => {
  it('asks for every status, the history and the coverage, and counts on the way', async () => {
    const { port } = createMemoryRecords();
    for (const status of countedStatuses) await port.save(recordOf({ functionArn: arnOf(status), status }));
    await port.remember(outcomeOf());
    await port.remember(outcomeOf({ functionArn: arnOf('late'), status: 'drifted', action: 'reported' }));
    await port.remember(outcomeOf({ functionArn: arnOf('old'), at: '2026-10-01T00:00:00.000Z' }));
    await port.saveCoverage(coverageOf());
    const counts: number[] = [];
    const read = await readReport(port, now, { since }, ({ functions }) => counts.push(functions));
    expect(read.functions).toHaveLength(countedStatuses.length);
    expect(read.timeline.map(({ status }) => status).sort()).toEqual(['drifted', 'protected']);
    expect(read.coverage).toHaveLength(1);
    expect(Math.max(...counts)).toBe(countedStatuses.length);
  });

  it('has a function once that changed its status meanwhile, as it is now', async () => {
    const { port } = createMemoryRecords();
    const [older, newer] = [recordOf(), recordOf({ version: 2, status: 'blocked', reason: 'layer-limit' })];
    const both: typeof port = {
      ...port,
      async *withStatus(status) {
        for (const one of [newer, older]) if (one.status === status) yield one;
      },
    };
    const { functions } = await readReport(both, now, { since });
    expect(functions.map(({ status }) => status)).toEqual(['blocked']);
  });
});

describe('CSV', () => {
  it('has a heading, and a line for each function that ends as RFC 4180 says', () => {
    const lines = reportToCsv(build([recordOf()])).split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^arn,name,account,region,runtime,architecture,status,reason,detail,needs person,next step,/,
    );
    expect(lines[1]).toContain('mallory (IAMUser from 203.0.113.7)');
    expect(lines[2]).toBe('');
  });

  it('puts quotes around what needs them', () => {
    const csv = reportToCsv(build([recordOf({ detail: 'a "b", c\nd' })]));
    expect(csv).toContain('"a ""b"", c\nd"');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('makes no formula of %j', (detail) => {
    const csv = reportToCsv(build([recordOf({ detail })]));
    expect(csv).toContain(`'${detail}`);
    expect(csv).not.toContain(`,${detail}`);
  });
});
