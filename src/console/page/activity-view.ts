import type { Report, ReportedOutcome } from '../../service/report-schema.ts';
import { kindOf } from '../../service/report-summary.ts';
import { activityChart } from './charts.ts';
import { h } from './dom.ts';
import { formatCount, formatDay, formatTime } from './format.ts';
import { feedLine } from './outcome-list.ts';

const kinds = [
  ['all', 'Everything'],
  ['drifted', 'Drift'],
  ['repaired', 'Put back'],
  ['stopped', 'Stopped'],
  ['changed', 'Attached, updated, released'],
] as const;

/** What of the activity is shown. */
export type ActivityKind = (typeof kinds)[number][0];

/** Whether a text names a kind of activity. */
export function isActivityKind(text: string): text is ActivityKind {
  return kinds.some(([kind]) => kind === text);
}

/** How many lines are drawn; the rest is a button away. */
export const activityPage = 200;

/** All that happened, newest first, day by day. */
export function activityView(report: Report, wanted: ActivityKind, shown: number, now: number): Node[] {
  const outcomes = report.timeline.filter((outcome) => wanted === 'all' || kindOf(outcome) === wanted);
  return [
    h('h1', { tabindex: -1 }, 'Activity'),
    h(
      'p',
      { class: 'faint' },
      `Since ${formatTime(report.since)}.`,
      report.leftOut > 0
        ? ` ${formatCount(report.leftOut)} older changes are counted in the chart, and not listed.`
        : undefined,
    ),
    h('section', { class: 'card' }, h('h2', {}, 'Drift and repair'), activityChart(report)),
    h(
      'div',
      { class: 'chips', role: 'group', 'aria-label': 'What to show' },
      ...kinds.map(([kind, title]) =>
        h(
          'button',
          { type: 'button', 'data-action': `activity-${kind}`, 'aria-pressed': String(kind === wanted) },
          title,
        ),
      ),
    ),
    ...byDay(outcomes.slice(0, shown)).map(([day, some]) =>
      h(
        'section',
        { class: 'card', 'data-key': day },
        h('h2', {}, day),
        h('ol', { class: 'feed' }, ...some.map((outcome) => feedLine(outcome, now))),
      ),
    ),
    outcomes.length === 0
      ? h('p', { class: 'empty' }, 'Nothing of this kind has happened in this time.')
      : outcomes.length > shown
        ? h(
            'button',
            { type: 'button', class: 'wide', 'data-action': 'activity-more' },
            `${formatCount(outcomes.length - shown)} older ones`,
          )
        : h('p', { class: 'faint' }, 'That is all.'),
  ];
}

function byDay(outcomes: readonly ReportedOutcome[]): [string, ReportedOutcome[]][] {
  const days = new Map<string, ReportedOutcome[]>();
  for (const outcome of outcomes) {
    const day = formatDay(outcome.at);
    const known = days.get(day);
    if (known) known.push(outcome);
    else days.set(day, [outcome]);
  }
  return [...days];
}
