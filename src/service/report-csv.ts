import { whoText } from '../domain/alert-text.ts';
import type { Report, ReportedFunction } from './report-schema.ts';

const columns: readonly (readonly [string, (one: ReportedFunction) => string])[] = [
  ['arn', ({ arn }) => arn],
  ['name', ({ name }) => name],
  ['account', ({ account }) => account],
  ['region', ({ region }) => region],
  ['runtime', ({ runtime }) => runtime ?? ''],
  ['architecture', ({ architecture }) => architecture],
  ['status', ({ status }) => status],
  ['reason', ({ reason }) => reason],
  ['detail', ({ detail }) => detail],
  ['needs person', ({ needsPerson }) => (needsPerson ? 'yes' : 'no')],
  ['next step', ({ next }) => next],
  ['since', ({ since }) => since],
  ['who', ({ cause }) => (cause.actor ? whoText(cause.actor) : '')],
  ['event', ({ cause }) => cause.eventName],
  ['event time', ({ cause }) => cause.eventTime],
  ['drift', ({ drift }) => drift.map(({ code, path }) => `${code} at ${path}`).join('; ')],
  ['repairs', ({ repairCount }) => String(repairCount)],
  ['agent', ({ agent }) => agent ?? ''],
  ['variant', ({ variant }) => variant ?? ''],
  ['group', ({ group }) => group ?? ''],
];

/** The functions of a report as CSV (RFC 4180), a line each, with a heading. */
export function reportToCsv({ functions }: Pick<Report, 'functions'>): string {
  const lines = [columns.map(([title]) => title), ...functions.map((one) => columns.map(([, value]) => value(one)))];
  return lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

/**
 * A cell. Spreadsheets take what begins with one of these characters for a formula and run it, and names, tags and user
 * agents are whatever somebody made them; an apostrophe in front makes it text.
 */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
