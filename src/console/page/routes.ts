import { type Filter, noFilter } from './filter.ts';

/*
 * Where in the page one is, as it stands in the address after `#`, so that every view can be kept and sent to others.
 */

/** A view of the page. */
export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'functions'; readonly filter: Filter }
  | { readonly view: 'function'; readonly arn: string }
  | { readonly view: 'activity' };

const filterKeys = ['account', 'region', 'runtime', 'group', 'reason'] as const;

/** Reads the part of an address after `#`; whatever it does not know is the overview. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = split(hash.replace(/^#/, ''));
  if (path === '/functions') return { view: 'functions', filter: parseFilter(query) };
  if (path === '/activity') return { view: 'activity' };
  if (path.startsWith('/function/')) {
    const arn = decode(path.slice('/function/'.length));
    if (arn !== '') return { view: 'function', arn };
  }
  return { view: 'overview' };
}

function split(text: string): [string, string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // An address that somebody cut in the middle of a character.
    return text;
  }
}

function parseFilter(query: string): Filter {
  const given = new URLSearchParams(query);
  const statuses = (given.get('status') ?? '').split(',').filter((one) => one !== '');
  const parts = filterKeys.flatMap((key) => {
    const value = given.get(key);
    return value === null ? [] : [[key, value] as const];
  });
  return { ...noFilter, text: given.get('q') ?? '', statuses, ...Object.fromEntries(parts) };
}

/** Writes a view as the part of an address after and with `#`. */
export function formatRoute(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '#/';
    case 'activity':
      return '#/activity';
    case 'function':
      return `#/function/${encodeURIComponent(route.arn).replaceAll('%3A', ':')}`;
    case 'functions':
      return `#/functions${formatFilter(route.filter)}`;
  }
}

function formatFilter(filter: Filter): string {
  const query = new URLSearchParams();
  if (filter.text !== '') query.set('q', filter.text);
  if (filter.statuses.length > 0) query.set('status', filter.statuses.join(','));
  for (const key of filterKeys) {
    const value = filter[key];
    if (value !== undefined) query.set(key, value);
  }
  const text = query.toString().replaceAll('%2C', ',');
  return text === '' ? '' : `?${text}`;
}

/** The address of the functions that fit. */
export function functionsLink(filter: Partial<Filter>): string {
  return formatRoute({ view: 'functions', filter: { ...noFilter, ...filter } });
}

/** The address of a function's page. */
export function functionLink(arn: string): string {
  return formatRoute({ view: 'function', arn });
}
