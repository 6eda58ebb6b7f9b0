import type { FunctionDetail, ReportedFunction } from '../../service/report-schema.ts';
import { h } from './dom.ts';
import { formatCountOf, formatDay, formatExactTime } from './format.ts';
import { causeText, driftView, historyEntry, nameOf } from './outcome-list.ts';
import { functionsLink } from './routes.ts';
import { statusBadge } from './status.ts';

/** What is known about where a function's history comes from. */
export interface HistoryState {
  readonly kind: 'whole' | 'loading' | 'failed';
  /** How far back it goes, or why there is none. */
  readonly note: string;
}

/** One function: what it is, what to do, what differs, what is kept on it, what happened. */
export function functionPage(arn: string, { function: one, history }: FunctionDetail, state: HistoryState): Node[] {
  return [
    h('p', { class: 'crumbs' }, h('a', { href: functionsLink({}), 'data-action': 'back' }, '← Functions')),
    h(
      'header',
      { class: 'function-head' },
      h('h1', { class: 'text', tabindex: -1 }, one?.name ?? nameOf(arn)),
      one ? statusBadge(one.status, one.reason) : h('span', { class: 'badge' }, 'no record'),
    ),
    h('p', { class: 'arn faint text' }, arn),
    ...(one
      ? known(one)
      : [
          h(
            'p',
            { class: 'empty' },
            'The records do not know this function: it never opted in, or opted out before anything was put on it.',
          ),
        ]),
    h(
      'section',
      { class: 'card' },
      h(
        'div',
        { class: 'section-head' },
        h('h2', {}, 'History'),
        h('span', { class: 'count' }, String(history.length)),
      ),
      state.kind === 'whole' ? undefined : h('p', { class: 'faint', role: 'status' }, state.note),
      history.length === 0
        ? state.kind === 'loading'
          ? undefined
          : h('p', { class: 'empty' }, 'Nothing has happened to it in this time.')
        : h('ol', { class: 'history' }, ...history.map(historyEntry)),
      state.kind === 'whole' && state.note !== '' ? h('p', { class: 'faint' }, state.note) : undefined,
    ),
  ];
}

function known(one: ReportedFunction): Node[] {
  return [
    h(
      'section',
      { class: `card advice edge-${one.status}`, 'aria-label': 'What to do' },
      one.detail === '' ? undefined : h('p', { class: 'detail text' }, one.detail),
      h('p', { class: 'next' }, one.next),
      h('p', { class: 'faint text' }, `Last cause: ${causeText(one.cause)}, ${formatDay(one.cause.eventTime)}`),
      one.cause.actor?.userAgent === undefined
        ? undefined
        : h('p', { class: 'faint text user-agent' }, `With: ${one.cause.actor.userAgent}`),
    ),
    h(
      'div',
      { class: 'two' },
      h(
        'section',
        { class: 'card' },
        h('h2', {}, 'About'),
        h(
          'dl',
          { class: 'about' },
          ...about('Account', one.account, functionsLink({ account: one.account })),
          ...about('Region', one.region, functionsLink({ region: one.region })),
          ...about('Runtime', one.runtime ?? 'none', functionsLink({ runtime: one.runtime ?? 'none' })),
          ...about('Architecture', one.architecture),
          ...about('Agent', one.agent ?? 'none'),
          ...about('Variant', one.variant ?? 'none'),
          ...about('Group', one.group ?? 'none', functionsLink({ group: one.group ?? 'none' })),
          ...about('Since', formatExactTime(one.since)),
          ...about('Put right', one.repairCount === 0 ? 'never' : formatCountOf(one.repairCount, 'time')),
        ),
      ),
      h(
        'section',
        { class: 'card' },
        h('h2', {}, one.status === 'protected' && one.drift.length > 0 ? 'What was put right last' : 'What differs'),
        one.drift.length === 0 ? h('p', { class: 'empty calm' }, 'Nothing differs.') : driftView(one.drift),
        one.attached ? h('h2', { class: 'second' }, 'What Layerward keeps on it') : undefined,
        one.attached ? attachedView(one.attached) : undefined,
      ),
    ),
  ];
}

function about(name: string, value: string, link?: string): Node[] {
  return [h('dt', {}, name), h('dd', { class: 'text' }, link === undefined ? value : h('a', { href: link }, value))];
}

function attachedView({
  layerArn,
  handler,
  variables,
  givenBack,
}: NonNullable<ReportedFunction['attached']>): HTMLElement {
  return h(
    'div',
    { class: 'diff' },
    h('div', { class: 'diff-part' }, h('p', { class: 'diff-path' }, 'Layers'), line('added', '+', 'added', layerArn)),
    handler
      ? h(
          'div',
          { class: 'diff-part' },
          h('p', { class: 'diff-path' }, 'Handler'),
          line('removed', '−', 'the team’s', handler.before),
          line('added', '+', 'redirected to', handler.applied),
        )
      : undefined,
    h(
      'div',
      { class: 'diff-part' },
      h('p', { class: 'diff-path' }, 'Environment'),
      ...variables.map((name) =>
        line(
          'added',
          '+',
          'set',
          givenBack.includes(name) ? `${name} (the team’s own value comes back with a release)` : name,
        ),
      ),
    ),
  );
}

function line(kind: string, sign: string, meaning: string, text: string): HTMLElement {
  return h('p', { class: kind }, h('span', { class: 'sign' }, h('span', { class: 'unseen' }, meaning), sign), text);
}
