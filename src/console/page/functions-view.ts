import type { Report, ReportedFunction } from '../../service/report-schema.ts';
import { reportStatuses } from '../../service/report-schema.ts';
import { type Dimension, partOf } from '../../service/report-summary.ts';
import { h, morph } from './dom.ts';
import {
  type Filter,
  find,
  inOrder,
  isFiltering,
  noFilter,
  type Order,
  type Searchable,
  searchableOf,
} from './filter.ts';
import { formatCount } from './format.ts';
import { statusIcon, statusName } from './status.ts';
import { createTable } from './table.ts';

/** What the view tells the page. */
export interface FunctionsViewEvents {
  open(arn: string): void;
  /** The filter was changed in the view. */
  filtered(filter: Filter): void;
}

/** The view of all functions. It stays as it is while others are shown. */
export interface FunctionsView {
  readonly element: HTMLElement;
  setReport(report: Report): void;
  /** Filters. Every call draws at once: what calls it is a key or a click. */
  setFilter(filter: Filter): void;
  /** After it was put into the document again. */
  shown(): void;
  focusTable(): void;
  /** What was found, as CSV, would be of the report; the number of functions found. */
  count(): number;
}

const dimensions: readonly { readonly key: Dimension; readonly title: string }[] = [
  { key: 'account', title: 'Account' },
  { key: 'region', title: 'Region' },
  { key: 'runtime', title: 'Runtime' },
  { key: 'group', title: 'Group' },
];

/** Makes the view of all functions. */
export function createFunctionsView(events: FunctionsViewEvents): FunctionsView {
  let searchables: readonly Searchable[] = [];
  let ordered: readonly Searchable[] = [];
  let filter: Filter = noFilter;
  let order: Order;
  let found = 0;
  const byFunction = new Map<ReportedFunction, Searchable>();
  const table = createTable(
    (arn) => events.open(arn),
    (by) => {
      if (by === undefined) return;
      // Up, down, and back to those that need somebody first.
      order =
        order?.by !== by
          ? { by, isDescending: by === 'since' }
          : order.isDescending === (by === 'since')
            ? { by, isDescending: by !== 'since' }
            : undefined;
      table.setOrder(order);
      ordered = inOrder(searchables, order);
      draw('top');
    },
  );
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Status' });
  const selects = dimensions.map(({ key, title }) => ({
    key,
    title,
    select: h('select', { 'aria-label': title, id: `filter-${key}` }),
  }));
  const rest = h('div', { class: 'rest-filters' });
  const count = h('p', { class: 'found', role: 'status', 'aria-live': 'polite' });
  const empty = h(
    'p',
    { class: 'empty nothing', hidden: true },
    'No function fits. Take a filter away, or press Escape in the search field.',
  );
  const element = h(
    'div',
    { class: 'functions-view' },
    h('h1', { tabindex: -1 }, 'Functions'),
    h(
      'div',
      { class: 'filters' },
      chips,
      h('div', { class: 'selects' }, ...selects.map(({ select }) => select), rest),
      count,
    ),
    table.element,
    empty,
  );

  const change = (next: Filter) => {
    filter = next;
    draw('top');
    events.filtered(filter);
  };
  for (const { key, select } of selects)
    select.addEventListener('change', () => {
      const { [key]: _, ...others } = filter;
      change(select.value === '' ? others : { ...others, [key]: select.value });
    });
  chips.addEventListener('click', (event) => {
    const status = event.target instanceof Element ? event.target.closest('button')?.dataset['status'] : undefined;
    if (status === undefined) return;
    const statuses = filter.statuses.includes(status)
      ? filter.statuses.filter((one) => one !== status)
      : [...filter.statuses, status];
    change({ ...filter, statuses });
  });
  rest.addEventListener('click', (event) => {
    const action = event.target instanceof Element ? event.target.closest('button')?.dataset['take'] : undefined;
    if (action === 'reason') {
      const { reason: _, ...others } = filter;
      change(others);
    }
    if (action === 'all') change(noFilter);
  });

  const chipOf = new Map(
    reportStatuses.map((status) => {
      const number = h('span', { class: 'chip-count' });
      const button = h(
        'button',
        { type: 'button', 'data-status': status },
        statusIcon(status),
        h('span', {}, statusName(status)),
        number,
      );
      chips.append(button);
      return [status, { button, number }] as const;
    }),
  );

  function draw(place: 'top' | 'stay'): void {
    const { functions, byStatus } = find(ordered, filter);
    found = functions.length;
    table.show(functions, place);
    table.element.hidden = found === 0;
    empty.hidden = found > 0;
    for (const [status, { button, number }] of chipOf) {
      const many = byStatus.get(status) ?? 0;
      const isPressed = filter.statuses.includes(status);
      const text = formatCount(many);
      if (number.textContent !== text) number.textContent = text;
      button.setAttribute('aria-pressed', String(isPressed));
      button.hidden = many === 0 && !isPressed && !searchables.some(({ one }) => one.status === status);
    }
    const all = searchables.length;
    count.textContent =
      found === all ? `${formatCount(all)} functions` : `${formatCount(found)} of ${formatCount(all)}`;
    morph(rest, [
      ...(filter.reason === undefined
        ? []
        : [
            h(
              'button',
              { type: 'button', class: 'take', 'data-take': 'reason', 'data-key': 'reason' },
              `reason: ${filter.reason}`,
              h('span', { 'aria-hidden': 'true' }, ' ×'),
              h('span', { class: 'unseen' }, ' take away'),
            ),
          ]),
      ...(isFiltering(filter)
        ? [h('button', { type: 'button', class: 'take', 'data-take': 'all', 'data-key': 'all' }, 'Show all')]
        : []),
    ]);
  }

  function drawSelects(report: Report): void {
    const lists = {
      account: report.byAccount,
      region: report.byRegion,
      runtime: report.byRuntime,
      group: report.byGroup,
    };
    for (const { key, title, select } of selects) {
      // Released and deleted functions may be of places that no counted one is of.
      const names = new Set([
        ...lists[key].map(({ name }) => name),
        ...report.functions.map((one) => partOf(one, key)),
      ]);
      const wanted = filter[key];
      if (wanted !== undefined) names.add(wanted);
      morph(select, [
        h('option', { value: '', 'data-key': '' }, `${title}: all`),
        ...[...names].sort().map((name) => h('option', { value: name, 'data-key': `-${name}` }, name)),
      ]);
      select.value = wanted ?? '';
    }
  }

  return {
    element,
    setReport(report) {
      const known = new Map(byFunction);
      byFunction.clear();
      searchables = report.functions.map((one) => {
        const searchable = known.get(one) ?? searchableOf(one);
        byFunction.set(one, searchable);
        return searchable;
      });
      ordered = inOrder(searchables, order);
      drawSelects(report);
      draw('stay');
    },
    setFilter(next) {
      filter = next;
      for (const { key, select } of selects) {
        const wanted = filter[key];
        if (wanted !== undefined && ![...select.options].some(({ value }) => value === wanted))
          select.append(h('option', { value: wanted, 'data-key': `-${wanted}` }, wanted));
        select.value = wanted ?? '';
      }
      draw('top');
    },
    shown: () => table.refresh(),
    focusTable: () => table.focus(),
    count: () => found,
  };
}
