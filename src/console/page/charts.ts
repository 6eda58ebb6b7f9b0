import type { Report } from '../../service/report-schema.ts';
import { percent, shareOf } from '../../service/report-summary.ts';
import { h, s } from './dom.ts';
import { formatCount, formatTick, formatTime } from './format.ts';
import { type Bucket, bucketsOf, type SharePoint, sharePointsOf, shareScale } from './series.ts';

/*
 * Two charts in plain SVG. Each is described in a sentence, and has all its numbers in a table beside it.
 */

const width = 640;
const height = 190;
const left = 44;
const right = 12;
const top = 12;
const bottom = 26;

/** The protected share over time, one point a sweep, and now. */
export function coverageChart(report: Report): HTMLElement {
  const points = sharePointsOf(report);
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length < 2)
    return h('p', { class: 'empty' }, 'No sweep has ended yet. Coverage over time begins with the first one.');
  const scale = shareScale(points);
  const span = Math.max(1, last.time - first.time);
  const x = (time: number) => left + ((time - first.time) / span) * (width - left - right);
  const y = (share: number) => top + ((1 - share) / (1 - scale.lowest)) * (height - top - bottom);
  const line = points
    .map(({ time, share }, index) => `${index === 0 ? 'M' : 'L'}${at(x(time))} ${at(y(share))}`)
    .join('');
  const base = height - bottom;
  const summary = `Protected: ${percent(first.share)} at ${formatTime(first.at)}, ${percent(last.share)} now.`;
  return figure(
    'coverage-chart',
    'Coverage over time',
    summary,
    [
      ...scale.ticks.map((tick) => gridLine(y(tick), percent(tick))),
      ...ticksOf(first.time, last.time, x),
      s('path', { class: 'area', d: `${line}L${at(x(last.time))} ${base}L${at(x(first.time))} ${base}Z` }),
      s('path', { class: 'line', d: line }),
      ...points
        .filter(({ problems }) => problems > 0)
        .map(({ time, share }) => s('circle', { class: 'problem', cx: at(x(time)), cy: at(y(share)), r: 3.5 })),
      s('circle', { class: 'end', cx: at(x(last.time)), cy: at(y(last.share)), r: 4 }),
      ...points.map((point, index) => hitArea(points, index, x, describePoint(point))),
    ],
    ['When', 'Protected', 'Functions', 'Share', 'Not swept'],
    points
      .toReversed()
      .map((point) => [
        formatTime(point.at),
        formatCount(point.protected),
        formatCount(point.functions),
        percent(point.share),
        formatCount(point.problems),
      ]),
  );
}

function describePoint(point: SharePoint): string {
  const problems = point.problems > 0 ? `; ${formatCount(point.problems)} not swept` : '';
  return `${formatTime(point.at)}: ${percent(point.share)}, ${formatCount(point.protected)} of ${formatCount(point.functions)}${problems}`;
}

/** A strip over the whole height that tells its point to whoever points at it. */
function hitArea(points: readonly SharePoint[], index: number, x: (time: number) => number, text: string) {
  const time = points[index]?.time ?? 0;
  const from = x(((points[index - 1]?.time ?? time) + time) / 2);
  const to = x(((points[index + 1]?.time ?? time) + time) / 2);
  return s(
    'rect',
    { class: 'hit', x: at(from), y: top, width: at(Math.max(1, to - from)), height: height - top - bottom },
    s('title', {}, text),
  );
}

/** Drift upwards, what was put back downwards: where all is well, the one mirrors the other. */
export function activityChart(report: Report): HTMLElement {
  const { buckets, stepMs } = bucketsOf(report);
  const [first] = buckets;
  const last = buckets.at(-1);
  if (!first || !last || buckets.every((bucket) => sum(bucket) === 0))
    return h('p', { class: 'empty' }, 'Nothing has drifted and nothing was put back in this time.');
  const highest = Math.max(1, ...buckets.map(({ drifted, stopped }) => drifted + stopped));
  const lowest = Math.max(1, ...buckets.map(({ repaired }) => repaired));
  const room = height - top - bottom;
  const unit = room / (highest + lowest);
  const zero = top + highest * unit;
  const step = (width - left - right) / buckets.length;
  const bar = Math.max(1, Math.min(14, step * 0.62));
  const x = (index: number) => left + step * index + (step - bar) / 2;
  const total = (kind: 'drifted' | 'stopped' | 'repaired') => buckets.reduce((all, bucket) => all + bucket[kind], 0);
  const summary = `${formatCount(total('drifted'))} times drifted, ${formatCount(total('repaired'))} times put back, ${formatCount(total('stopped'))} times stopped.`;
  const rectangle = (kind: string, index: number, y: number, count: number) =>
    count === 0
      ? undefined
      : s('rect', {
          class: kind,
          x: at(x(index)),
          y: at(y),
          width: at(bar),
          height: at(Math.max(1, count * unit)),
          rx: 1.5,
        });
  return figure(
    'activity-chart',
    'Drift and repair',
    summary,
    [
      gridLine(top, formatCount(highest)),
      s('line', { class: 'zero', x1: left, x2: width - right, y1: at(zero), y2: at(zero) }),
      gridLine(height - bottom, formatCount(lowest)),
      ...ticksOf(first.time, last.time + stepMs, (time) => left + ((time - first.time) / stepMs) * step),
      ...buckets.map((bucket, index) =>
        s(
          'g',
          {},
          s(
            'rect',
            { class: 'hit', x: at(left + step * index), y: top, width: at(step), height: room },
            s('title', {}, describeBucket(bucket)),
          ),
          rectangle('drifted', index, zero - bucket.drifted * unit, bucket.drifted),
          rectangle('stopped', index, zero - (bucket.drifted + bucket.stopped) * unit, bucket.stopped),
          rectangle('repaired', index, zero + 1, bucket.repaired),
        ),
      ),
    ],
    ['From', 'Drifted', 'Put back', 'Stopped'],
    buckets
      .filter((bucket) => sum(bucket) > 0)
      .toReversed()
      .map((bucket) => [
        formatTime(new Date(bucket.time).toISOString()),
        formatCount(bucket.drifted),
        formatCount(bucket.repaired),
        formatCount(bucket.stopped),
      ]),
  );
}

function sum({ drifted, stopped, repaired }: Bucket): number {
  return drifted + stopped + repaired;
}

function describeBucket(bucket: Bucket): string {
  const { time, drifted, repaired, stopped } = bucket;
  return `From ${formatTime(new Date(time).toISOString())}: ${formatCount(drifted)} drifted, ${formatCount(repaired)} put back, ${formatCount(stopped)} stopped`;
}

/** How functions are spread over statuses: one bar. */
export function meter(
  parts: readonly { readonly status: string; readonly count: number }[],
  label: string,
): SVGSVGElement {
  const total = parts.reduce((all, { count }) => all + count, 0);
  let from = 0;
  return s(
    'svg',
    { class: 'meter', viewBox: '0 0 1000 10', preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    s('rect', { class: 'track', width: 1000, height: 10 }),
    ...parts.map(({ status, count }) => {
      // The smallest share is seen, too.
      const length = total === 0 ? 0 : count === 0 ? 0 : Math.max(4, (count / total) * 1000);
      const x = Math.min(from, 1000 - length);
      from += length;
      return s('rect', { class: `fill-${status}`, x: at(x), width: at(length), height: 10 });
    }),
  );
}

function gridLine(y: number, label: string): SVGGElement {
  return s(
    'g',
    { class: 'grid-line' },
    s('line', { x1: left, x2: width - right, y1: at(y), y2: at(y) }),
    s('text', { x: left - 8, y: at(y + 3.5), 'text-anchor': 'end' }, label),
  );
}

function ticksOf(from: number, to: number, x: (time: number) => number): SVGTextElement[] {
  const count = 4;
  return Array.from({ length: count + 1 }, (_, index) => {
    const time = from + ((to - from) * index) / count;
    const anchor = index === 0 ? 'start' : index === count ? 'end' : 'middle';
    return s(
      'text',
      { class: 'tick', x: at(x(time)), y: height - 7, 'text-anchor': anchor },
      formatTick(time, to - from),
    );
  });
}

function figure(
  id: string,
  title: string,
  summary: string,
  drawing: readonly SVGElement[],
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  return h(
    'figure',
    { class: `chart ${id}` },
    s(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-labelledby': `${id}-title ${id}-text` },
      s('title', { id: `${id}-title` }, title),
      s('desc', { id: `${id}-text` }, summary),
      ...drawing,
    ),
    h(
      'details',
      { class: 'numbers' },
      h('summary', {}, 'As a table'),
      h(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}, as a table` },
        h(
          'table',
          {},
          h('caption', { class: 'unseen' }, title),
          h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column)))),
          h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))))),
        ),
      ),
    ),
  );
}

/** A coordinate, no more exact than a screen. */
function at(value: number): string {
  return value.toFixed(1);
}

/** The share in words, for labels. */
export function shareText(totals: { readonly functions: number; readonly protected: number }): string {
  return percent(shareOf(totals));
}
