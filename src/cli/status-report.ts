import * as z from 'zod';
import { type RecordStatus, recordStatuses } from '../domain/record.ts';
import { type Cell, meaningOf, paint, paragraph, safe, table } from './printing.ts';

const text = z.string();
const count = z.int().nonnegative();

/** The statuses of records, the most urgent first. */
export const statusOrder = [
  'contested',
  'blocked',
  'drifted',
  'release',
  'unsupported',
  'protected',
  'released',
  'deleted',
] as const satisfies readonly RecordStatus[];

/** What `layerward status --json` prints. */
export const statusReport = z.strictObject({
  counts: z
    .record(z.enum(recordStatuses), count)
    .describe('How many functions have each status, in the accounts and regions that were asked for.'),
  statuses: z.array(z.enum(recordStatuses)).describe('The statuses whose functions are named.'),
  functions: z
    .array(
      z.strictObject({
        functionArn: text,
        name: text,
        account: text,
        region: text,
        status: z.enum(recordStatuses),
        reason: text.describe('Empty where it is protected or deleted.'),
        detail: text.describe('AWS’s words, or ours.'),
        action: z
          .enum(['sent', 'reported', 'attached', 'repaired', 'updated', 'released', 'none'])
          .describe('What was done: docs/decisions.md.'),
        since: text.describe('Since when the status is what it is, ISO 8601.'),
      }),
    )
    .describe('The functions that are named, the most urgent first; at most --limit of them.'),
  total: count.describe('How many there are of them in all.'),
});

/** What `layerward status --json` prints. */
export type StatusReport = z.output<typeof statusReport>;

type Named = StatusReport['functions'][number];

/**
 * The statuses for machines.
 * @param functions all that are counted
 * @param named those that are to be named
 */
export function toStatusReport(
  functions: readonly Named[],
  named: readonly Named[],
  statuses: readonly RecordStatus[],
  limit: number,
): StatusReport {
  const countOf = (status: RecordStatus) => functions.filter((one) => one.status === status).length;
  return {
    counts: {
      contested: countOf('contested'),
      blocked: countOf('blocked'),
      drifted: countOf('drifted'),
      release: countOf('release'),
      unsupported: countOf('unsupported'),
      protected: countOf('protected'),
      released: countOf('released'),
      deleted: countOf('deleted'),
    },
    statuses: [...statuses],
    functions: [...named]
      .sort(compareUrgency)
      .slice(0, limit)
      .map(({ functionArn, name, account, region, status, reason, detail, action, since }) => ({
        functionArn,
        name,
        account,
        region,
        status,
        reason,
        detail,
        action,
        since,
      })),
    total: named.length,
  };
}

function compareUrgency(a: Named, b: Named): number {
  return (
    statusOrder.indexOf(a.status) - statusOrder.indexOf(b.status) ||
    compare(a.reason, b.reason) ||
    compare(a.functionArn, b.functionArn)
  );
}

/** By code units: the same order everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What the person asked for, as far as the words depend on it. */
export interface StatusWords {
  readonly stack: string;
  readonly hasFilter: boolean;
}

/** The statuses for people. */
export function renderStatus(report: StatusReport, words: StatusWords): string {
  return [headline(report, words), functionTable(report, words)].filter((part) => part !== '').join('\n\n');
}

function headline({ counts }: StatusReport, { stack }: StatusWords): string {
  const present = statusOrder.filter((status) => counts[status] > 0);
  if (present.length === 0) return `The records of ${safe(stack)} know no such function: none has opted in yet.`;
  const optedIn = counts.protected + counts.contested + counts.blocked + counts.drifted + counts.unsupported;
  const others = present.flatMap((status) =>
    status === 'protected' ? [] : [`${paint(meaningOf(status), String(counts[status]))} ${status}`],
  );
  const share = paint(counts.protected === optedIn ? 'good' : 'attention', `${counts.protected} of ${optedIn}`);
  const sentence = `${share} functions that opted in ${counts.protected === 1 ? 'is' : 'are'} protected`;
  return paragraph(`${sentence}${others.length === 0 ? '' : `; ${others.join(', ')}`}.`);
}

function functionTable({ functions, total, statuses }: StatusReport, { hasFilter }: StatusWords): string {
  if (total === 0) return hasFilter ? `None is ${listed(statuses)}.` : 'None needs a person.';
  const rows = functions.map(({ name, account, region, status, reason, since }): Cell[] => [
    { text: status, meaning: meaningOf(status) },
    reason,
    name,
    account,
    region,
    since.slice(0, 16).replace('T', ' '),
  ]);
  const more = total - functions.length;
  return [
    table(
      [
        { title: 'STATUS' },
        { title: 'REASON' },
        { title: 'FUNCTION' },
        { title: 'ACCOUNT', mayBreak: true },
        { title: 'REGION' },
        { title: 'SINCE (UTC)' },
      ],
      rows,
    ),
    ...(more > 0 ? [paint('faint', `… and ${more} more: --limit ${total} names them all.`)] : []),
    paragraph('layerward explain FUNCTION tells all about one, layerward history FUNCTION what happened to it.', {
      meaning: 'faint',
    }),
  ].join('\n');
}

/** `blocked`, `blocked or drifted`, `contested, blocked or drifted`, with these filters. */
function listed(statuses: readonly string[]): string {
  if (statuses.length === statusOrder.length) return 'like that';
  const last = statuses.at(-1) ?? '';
  return statuses.length < 2 ? last : `${statuses.slice(0, -1).join(', ')} or ${last}`;
}
