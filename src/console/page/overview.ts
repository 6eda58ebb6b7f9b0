import {
  countedStatuses,
  type Part,
  type Report,
  type ReportedFunction,
  reportStatuses,
} from '../../service/report-schema.ts';
import { percent, shareOf } from '../../service/report-summary.ts';
import { activityChart, coverageChart, meter } from './charts.ts';
import { h } from './dom.ts';
import { formatAge, formatCount, formatCountOf, formatDuration, formatExactTime } from './format.ts';
import { feedLine } from './outcome-list.ts';
import { functionLink, functionsLink } from './routes.ts';
import { statusBadge, statusIcon, statusName } from './status.ts';

/** How much of a list is shown before "all of them". */
const shownOfGroup = 2;
const shownReasons = 8;
const shownFeed = 9;
const shownParts = 6;

/** The first view: how much is protected, what needs a person, what happened. */
export function overview(report: Report, now: number): Node[] {
  return [
    h('h1', { class: 'unseen', tabindex: -1 }, 'Overview'),
    ...(report.functions.length === 0 ? [invitation()] : []),
    hero(report),
    ...problems(report),
    people(report, now),
    happened(report, now),
    parts(report),
  ];
}

function invitation(): HTMLElement {
  return h(
    'section',
    { class: 'card invitation' },
    h('h2', {}, 'No function has opted in yet'),
    h('p', {}, 'Tag one, and it appears here as soon as it is looked at:'),
    h('pre', {}, 'aws lambda tag-resource --resource FUNCTION_ARN --tags layerward:protect=on'),
  );
}

function hero(report: Report): HTMLElement {
  const { totals } = report;
  const statuses = [...countedStatuses].map((status) => ({ status, count: totals.byStatus[status] ?? 0 }));
  const share = percent(shareOf(totals));
  return h(
    'section',
    { class: 'hero card', 'aria-label': 'Coverage' },
    h(
      'div',
      { class: 'number' },
      h('p', { class: 'share' }, totals.functions === 0 ? '–' : share),
      h('p', { class: 'share-label' }, 'of the functions that opted in are protected'),
      h(
        'p',
        { class: 'faint' },
        `${formatCount(totals.protected)} of ${formatCount(totals.functions)}`,
        totals.needPerson === 0 ? ', and nothing needs a person' : undefined,
      ),
      meter(statuses, `${share} protected`),
      h(
        'ul',
        { class: 'legend' },
        ...reportStatuses
          .map((status) => ({ status, count: totals.byStatus[status] ?? 0 }))
          .filter(({ count }) => count > 0)
          .sort((a, b) => Number(b.status === 'protected') - Number(a.status === 'protected'))
          .map(({ status, count }) =>
            h(
              'li',
              { 'data-key': status },
              h(
                'a',
                { href: functionsLink({ statuses: [status] }) },
                statusIcon(status),
                h('span', {}, statusName(status)),
                h('strong', {}, formatCount(count)),
              ),
            ),
          ),
      ),
    ),
    h('div', { class: 'over-time' }, h('h2', {}, 'Coverage over time'), coverageChart(report)),
  );
}

function problems({ problems: all }: Report): HTMLElement[] {
  if (all.length === 0) return [];
  return [
    h(
      'section',
      { class: 'card problems' },
      h(
        'h2',
        {},
        `The last sweep could not look at ${all.length === 1 ? 'one place' : `${formatCount(all.length)} places`}`,
      ),
      h(
        'ul',
        {},
        ...all.map(({ what, problem }) => h('li', { class: 'text' }, h('strong', {}, what), h('span', {}, problem))),
      ),
    ),
  ];
}

interface ReasonGroup {
  readonly status: ReportedFunction['status'];
  readonly reason: string;
  readonly next: string;
  readonly functions: ReportedFunction[];
}

function people({ functions, totals }: Report, now: number): HTMLElement {
  const groups = new Map<string, ReasonGroup>();
  for (const one of functions) {
    if (!one.needsPerson) continue;
    // In audit mode it is the mode that is to be decided on, whatever differs.
    const reason = one.action === 'reported' ? '' : one.reason;
    const key = `${one.status} ${reason} ${one.next}`;
    const group = groups.get(key) ?? { status: one.status, reason, next: one.next, functions: [] };
    group.functions.push(one);
    groups.set(key, group);
  }
  const rank = ({ status }: ReasonGroup) => reportStatuses.indexOf(status);
  const all = [...groups.entries()].sort(
    ([, a], [, b]) => rank(a) - rank(b) || b.functions.length - a.functions.length,
  );
  return h(
    'section',
    { class: 'people', 'aria-labelledby': 'people-title' },
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id: 'people-title' }, totals.needPerson === 0 ? 'Nothing needs a person' : 'Needs a person'),
      totals.needPerson === 0 ? undefined : h('span', { class: 'count' }, formatCount(totals.needPerson)),
    ),
    totals.needPerson === 0
      ? h('p', { class: 'empty calm' }, 'Whatever drifts now is put back by itself.')
      : h(
          'div',
          { class: 'reasons' },
          ...all.slice(0, shownReasons).map(([key, group]) => reasonCard(key, group, now)),
        ),
    all.length > shownReasons
      ? h(
          'p',
          {},
          h(
            'a',
            { href: functionsLink({ statuses: ['blocked', 'contested', 'unsupported'] }) },
            `All ${formatCount(totals.needPerson)} functions that need a person`,
          ),
        )
      : undefined,
  );
}

function reasonCard(key: string, { status, reason, next, functions }: ReasonGroup, now: number): HTMLElement {
  const newest = [...functions].sort((a, b) => (a.since < b.since ? 1 : -1)).slice(0, shownOfGroup);
  return h(
    'article',
    {
      class: `card reason-card edge-${status}`,
      'data-key': key,
      'aria-label': `${[status, reason].filter(Boolean).join(': ')}. ${next}`,
    },
    h(
      'h3',
      {},
      statusBadge(status, reason),
      h('span', { class: 'faint' }, formatCountOf(functions.length, 'function')),
    ),
    h('p', { class: 'next' }, next),
    h(
      'ul',
      { class: 'plain-list' },
      ...newest.map((one) =>
        h(
          'li',
          { 'data-key': one.arn },
          h('a', { class: 'text name', href: functionLink(one.arn) }, one.name),
          h(
            'time',
            { class: 'faint', datetime: one.since, title: formatExactTime(one.since) },
            formatAge(one.since, now),
          ),
          h('span', { class: 'faint text place' }, `${one.account} · ${one.region} · ${culprit(one)}`),
          one.detail === '' ? undefined : h('span', { class: 'faint text words', title: one.detail }, one.detail),
        ),
      ),
    ),
    functions.length > newest.length
      ? h(
          'a',
          {
            class: 'more',
            href: functionsLink(reason === '' ? { statuses: [status] } : { statuses: [status], reason }),
          },
          `All ${formatCount(functions.length)}`,
        )
      : undefined,
  );
}

function culprit({ cause }: ReportedFunction): string {
  return cause.actor ? `${cause.eventName} by ${cause.actor.name}` : cause.eventName;
}

function happened(report: Report, now: number): HTMLElement {
  const { fixTimes, activity, timeline } = report;
  const total = (kind: 'drifted' | 'repaired' | 'changed') => activity.reduce((sum, hour) => sum + hour[kind], 0);
  return h(
    'section',
    { class: 'happened' },
    h(
      'div',
      { class: 'card' },
      h('h2', {}, 'Drift and repair'),
      h(
        'p',
        { class: 'key faint' },
        h('span', { class: 'key-drifted' }, 'drifted'),
        h('span', { class: 'key-stopped' }, 'stopped'),
        h('span', { class: 'key-repaired' }, 'put back'),
      ),
      activityChart(report),
      h(
        'dl',
        { class: 'facts' },
        fact('Put back', formatCount(total('repaired'))),
        fact('From event to fix, median', fixTimes.count === 0 ? '–' : formatDuration(fixTimes.medianMs)),
        fact('95 of 100 within', fixTimes.count === 0 ? '–' : formatDuration(fixTimes.p95Ms)),
        fact('Attached or updated', formatCount(total('changed'))),
      ),
    ),
    h(
      'div',
      { class: 'card' },
      h(
        'div',
        { class: 'section-head' },
        h('h2', {}, 'Latest'),
        h('a', { class: 'more', href: '#/activity' }, 'All activity'),
      ),
      timeline.length === 0
        ? h('p', { class: 'empty' }, 'Nothing has happened in this time.')
        : h('ol', { class: 'feed' }, ...timeline.slice(0, shownFeed).map((outcome) => feedLine(outcome, now))),
    ),
  );
}

function fact(name: string, value: string): HTMLElement {
  return h('div', { 'data-key': name }, h('dt', {}, name), h('dd', {}, value));
}

function parts(report: Report): HTMLElement {
  return h(
    'section',
    { class: 'parts', 'aria-label': 'Coverage by account, region, runtime and group' },
    partCard('Accounts', 'account', report.byAccount),
    partCard('Regions', 'region', report.byRegion),
    partCard('Runtimes', 'runtime', report.byRuntime),
    partCard('Groups', 'group', report.byGroup),
  );
}

function partCard(
  title: string,
  dimension: 'account' | 'region' | 'runtime' | 'group',
  all: readonly Part[],
): HTMLElement {
  const row = (part: Part) =>
    h(
      'li',
      { 'data-key': part.name },
      h(
        'a',
        { href: functionsLink({ [dimension]: part.name }) },
        h('span', { class: 'text part-name' }, part.name),
        h('span', { class: 'part-share' }, percent(shareOf(part))),
        meter(
          [...countedStatuses].map((status) => ({ status, count: part.byStatus[status] ?? 0 })),
          `${percent(shareOf(part))} of ${formatCount(part.functions)} protected`,
        ),
        h(
          'span',
          { class: 'faint part-count' },
          `${formatCountOf(part.functions, 'function')}${part.needPerson > 0 ? `, ${formatCount(part.needPerson)} ${part.needPerson === 1 ? 'needs' : 'need'} a person` : ''}`,
        ),
      ),
    );
  return h(
    'div',
    { class: 'card' },
    h('div', { class: 'section-head' }, h('h2', {}, title), h('span', { class: 'count' }, formatCount(all.length))),
    h('ul', { class: 'plain-list part-list' }, ...all.slice(0, shownParts).map(row)),
    all.length > shownParts
      ? h(
          'details',
          { class: 'rest' },
          h('summary', {}, `${formatCount(all.length - shownParts)} more`),
          h('ul', { class: 'plain-list part-list' }, ...all.slice(shownParts, 200).map(row)),
        )
      : undefined,
  );
}
