import type { ReportedFunction } from '../../service/report-schema.ts';
import { partOf } from '../../service/report-summary.ts';

/*
 * Which functions are shown. All of it is done for ten thousand functions within a frame: texts are made once, and a
 * filter goes over them once.
 */

/** What functions have to be to be shown. */
export interface Filter {
  /** Words, all of which have to be somewhere in a function. */
  readonly text: string;
  /** Any of these; all of them if empty. */
  readonly statuses: readonly string[];
  readonly account?: string;
  readonly region?: string;
  readonly runtime?: string;
  readonly group?: string;
  readonly reason?: string;
}

/** Shows everything. */
export const noFilter: Filter = { text: '', statuses: [] };

/** Whether it leaves anything out. */
export function isFiltering(filter: Filter): boolean {
  const { text, statuses, account, region, runtime, group, reason } = filter;
  return (
    text.trim() !== '' ||
    statuses.length > 0 ||
    [account, region, runtime, group, reason].some((value) => value !== undefined)
  );
}

/** A function, and the text in which words are looked for. */
export interface Searchable {
  readonly one: ReportedFunction;
  readonly text: string;
}

/** What to look through: in lower case, one line for each function. */
export function searchableOf(one: ReportedFunction): Searchable {
  const { name, account, region, runtime, group, variant, status, reason, detail, cause, drift } = one;
  const parts = [name, account, region, runtime, group, variant, status, reason, detail, cause.actor?.name];
  return { one, text: [...parts, cause.eventName, ...drift.map(({ code }) => code)].join('\n').toLowerCase() };
}

/** What was found. */
export interface Found {
  /** In the order that they were given in. */
  readonly functions: readonly ReportedFunction[];
  /** How many there would be of each status, whichever statuses are asked for. */
  readonly byStatus: ReadonlyMap<string, number>;
}

const dimensions = ['account', 'region', 'runtime', 'group'] as const;

/** The functions that fit a filter. */
export function find(all: readonly Searchable[], filter: Filter): Found {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const wanted = dimensions.flatMap((dimension) => {
    const value = filter[dimension];
    return value === undefined ? [] : [{ dimension, value }];
  });
  const statuses = new Set(filter.statuses);
  const functions: ReportedFunction[] = [];
  const byStatus = new Map<string, number>();
  for (const { one, text } of all) {
    if (filter.reason !== undefined && one.reason !== filter.reason) continue;
    if (!wanted.every(({ dimension, value }) => partOf(one, dimension) === value)) continue;
    if (!words.every((word) => text.includes(word))) continue;
    byStatus.set(one.status, (byStatus.get(one.status) ?? 0) + 1);
    if (statuses.size === 0 || statuses.has(one.status)) functions.push(one);
  }
  return { functions, byStatus };
}

/** A column that the functions can be put in order by. */
export type SortKey = 'name' | 'account' | 'region' | 'runtime' | 'group' | 'since';

/** An order: by a column, or those that need somebody first. */
export type Order = { readonly by: SortKey; readonly isDescending: boolean } | undefined;

/** Puts functions in order; where the column says the same, they stay as they were. */
export function inOrder(all: readonly Searchable[], order: Order): readonly Searchable[] {
  if (!order) return all;
  const { by, isDescending } = order;
  const sign = isDescending ? -1 : 1;
  return all
    .map((searchable) => ({ searchable, key: String(searchable.one[by] ?? '') }))
    .sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0))
    .map(({ searchable }) => searchable);
}
