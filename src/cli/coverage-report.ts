import * as z from 'zod';
import type { Coverage } from '../domain/ports.ts';
import { coverageFound } from '../service/report.ts';
import { percent, shareOf } from '../service/report-summary.ts';
import { shortTime } from './history-report.ts';
import { type Cell, type Column, type Meaning, paint, paragraph, safe, table, width } from './printing.ts';

const text = z.string();
const count = z.int().nonnegative();

const covered = {
  functions: count.describe('Functions that opted in; those left out that the policy leaves out.'),
  protected: count.describe('How many of them are protected.'),
  percent: z
    .number()
    .exactOptional()
    .describe('The same in percent, to the tenth, and never 100 where one is missing; left out where none opted in.'),
  counts: z.record(text, count).describe('By status and reason, as the sweep found them: "blocked: layer-limit".'),
  repaired: count.describe('How many the sweep put right itself.'),
};

/** What `layerward coverage --json` prints. */
export const coverageReport = z.strictObject({
  since: text.describe('From when on, ISO 8601.'),
  by: z.enum(['place', 'account', 'region']),
  last: z
    .strictObject({
      sweepId: text,
      at: text.describe('When it looked last, ISO 8601.'),
      functions: covered.functions,
      protected: covered.protected,
      percent: covered.percent,
      parts: z
        .array(
          z.strictObject({
            account: text.exactOptional().describe('Left out where it is told by region.'),
            region: text.exactOptional().describe('Left out where it is told by account.'),
            ...covered,
          }),
        )
        .describe('By account and region, or as --by says it.'),
      problems: z
        .array(z.strictObject({ what: text, problem: text }))
        .describe('What it could not look at, and what to do.'),
    })
    .exactOptional()
    .describe('The last sweep; left out where there was none.'),
  sweeps: z
    .array(
      z.strictObject({
        sweepId: text,
        at: text,
        ...covered,
        places: count.describe('How many pairs of account and region it looked at.'),
        problems: count.describe('How many it could not look at.'),
      }),
    )
    .describe('Oldest first.'),
});

/** What `layerward coverage --json` prints. */
export type CoverageReport = z.output<typeof coverageReport>;

type Sweep = CoverageReport['sweeps'][number];
type Part = NonNullable<CoverageReport['last']>['parts'][number];

/** What sweeps found, for machines. */
export function toCoverageReport(found: readonly Coverage[], since: Date, by: CoverageReport['by']): CoverageReport {
  const sweeps = coverageFound(found).coverage.map(
    ({ sweepId, at, functions, protected: safely, ...rest }): Sweep => ({
      sweepId,
      at,
      functions,
      protected: safely,
      ...percentOf({ functions, protected: safely }),
      ...rest,
    }),
  );
  const last = sweeps.at(-1);
  if (!last) return { since: since.toISOString(), by, sweeps };
  const ofLast = found.filter(({ sweepId }) => sweepId === last.sweepId);
  return {
    since: since.toISOString(),
    by,
    last: {
      sweepId: last.sweepId,
      at: last.at,
      functions: last.functions,
      protected: last.protected,
      ...percentOf(last),
      parts: partsOf(ofLast, by),
      problems: coverageFound(ofLast).problems.map(({ what, problem }) => ({ what, problem })),
    },
    sweeps,
  };
}

function partsOf(found: readonly Coverage[], by: CoverageReport['by']): Part[] {
  const byKey = new Map<string, { readonly where: Pick<Part, 'account' | 'region'>; readonly found: Coverage[] }>();
  for (const one of found) {
    if (one.problem !== undefined) continue;
    const { accountId = '', region = '' } = one;
    const where = {
      ...(by === 'region' ? {} : { account: accountId }),
      ...(by === 'account' ? {} : { region }),
    };
    const key = `${where.account} ${where.region}`;
    const part = byKey.get(key) ?? { where, found: [] };
    byKey.set(key, part);
    part.found.push(one);
  }
  return [...byKey.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, part]) =>
      coverageFound(part.found).coverage.map(({ functions, protected: safely, counts, repaired }) => ({
        ...part.where,
        functions,
        protected: safely,
        ...percentOf({ functions, protected: safely }),
        counts,
        repaired,
      })),
    );
}

function percentOf(one: { readonly functions: number; readonly protected: number }): { percent?: number } {
  return one.functions === 0 ? {} : { percent: Number.parseFloat(percent(shareOf(one))) };
}

/** As many of the latest sweeps have a line each. */
const sweepsTold = 8;
const barLength = 12;

/** What sweeps found, for people. */
export function renderCoverage(report: CoverageReport): string {
  const { last, since } = report;
  if (!last)
    return paragraph(
      `No sweep has looked since ${shortTime(since)}: see further back with --since, or start one (docs/operations.md, “Sweeps”).`,
    );
  return [
    paragraph(`${shareText(last)}, said the sweep of ${shortTime(last.at)}.${unfinishedText(report)}`),
    partTable(report.by, last.parts),
    problemText(last.problems),
    timeText(report),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function shareText({ functions, protected: safely }: Pick<Sweep, 'functions' | 'protected'>): string {
  if (functions === 0) return 'No function has opted in';
  const share = paint(meaningOfShare({ functions, protected: safely }), `${safely} of ${functions}`);
  return `${share} functions that opted in ${safely === 1 ? 'is' : 'are'} protected, ${percent(shareOf({ functions, protected: safely }))}`;
}

/** Nothing tells whether a sweep has ended; one that has looked at less than the one before may be at work. */
function unfinishedText({ sweeps }: CoverageReport): string {
  const [former, last] = sweeps.slice(-2);
  if (!former || !last || last.places + last.problems >= former.places + former.problems) return '';
  return ` It has looked at ${places(last.places)}, and the one before at ${former.places}: it may be still at work.`;
}

function partTable(by: CoverageReport['by'], parts: readonly Part[]): string {
  const columns: Column[] = [
    ...(by === 'region' ? [] : [{ title: 'ACCOUNT' }]),
    ...(by === 'account' ? [] : [{ title: 'REGION' }]),
    { title: 'OPTED IN', align: 'right' },
    { title: 'PROTECTED', align: 'right' },
    { title: '', align: 'right' },
    { title: '' },
    { title: 'OTHERS', isProse: true, mayBreak: true },
  ];
  const rows = parts.map((part): Cell[] => [
    ...(part.account === undefined ? [] : [part.account]),
    ...(part.region === undefined ? [] : [part.region]),
    String(part.functions),
    String(part.protected),
    part.functions === 0 ? '' : percent(shareOf(part)),
    part.functions === 0 ? '' : { text: bar(shareOf(part)), meaning: meaningOfShare(part) },
    othersText(part.counts),
  ]);
  return table(columns, rows);
}

/** What those are that are not protected: `2 blocked: layer-limit, 1 drifted: layer-missing`. */
function othersText(counts: Part['counts']): string {
  return Object.entries(counts)
    .filter(([label]) => label !== 'protected' && !label.startsWith('out-of-scope'))
    .sort(([, a], [, b]) => b - a)
    .map(([label, number]) => `${number} ${label}`)
    .join(', ');
}

function problemText(problems: NonNullable<CoverageReport['last']>['problems']): string {
  if (problems.length === 0) return '';
  return [
    paint('strong', 'Could not be looked at'),
    ...problems.map(({ what, problem }) => paragraph(safe(`${what}: ${problem}`), { indent: '  ', hanging: '    ' })),
  ].join('\n');
}

function timeText({ sweeps, since }: CoverageReport): string {
  const told = sweeps.slice(-sweepsTold).reverse();
  const rows = told.map((sweep): Cell[] => [
    shortTime(sweep.at),
    `${sweep.protected} of ${sweep.functions}`,
    sweep.functions === 0 ? '' : percent(shareOf(sweep)),
    sweep.functions === 0 ? '' : { text: bar(shareOf(sweep)), meaning: meaningOfShare(sweep) },
    [
      ...(sweep.repaired > 0 ? [`${sweep.repaired} put right`] : []),
      ...(sweep.problems > 0 ? [`${sweep.problems} not looked at`] : []),
    ].join(', '),
  ]);
  const columns: Column[] = [
    { title: 'SWEEP' },
    { title: 'PROTECTED', align: 'right' },
    { title: '', align: 'right' },
    { title: '' },
    { title: 'REMARKS', isProse: true },
  ];
  const more = sweeps.length - told.length;
  return [
    `${paint('strong', 'Over time')}, since ${shortTime(since)}: ${sweeps.length === 1 ? '1 sweep' : `${sweeps.length} sweeps`}`,
    ...(more > 0 ? [sparkText(sweeps)] : []),
    table(columns, rows),
    ...(more > 0 ? [paint('faint', `… and ${more} before: --json tells of all.`)] : []),
  ].join('\n');
}

/** `█████████░░░` */
function bar(share: number): string {
  // Full only where nothing is missing, and empty only where nothing is there.
  const filled =
    share === 0 || share === 1 ? share * barLength : within(1, Math.round(share * barLength), barLength - 1);
  return `${'█'.repeat(filled)}${'░'.repeat(barLength - filled)}`;
}

function within(least: number, number: number, most: number): number {
  return Math.min(most, Math.max(least, number));
}

const sparks = [...'▁▂▃▄▅▆▇█'];

/** The shares of all sweeps in a line, between the lowest and the highest of them. */
function sparkText(sweeps: readonly Sweep[]): string {
  const shares = sweeps.filter(({ functions }) => functions > 0).map(shareOf);
  if (shares.length === 0) return '';
  const room = Math.min(shares.length, width() - 30);
  // Of those that share a character the lowest counts, so that no gap is hidden.
  const shown = Array.from({ length: room }, (_, index) =>
    Math.min(
      ...shares.slice(Math.floor((index * shares.length) / room), Math.floor(((index + 1) * shares.length) / room)),
    ),
  );
  const [lowest, highest] = [Math.min(...shown), Math.max(...shown)];
  const scale = highest === lowest ? 0 : (sparks.length - 1) / (highest - lowest);
  const line = shown.map((share) => sparks[Math.round((share - lowest) * scale)] ?? '').join('');
  return highest === lowest
    ? `${line}  ${percent(highest)} all the time`
    : `${line}  from ${percent(lowest)} to ${percent(highest)}`;
}

function meaningOfShare(one: Pick<Sweep, 'functions' | 'protected'>): Meaning {
  return shareOf(one) === 1 ? 'good' : 'attention';
}

function places(number: number): string {
  return number === 1 ? '1 place' : `${number} places`;
}
