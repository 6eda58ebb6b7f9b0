import './no-code-from-text.ts';
import {
  type FunctionDetail,
  type LiveChange,
  type LiveState,
  type Report,
  report,
} from '../../service/report-schema.ts';
import { outcomeKey, withChanges } from '../../service/report-summary.ts';
import { type ActivityKind, activityPage, activityView, isActivityKind } from './activity-view.ts';
import { byId, h, morph } from './dom.ts';
import { type Filter, noFilter } from './filter.ts';
import { formatTime } from './format.ts';
import { functionPage, type HistoryState } from './function-page.ts';
import { createFunctionsView } from './functions-view.ts';
import { hasShortcuts, openHelp, writeSetting } from './help.ts';
import { askAbout, listen } from './live.ts';
import { nameOf } from './outcome-list.ts';
import { overview } from './overview.ts';
import { formatRoute, parseRoute, type Route } from './routes.ts';
import { outcomeHeadline } from './status.ts';

/* The page: it shows one view at a time, says where it is in its address, and follows the console where there is one. */

const isLive = document.documentElement.dataset['kind'] === 'live';
const main = byId('main');
const search = byId('search');
const connection = byId('connection');
const troubleBar = byId('trouble');
const announcer = byId('announcer');

let shown: Report | undefined;
let route: Route = parseRoute(location.hash);
let activity: { readonly kind: ActivityKind; readonly shown: number } = { kind: 'all', shown: activityPage };
let detail: { readonly arn: string; readonly detail: FunctionDetail; readonly state: HistoryState } | undefined;
/** Whether the list is what one came from to a function's page, and goes back to. */
let cameFromList = false;

const functionsView = createFunctionsView({
  open: (arn) => go({ view: 'function', arn }),
  filtered: (filter) => {
    if (search instanceof HTMLInputElement && search.value !== filter.text) search.value = filter.text;
    keepAddress(filter);
  },
});

function go(next: Route): void {
  location.hash = formatRoute(next);
}

let addressTimer: ReturnType<typeof setTimeout> | undefined;
/** The address follows the filter, but not each key: browsers refuse too many changes. */
function keepAddress(filter: Filter): void {
  route = { view: 'functions', filter };
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    if (route.view === 'functions') history.replaceState(null, '', formatRoute(route));
  }, 250);
}

function show(): void {
  if (!shown) return;
  const now = isLive ? Date.now() : Date.parse(shown.generatedAt);
  switch (route.view) {
    case 'overview':
      draw(overview(shown, now));
      break;
    case 'activity':
      draw(activityView(shown, activity.kind, activity.shown, now));
      break;
    case 'function':
      showFunction(shown, route.arn);
      break;
    case 'functions':
      refreshFunctions();
      if (main.firstChild !== functionsView.element) main.replaceChildren(functionsView.element);
  }
}

/** Nodes of another view are not made into those of this one. */
let drawnView = '';
function draw(nodes: Node[]): void {
  const view = formatRoute(route);
  if (drawnView === view && main.firstChild !== functionsView.element) morph(main, nodes);
  else main.replaceChildren(...nodes);
  drawnView = view;
}

function showFunction(current: Report, arn: string): void {
  const known = current.functions.find((one) => one.arn === arn);
  const recent = current.timeline.filter((outcome) => outcome.functionArn === arn);
  if (detail?.arn !== arn) {
    const asked: FunctionDetail = { ...(known ? { function: known } : {}), history: recent };
    const note = isLive
      ? 'Reading its whole history …'
      : `Since ${formatTime(current.since)}. The console shows all of it: npx layerward console`;
    detail = { arn, detail: asked, state: { kind: isLive ? 'loading' : 'whole', note } };
    if (isLive) readDetail(arn);
  }
  draw(functionPage(arn, detail.detail, detail.state));
}

function readDetail(arn: string): void {
  askAbout(arn)
    .then((found) => {
      detail = { arn, detail: found, state: { kind: 'whole', note: '' } };
    })
    .catch((error: unknown) => {
      if (detail?.arn !== arn) return;
      const why = error instanceof Error ? error.message : String(error);
      detail = { ...detail, state: { kind: 'failed', note: `Its whole history could not be read: ${why}` } };
    })
    .finally(() => {
      if (route.view === 'function' && route.arn === arn) show();
    });
}

/** Goes where the address says, and tells where that is: by the title, the focus, and the marked view. */
function follow(): void {
  const former = route;
  const hash = location.hash;
  route = parseRoute(hash);
  cameFromList = route.view === 'function' && (former.view === 'functions' || cameFromList);
  if (route.view === 'functions') {
    refreshFunctions();
    if (former.view !== 'functions' || formatRoute(former) !== formatRoute(route))
      functionsView.setFilter(route.filter);
    if (search instanceof HTMLInputElement && search.value !== route.filter.text) search.value = route.filter.text;
  } else if (search instanceof HTMLInputElement) search.value = '';
  if (route.view !== 'function') detail = undefined;
  mark();
  show();
  if (route.view === 'functions') functionsView.shown();
  else scrollTo(0, 0);
  const isSearching = document.activeElement === search;
  if (!isSearching && formatRoute(former) !== formatRoute(route)) {
    if (route.view === 'functions' && former.view === 'function') functionsView.focusTable();
    else main.querySelector('h1')?.focus();
  }
}

function mark(): void {
  const titles = { overview: 'Overview', functions: 'Functions', activity: 'Activity', function: '' };
  const title = route.view === 'function' ? nameOf(route.arn) : titles[route.view];
  document.title = `${title} · Layerward`;
  for (const link of document.querySelectorAll('nav a')) {
    const isHere = link.getAttribute('data-view') === (route.view === 'function' ? 'functions' : route.view);
    if (isHere) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function setReport(next: Report): void {
  shown = next;
  areFunctionsStale = true;
  // What is looked at comes first.
  if (route.view === 'functions') refreshFunctions();
  else setTimeout(refreshFunctions, 50);
}

let areFunctionsStale = false;
function refreshFunctions(): void {
  if (shown && areFunctionsStale) functionsView.setReport(shown);
  areFunctionsStale = false;
}

let queued: LiveChange[] = [];
/** Many changes in one frame are drawn once. */
function receive(changes: readonly LiveChange[]): void {
  if (queued.length === 0) requestAnimationFrame(applyQueued);
  queued.push(...changes);
}

function applyQueued(): void {
  if (!shown) {
    queued = [];
    return;
  }
  const known = new Set(shown.timeline.slice(0, 1_000).map(outcomeKey));
  // Whoever begins to listen is told of the last minute again.
  const changes = queued.filter(({ outcome }) => !known.has(outcomeKey(outcome)));
  queued = [];
  if (changes.length === 0) return;
  setReport(withChanges(shown, changes, new Date()));
  const latest = changes.at(-1);
  if (latest) announce(latest, changes.length);
  if (route.view === 'function') {
    const { arn } = route;
    const own = changes.filter(({ outcome }) => outcome.functionArn === arn);
    if (own.length > 0) readDetail(arn);
  }
  show();
}

function announce({ outcome }: LiveChange, count: number): void {
  const { functionArn, cause } = outcome;
  const who = cause.actor ? `, after what ${cause.actor.name} did` : '';
  const more = count > 1 ? `, and ${count - 1} more` : '';
  announcer.textContent = `${nameOf(functionArn)}: ${outcomeHeadline(outcome)}${who}${more}`;
}

function showState({
  state,
  message,
}: LiveState | { readonly state: 'lost' | 'ended'; readonly message: string }): void {
  const words = { reading: 'Reading', live: 'Live', trouble: 'Trouble', lost: 'Reconnecting', ended: 'Ended' };
  connection.className = `connection is-${state}`;
  morph(connection, [h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', {}, words[state])]);
  const isBad = state === 'trouble' || state === 'ended' || state === 'lost';
  troubleBar.hidden = !isBad;
  if (isBad && troubleBar.textContent !== message) troubleBar.textContent = message;
  if (!shown)
    morph(main, [
      h(
        'p',
        { class: 'loading' },
        state === 'reading' && message !== '' ? `${message} …` : isBad ? message : 'Reading the records …',
      ),
    ]);
}

search.addEventListener('input', () => {
  if (!(search instanceof HTMLInputElement)) return;
  const filter = { ...(route.view === 'functions' ? route.filter : noFilter), text: search.value };
  if (route.view !== 'functions') {
    history.pushState(null, '', formatRoute({ view: 'functions', filter }));
    route = { view: 'functions', filter };
    mark();
    show();
    functionsView.shown();
  }
  functionsView.setFilter(filter);
  keepAddress(filter);
});

document.addEventListener('click', (event) => {
  const action =
    event.target instanceof Element ? event.target.closest('[data-action]')?.getAttribute('data-action') : undefined;
  if (!action) return;
  if (action === 'help') openHelp(byId('help'));
  if (action === 'theme') switchTheme();
  if (action === 'skip') {
    event.preventDefault();
    (main.querySelector('h1') ?? main).focus();
  }
  if (action === 'back' && cameFromList) {
    event.preventDefault();
    history.back();
  }
  if (action === 'activity-more') activity = { ...activity, shown: activity.shown + activityPage };
  const kind = action.slice('activity-'.length);
  if (action.startsWith('activity-') && isActivityKind(kind)) activity = { kind, shown: activityPage };
  if (action.startsWith('activity-')) show();
});

function switchTheme(): void {
  const root = document.documentElement;
  const isDark = root.dataset['theme']
    ? root.dataset['theme'] === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset['theme'] = isDark ? 'light' : 'dark';
  writeSetting('layerward-theme', root.dataset['theme']);
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target;
  if (document.querySelector('dialog[open]')) return;
  if (target === search && search instanceof HTMLInputElement) {
    if (event.key === 'Escape') {
      event.preventDefault();
      if (search.value === '') search.blur();
      else {
        search.value = '';
        search.dispatchEvent(new Event('input'));
      }
    }
    if ((event.key === 'ArrowDown' || event.key === 'Enter') && route.view === 'functions') {
      event.preventDefault();
      functionsView.focusTable();
    }
    return;
  }
  if (target instanceof HTMLSelectElement || target instanceof HTMLInputElement) return;
  if (event.key === 'Escape' && route.view === 'function') {
    if (cameFromList) history.back();
    else go({ view: 'functions', filter: noFilter });
  } else if (event.key === 'Escape' && route.view !== 'overview') go({ view: 'overview' });
  if (!hasShortcuts()) return;
  if (event.key === '/') {
    event.preventDefault();
    search.focus();
    if (search instanceof HTMLInputElement) search.select();
  }
  if (event.key === '?') openHelp(byId('help'));
});

addEventListener('hashchange', follow);
mark();
if (isLive) {
  showState({ state: 'reading', message: '' });
  listen({
    report: (next) => {
      const isFirst = shown === undefined;
      setReport(next);
      if (isFirst) {
        if (route.view === 'functions') functionsView.setFilter(route.filter);
        follow();
      } else show();
    },
    changes: receive,
    coverage: (coverage) => {
      if (shown) setReport({ ...shown, ...coverage });
      show();
    },
    state: showState,
  });
  // Ages grow.
  setInterval(() => {
    if (!document.hidden && route.view !== 'functions') show();
  }, 30_000);
} else {
  const embedded = report.parse(JSON.parse(byId('report').textContent ?? ''));
  setReport(embedded);
  connection.className = 'connection is-file';
  connection.textContent = `As of ${formatTime(embedded.generatedAt)}`;
  if (route.view === 'functions') functionsView.setFilter(route.filter);
  follow();
}
