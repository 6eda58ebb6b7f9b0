import type { ReportedFunction } from '../../service/report-schema.ts';
import { h, s } from './dom.ts';
import type { Order, SortKey } from './filter.ts';
import { formatAge } from './format.ts';
import { functionLink } from './routes.ts';
import { statusName } from './status.ts';

/*
 * A table of any length, of which only the rows in sight are in the document. Rows are made once and given other
 * functions while one scrolls or filters; nothing else is made or thrown away, which is what keeps it at the screen's
 * own pace. To a screen reader it is a grid with all its rows counted.
 */

/** In pixels, as in the style sheet. */
const rowHeight = 44;
/** Rows above and below what is in sight. */
const spare = 6;

/** A table of functions. */
export interface FunctionTable {
  readonly element: HTMLElement;
  /** Shows these, and starts at the top unless it is to stay where it is. */
  show(functions: readonly ReportedFunction[], place: 'top' | 'stay'): void;
  setOrder(order: Order): void;
  /** Draws again, after it was out of sight. */
  refresh(): void;
  focus(): void;
}

interface Row {
  readonly element: HTMLElement;
  readonly use: SVGUseElement;
  readonly icon: SVGSVGElement;
  readonly link: HTMLAnchorElement;
  readonly cells: readonly HTMLElement[];
  index: number;
  shown: ReportedFunction | undefined;
}

const columns: readonly { readonly title: string; readonly sort: SortKey | undefined }[] = [
  { title: 'Status', sort: undefined },
  { title: 'Function', sort: 'name' },
  { title: 'Account', sort: 'account' },
  { title: 'Region', sort: 'region' },
  { title: 'Runtime', sort: 'runtime' },
  { title: 'Group', sort: 'group' },
  { title: 'Since', sort: 'since' },
];

/** Makes the table. `open` is called with the function whose row was entered, `sort` with the column's key. */
export function createTable(open: (arn: string) => void, sort: (key: SortKey | undefined) => void): FunctionTable {
  let functions: readonly ReportedFunction[] = [];
  let active = -1;
  let savedTop = 0;
  const rows: Row[] = [];
  const heads = columns.map(({ title, sort: key }) =>
    h(
      'div',
      { role: 'columnheader', class: 'cell', 'aria-sort': key === undefined ? undefined : 'none' },
      key === undefined
        ? title
        : h('button', { type: 'button', tabindex: 0 }, title, h('span', { class: 'arrow', 'aria-hidden': 'true' })),
    ),
  );
  const head = h('div', { role: 'row', class: 'row head', 'aria-rowindex': 1 }, ...heads);
  const body = h('div', { role: 'rowgroup', class: 'rows' });
  const scroller = h('div', { class: 'scroller', role: 'presentation' }, body);
  const element = h(
    'div',
    {
      class: 'table',
      role: 'grid',
      tabindex: 0,
      'aria-label': 'Functions',
      'aria-colcount': columns.length,
      id: 'functions',
    },
    h('div', { role: 'rowgroup' }, head),
    scroller,
  );

  heads.forEach((cell, index) => {
    cell.querySelector('button')?.addEventListener('click', () => sort(columns[index]?.sort));
  });

  function rowAt(slot: number): Row {
    const known = rows[slot];
    if (known) return known;
    const use = s('use', {});
    const icon = s('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, use);
    const link = h('a', { class: 'text name', tabindex: -1 });
    const texts = Array.from({ length: columns.length }, () => h('span', { class: 'text' }));
    const cells = columns.map((_, index) =>
      h(
        'div',
        { role: 'gridcell', class: 'cell' },
        ...(index === 0 ? [icon, texts[0]] : index === 1 ? [link] : [texts[index]]),
      ),
    );
    const row: Row = {
      element: h('div', { role: 'row', class: 'row', id: `row-${slot}` }, ...cells),
      use,
      icon,
      link,
      cells: texts,
      index: -1,
      shown: undefined,
    };
    rows[slot] = row;
    body.append(row.element);
    return row;
  }

  function fill(row: Row, index: number, one: ReportedFunction, now: number): void {
    if (row.index !== index) {
      row.index = index;
      row.element.style.transform = `translateY(${index * rowHeight}px)`;
      row.element.setAttribute('aria-rowindex', String(index + 2));
    }
    if (row.shown !== one) {
      row.shown = one;
      row.use.setAttribute('href', `#icon-${one.status}`);
      row.icon.setAttribute('class', `icon status-${one.status}`);
      const status = one.reason === '' ? statusName(one.status) : `${statusName(one.status)}: ${one.reason}`;
      const texts = [
        status,
        '',
        one.account,
        one.region,
        one.runtime ?? 'none',
        one.group ?? 'none',
        formatAge(one.since, now),
      ];
      texts.forEach((text, column) => {
        const cell = row.cells[column];
        if (cell && column !== 1 && cell.textContent !== text) cell.textContent = text;
      });
      row.link.textContent = one.name;
      row.link.href = functionLink(one.arn);
      row.element.title = one.needsPerson ? one.next : '';
    }
    row.element.classList.toggle('active', index === active);
    row.element.setAttribute('aria-selected', String(index === active));
    if (row.element.hidden) row.element.hidden = false;
  }

  function draw(): void {
    const top = scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / rowHeight) - spare);
    const inSight = Math.ceil((scroller.clientHeight || 600) / rowHeight) + 2 * spare;
    const last = Math.min(functions.length, first + inSight);
    const slots = Math.max(inSight, rows.length);
    const now = Date.now();
    let activeId = '';
    const used = new Set<number>();
    for (let index = first; index < last; index++) {
      const one = functions[index];
      if (!one) continue;
      // A row keeps its slot while it is in sight, so that scrolling by one gives one row another function.
      const slot = index % slots;
      used.add(slot);
      fill(rowAt(slot), index, one, now);
      if (index === active) activeId = `row-${slot}`;
    }
    rows.forEach((row, slot) => {
      if (!used.has(slot) && !row.element.hidden) row.element.hidden = true;
    });
    if (activeId === '') element.removeAttribute('aria-activedescendant');
    else element.setAttribute('aria-activedescendant', activeId);
  }

  let isAsked = false;
  const drawSoon = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      savedTop = scroller.scrollTop;
      draw();
    });
  };

  function moveTo(index: number): void {
    if (functions.length === 0) return;
    active = Math.max(0, Math.min(functions.length - 1, index));
    const top = active * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    const under = top + rowHeight - scroller.clientHeight;
    if (under > scroller.scrollTop) scroller.scrollTop = under;
    draw();
  }

  scroller.addEventListener('scroll', drawSoon, { passive: true });
  new ResizeObserver(drawSoon).observe(scroller);
  element.addEventListener('focus', () => {
    if (active < 0) moveTo(Math.floor(scroller.scrollTop / rowHeight));
  });
  element.addEventListener('keydown', (event) => {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: functions.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      moveTo(to);
    } else if (event.key === 'Enter') {
      const one = functions[active];
      if (one) open(one.arn);
    }
  });
  body.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || event.target.closest('a')) return;
    const element = event.target.closest('.row');
    const row = rows.find((one) => one.element === element);
    if (row?.shown && !getSelection()?.toString()) open(row.shown.arn);
  });

  return {
    element,
    show(next, place) {
      const current = functions[active];
      functions = next;
      body.style.height = `${functions.length * rowHeight}px`;
      element.setAttribute('aria-rowcount', String(functions.length + 1));
      if (place === 'top') {
        scroller.scrollTop = 0;
        active = -1;
      } else active = current ? functions.findIndex(({ arn }) => arn === current.arn) : -1;
      draw();
    },
    setOrder(order) {
      columns.forEach(({ sort: key }, index) => {
        if (key === undefined) return;
        const direction = order?.by !== key ? 'none' : order.isDescending ? 'descending' : 'ascending';
        heads[index]?.setAttribute('aria-sort', direction);
      });
    },
    refresh() {
      scroller.scrollTop = savedTop;
      draw();
    },
    focus() {
      element.focus();
    },
  };
}
