import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { find, inOrder, isFiltering, noFilter, searchableOf } from '../../../src/console/page/filter.ts';
import { formatAge, formatCount, formatDuration, formatTime } from '../../../src/console/page/format.ts';
import { formatRoute, parseRoute, type Route } from '../../../src/console/page/routes.ts';
import { bucketsOf, sharePointsOf, shareScale } from '../../../src/console/page/series.ts';
import { buildReport, reportedFunctionOf } from '../../../src/service/report.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { recordOf } from './record.ts';

const arnOf = (name: string, account = '111122223333', region = 'us-east-1') =>
  `arn:aws:lambda:${region}:${account}:function:${name}`;
const functions = [
  recordOf({ functionArn: arnOf('orders'), status: 'blocked', reason: 'layer-limit' }),
  recordOf({ functionArn: arnOf('payments', '444455556666', 'eu-west-1') }),
  recordOf({ functionArn: arnOf('orders-export', '444455556666') }),
].map((record) => searchableOf(reportedFunctionOf(record)));
const namesFor = (filter: Partial<typeof noFilter> & Record<string, unknown>) =>
  find(functions, { ...noFilter, ...filter }).functions.map(({ name }) => name);

describe('the filter', () => {
  it.each([
    ['nothing', {}, ['orders', 'payments', 'orders-export']],
    ['a part of a name, in any case', { text: 'ORDer' }, ['orders', 'orders-export']],
    ['several words, all of them', { text: 'orders 444455556666' }, ['orders-export']],
    ['who did it', { text: 'mallory' }, ['orders', 'payments', 'orders-export']],
    ['a status', { statuses: ['blocked'] }, ['orders']],
    ['any of several statuses', { statuses: ['blocked', 'protected'] }, ['orders', 'payments', 'orders-export']],
    ['account and region', { account: '444455556666', region: 'eu-west-1' }, ['payments']],
    ['a reason', { reason: 'layer-limit' }, ['orders']],
    ['what is not there', { text: 'nobody' }, []],
  ])('by %s', (_, filter, names) => {
    expect(namesFor(filter)).toEqual(names);
  });

  it('counts every status that the other filters leave, whichever statuses are asked for', () => {
    const { byStatus } = find(functions, { ...noFilter, text: 'orders', statuses: ['blocked'] });
    expect(Object.fromEntries(byStatus)).toEqual({ blocked: 1, protected: 1 });
  });

  it('tells whether it leaves anything out', () => {
    expect(isFiltering({ ...noFilter, text: '  ' })).toBe(false);
    expect(isFiltering({ ...noFilter, group: 'none' })).toBe(true);
  });

  it('keeps the order where a column says the same', () => {
    const order = inOrder(functions, { by: 'account', isDescending: true }).map(({ one }) => one.name);
    expect(order).toEqual(['payments', 'orders-export', 'orders']);
    expect(inOrder(functions, undefined)).toBe(functions);
  });
});

const text = fc.string({ unit: 'grapheme' }).filter((one) => one.isWellFormed());
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.constant<Route>({ view: 'overview' }),
  fc.constant<Route>({ view: 'activity' }),
  text.filter((arn) => arn !== '').map((arn): Route => ({ view: 'function', arn })),
  fc
    .record(
      {
        text,
        statuses: fc.uniqueArray(fc.constantFrom('blocked', 'protected', 'drifted')),
        account: text,
        region: text,
        runtime: text,
        group: text,
        reason: text,
      },
      { requiredKeys: ['text', 'statuses'], noNullPrototype: true },
    )
    .map((filter): Route => ({ view: 'functions', filter })),
);

describe('an address', () => {
  it('leads back to the view that it was made from', () => {
    fc.assert(
      fc.property(route, (given) => {
        expect(parseRoute(formatRoute(given))).toEqual(given);
      }),
    );
  });

  it.each(['', '#', '#/nowhere', '#/function/', '#main', '#javascript:alert(1)'])('%j is the overview', (hash) => {
    expect(parseRoute(hash)).toEqual({ view: 'overview' });
  });

  it('that was cut in the middle of a character is taken as it is', () => {
    expect(parseRoute('#/function/arn%E2%82')).toEqual({ view: 'function', arn: 'arn%E2%82' });
  });

  it('of a function can be read', () => {
    expect(formatRoute({ view: 'function', arn: arnOf('orders') })).toBe(`#/function/${arnOf('orders')}`);
  });
});

describe('numbers and times', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  it.each([
    ['2026-11-24T11:59:40Z', 'now'],
    ['2026-11-24T11:55:00Z', '5 min'],
    ['2026-11-24T09:00:00Z', '3 h'],
    ['2026-11-12T12:00:00Z', '12 d'],
    ['2026-11-24T12:00:05Z', 'now'],
    ['no time', 'no time'],
  ])('an age: %s is %s', (iso, age) => {
    expect(formatAge(iso, now)).toBe(age);
  });

  it('are short', () => {
    expect(formatCount(12_345)).toBe('12,345');
    expect(formatDuration(3_449)).toBe('3.4 s');
    expect(formatDuration(5 * 60_000)).toBe('5 min');
    expect(formatTime('<script>')).toBe('<script>');
  });
});

describe('charts', () => {
  const now = new Date('2026-11-24T12:00:00.000Z');
  const build = (minutes: readonly number[]) =>
    buildReport(
      [recordOf()],
      minutes.map((ago, index) =>
        outcomeOf({
          at: new Date(now.getTime() - ago * 60_000).toISOString(),
          ...(index % 2 === 0 ? {} : { status: 'drifted', action: 'sent' }),
        }),
      ),
      [],
      now,
      { since: new Date(now.getTime() - 30 * 24 * 60 * 60_000) },
    );

  it.each([
    ['minutes', [1, 1, 3, 8], 60_000],
    ['a day', [1, 60, 24 * 60], 60 * 60_000],
    ['weeks', [1, 60, 25 * 24 * 60], 24 * 60 * 60_000],
  ])('lose nothing, whether all of it happened within %s', (_, minutes, stepMs) => {
    const { buckets, ...rest } = bucketsOf(build(minutes));
    expect(rest.stepMs).toBe(stepMs);
    expect(buckets.length).toBeLessThanOrEqual(44);
    const sum = (kind: 'drifted' | 'repaired') => buckets.reduce((all, bucket) => all + bucket[kind], 0);
    expect(sum('drifted') + sum('repaired')).toBe(minutes.length);
  });

  it('of coverage end with what is now, and begin their axis below what they show', () => {
    const points = sharePointsOf(build([1]));
    expect(points).toMatchObject([{ share: 1, functions: 1, at: now.toISOString() }]);
    for (const share of [0, 0.3, 0.6, 0.93, 0.97, 0.999, 1]) {
      const [point] = points;
      const { lowest } = shareScale(point ? [{ ...point, share }] : []);
      expect(lowest).toBeLessThanOrEqual(share);
      expect(lowest).toBeLessThan(1);
    }
  });
});
