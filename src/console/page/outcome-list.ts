import { whoText } from '../../domain/alert-text.ts';
import type { ReportedFunction, ReportedOutcome } from '../../service/report-schema.ts';
import { kindOf, outcomeKey } from '../../service/report-summary.ts';
import { h } from './dom.ts';
import { formatAge, formatClock, formatDuration, formatExactTime } from './format.ts';
import { functionLink } from './routes.ts';
import { outcomeHeadline, statusIcon } from './status.ts';

/** The last part of an ARN: a function's name. */
export function nameOf(functionArn: string): string {
  return functionArn.split(':').at(-1) ?? functionArn;
}

/** How long something is marked as new. */
const newForMs = 8_000;

/** A line of a feed: when, which function, what happened, by whose change. */
export function feedLine(outcome: ReportedOutcome, now: number): HTMLElement {
  const { functionArn, at, status, cause } = outcome;
  const kind = kindOf(outcome);
  const verified = kind === 'repaired' || kind === 'changed';
  return h(
    'li',
    { class: now - Date.parse(at) < newForMs ? 'feed-line new' : 'feed-line', 'data-key': outcomeKey(outcome) },
    statusIcon(status),
    h(
      'span',
      { class: 'feed-what' },
      h('a', { class: 'text name', href: functionLink(functionArn) }, nameOf(functionArn)),
      ' ',
      h('span', {}, outcomeHeadline(outcome)),
      outcome.reason === '' ? undefined : ' ',
      outcome.reason === '' ? undefined : h('code', { class: 'reason' }, outcome.reason),
      cause.actor ? h('span', { class: 'faint text' }, ` · ${cause.actor.name}`) : undefined,
      verified && cause.eventName !== 'Sweep'
        ? h('span', { class: 'faint' }, ` · in ${formatDuration(outcome.durationMs)}`)
        : undefined,
    ),
    h('time', { class: 'faint', datetime: at, title: formatExactTime(at) }, formatAge(at, now)),
  );
}

/** An entry of a function's history, with all that is known of it. */
export function historyEntry(outcome: ReportedOutcome): HTMLElement {
  const { at, status, reason, detail, drift, cause, durationMs, previous, action } = outcome;
  return h(
    'li',
    { class: 'history-entry', 'data-key': outcomeKey(outcome) },
    statusIcon(status),
    h(
      'div',
      {},
      h(
        'p',
        { class: 'history-title' },
        h('strong', {}, outcomeHeadline(outcome)),
        reason === '' ? undefined : ' ',
        reason === '' ? undefined : h('code', { class: 'reason' }, reason),
        h('time', { class: 'faint', datetime: at, title: at }, formatExactTime(at)),
      ),
      h(
        'p',
        { class: 'faint' },
        previous ? `was ${previous.status}${previous.reason === '' ? '' : `: ${previous.reason}`} · ` : 'first seen · ',
        `${action}${action === 'none' || action === 'reported' ? '' : `, ${formatDuration(durationMs)} after the event`}`,
      ),
      h('p', { class: 'text' }, causeText(cause)),
      detail === '' ? undefined : h('p', { class: 'detail text' }, detail),
      // What an update answers to is shown with the update; with what became of it, on demand.
      drift.length > 0 && status === 'drifted' ? driftView(drift) : undefined,
      drift.length > 0 && status !== 'drifted'
        ? h('details', {}, h('summary', {}, `What differed (${drift.length})`), driftView(drift))
        : undefined,
    ),
  );
}

/** By which call, when, and whose. */
export function causeText(cause: ReportedOutcome['cause']): string {
  const who = cause.actor
    ? ` by ${whoText(cause.actor)}`
    : cause.eventName === 'Sweep'
      ? ''
      : ', by nobody it could name';
  return `${cause.eventName} at ${formatClock(cause.eventTime)}${who}`;
}

/** What differed, as a diff: what was there, and what should be. */
export function driftView(drift: ReportedFunction['drift']): HTMLElement {
  return h(
    'div',
    { class: 'diff', role: 'group', 'aria-label': 'What differed' },
    ...drift.map((one) =>
      h(
        'div',
        { class: 'diff-part' },
        h(
          'p',
          { class: 'diff-path' },
          h('span', { class: 'text' }, one.path),
          h('code', { class: 'reason' }, one.code),
        ),
        one.actual === undefined
          ? undefined
          : h(
              'p',
              { class: 'removed' },
              h('span', { class: 'sign' }, h('span', { class: 'unseen' }, 'was'), '−'),
              one.actual,
            ),
        one.expected === undefined
          ? undefined
          : h(
              'p',
              { class: 'added' },
              h('span', { class: 'sign' }, h('span', { class: 'unseen' }, 'should be'), '+'),
              one.expected,
            ),
        one.actual === undefined && one.expected === undefined
          ? h('p', { class: 'hidden-value' }, 'The values are not kept: a variable may hold anything.')
          : undefined,
      ),
    ),
  );
}
