import * as z from 'zod';
import { parseFunctionArn } from '../domain/function-arn.ts';
import { type FunctionRecord, type Outcome, recordStatuses } from '../domain/record.ts';
import { driftSchema } from '../service/plan-file.ts';
import { causeSchema } from './cause-schema.ts';
import { type Cell, meaningOf, paint, paragraph, safe, table } from './printing.ts';

const text = z.string();
const status = z.enum(recordStatuses);
const action = z
  .enum(['sent', 'reported', 'attached', 'repaired', 'updated', 'released', 'none'])
  .describe('What was done: docs/decisions.md.');

const cause = causeSchema.describe('What led to it.');

const state = { status, reason: text, detail: text.describe('AWS’s words, or ours.'), action };

/** What `layerward history --json` prints. */
export const historyReport = z.strictObject({
  functionArn: text,
  now: z
    .strictObject({ ...state, since: text, repairCount: z.int().describe('How often it was put right in all.') })
    .exactOptional()
    .describe('What the record says; left out where there is none any more.'),
  history: z
    .array(
      z.strictObject({
        at: text.describe('ISO 8601.'),
        ...state,
        drift: z.array(z.strictObject(driftSchema.shape)).describe('What differed.'),
        cause,
        durationMs: z.number().describe('From the event to this.'),
        agent: text.exactOptional(),
        variant: text.exactOptional(),
        group: text.exactOptional(),
        previous: z.strictObject({ status, reason: text }).exactOptional().describe('What it was before.'),
      }),
    )
    .describe('Newest first.'),
  hasMore: z.boolean().describe('Whether there is more than --limit.'),
});

/** What `layerward history --json` prints. */
export type HistoryReport = z.output<typeof historyReport>;

/** A history for machines: the newest changes of those that were read. */
export function toHistoryReport(
  functionArn: string,
  record: FunctionRecord | undefined,
  read: readonly Outcome[],
  limit: number,
): HistoryReport {
  const newestFirst = [...read].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  return {
    functionArn,
    ...(record
      ? {
          now: {
            status: record.status,
            reason: record.reason,
            detail: record.detail,
            action: record.action,
            since: record.since,
            repairCount: record.repairCount,
          },
        }
      : {}),
    history: newestFirst.slice(0, limit).map(({ functionArn: _, cause: led, drift, ...outcome }) => ({
      ...outcome,
      drift: [...drift],
      cause: {
        eventName: led.eventName,
        eventTime: led.eventTime,
        eventId: led.eventId,
        ...(led.actor ? { actor: { ...led.actor } } : {}),
      },
    })),
    hasMore: newestFirst.length > limit,
  };
}

/** A history for people. */
export function renderHistory(report: HistoryReport): string {
  return [headline(report), historyTable(report), ending(report)].filter((part) => part !== '').join('\n\n');
}

function headline({ functionArn, now }: HistoryReport): string {
  const arn = parseFunctionArn(functionArn);
  const where = arn ? `${arn.functionName} in account ${arn.accountId}, ${arn.region}` : safe(functionArn);
  if (!now) return `${where}: nothing on record now.`;
  const { status: is, reason, since, detail, repairCount } = now;
  const code = paint(meaningOf(is), `${is}${reason === '' ? '' : `: ${safe(reason)}`}`);
  const repairs = repairCount === 0 ? '' : `, put right ${repairCount === 1 ? 'once' : `${repairCount} times`} in all`;
  return [
    paragraph(`${where}: ${code} since ${shortTime(since)}${repairs}.`),
    ...(detail === '' ? [] : [paragraph(safe(detail), { meaning: 'faint' })]),
  ].join('\n');
}

function historyTable({ history }: HistoryReport): string {
  const rows = history.map(({ at, status: was, reason, action: done, drift, cause: led, durationMs }): Cell[] => [
    cellTime(at),
    { text: was, meaning: meaningOf(was) },
    doneText(done),
    isFix(done) ? durationText(durationMs) : '',
    whyText(reason, drift),
    led.actor?.name ?? '',
    led.eventName,
  ]);
  return table(
    [
      { title: 'WHEN (UTC)' },
      { title: 'STATUS' },
      { title: 'DONE' },
      { title: 'AFTER', align: 'right' },
      { title: 'WHY' },
      { title: 'WHO', mayBreak: true },
      { title: 'BY' },
    ],
    rows,
  );
}

function ending({ hasMore, history }: HistoryReport): string {
  return hasMore ? paint('faint', `… and more: --limit ${history.length * 5} tells further back.`) : '';
}

/** The reason, or what differed, and how much more did. */
function whyText(reason: string, drift: HistoryReport['history'][number]['drift']): string {
  const [first] = drift;
  const more = drift.length > 1 ? ` +${drift.length - 1}` : '';
  if (reason === '') return first ? `${first.code}${more}` : '';
  return first?.code === reason ? `${reason}${more}` : reason;
}

/** What was done; nothing for nothing. */
export function doneText(done: string): string {
  return done === 'none' ? '' : done;
}

/** Whether this is AWS's word that an update took effect, so that the time until then means something. */
function isFix(done: HistoryReport['history'][number]['action']): boolean {
  return done !== 'sent' && done !== 'reported' && done !== 'none';
}

/** `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function durationText(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  for (const [unit, length, limit] of [
    ['s', 1000, 120],
    ['min', 60_000, 120],
    ['h', 3_600_000, 48],
  ] as const)
    if (ms < limit * length) return `${Math.round(ms / length)} ${unit}`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** `2026-11-23 12:00:00`, for a column that says that it is UTC. */
export function cellTime(time: string): string {
  return shortTime(time).replace(/Z$/, '');
}

/** `2026-11-23 12:00:00Z`, from ISO 8601; anything else as it is. */
export function shortTime(time: string): string {
  return safe(time)
    .replace(/\.\d+Z$/, 'Z')
    .replace('T', ' ');
}
