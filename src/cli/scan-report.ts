import * as z from 'zod';
import { adviceFor } from '../domain/advice.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import { policyWords } from './plan-policy.ts';
import { type Cell, type Column, meaningOf, paint, paragraph, safe, table } from './printing.ts';

/** What a function is, as a scan sees it. */
export const standings = [
  'contested',
  'blocked',
  'drifted',
  'release',
  'waiting',
  'unsupported',
  'protected',
  'out-of-scope',
] as const;

/** One of {@link standings}, the most urgent first. */
export type Standing = (typeof standings)[number];

const place = z.strictObject({ accountId: z.string(), region: z.string() });
const standing = { status: z.enum(standings), reason: z.string().describe('Empty where it is protected.') };

/** An account, a region of it, or a function, that could not be looked at. */
export const problemSchema = z.strictObject({
  accountId: z.string(),
  region: z.string().exactOptional().describe('Left out where no region of the account could be looked at.'),
  functionArn: z.string().exactOptional().describe('Where it is about one function.'),
  problem: z.string().describe('Why, and what to do.'),
});

/** What `layerward scan --json` prints. */
export const scanReport = z.strictObject({
  at: z.iso.datetime().describe('When it began.'),
  policy: z.string().describe('The policy file that it went by.'),
  hasRecords: z.boolean().describe('Whether the records of a deployed Layerward were asked.'),
  optIn: z.strictObject({ tag: z.string(), value: z.string() }).describe('The tag by which functions opt in.'),
  places: z.array(place).describe('The accounts and regions that were scanned.'),
  optedIn: z.int().describe('Functions that have the opt-in tag, those left out that the policy leaves out.'),
  protected: z.int().describe('How many of them are protected.'),
  percent: z.int().exactOptional().describe('The same in percent, rounded down; left out where none opted in.'),
  counts: z
    .array(z.strictObject({ ...standing, count: z.int(), advice: z.string() }))
    .describe('Functions by status and reason, the most urgent first.'),
  attention: z
    .array(z.strictObject({ functionArn: z.string(), ...standing, detail: z.string() }))
    .describe('Functions that need a person, or differ; the most urgent first, at most --limit of them.'),
  attentionTotal: z.int().describe('How many there are of them in all.'),
  problems: z.array(problemSchema).describe('What could not be scanned.'),
});

/** What `layerward scan --json` prints. */
export type ScanReport = z.output<typeof scanReport>;

/** What to do about functions of a status and reason. */
export function standingAdvice(status: Standing, reason: string): string {
  switch (status) {
    case 'protected':
      return 'Nothing has to be done.';
    case 'drifted':
    case 'release':
      return 'layerward plan shows what would be changed; layerward apply changes it.';
    case 'waiting':
      return 'AWS is still at work on it: look again in a moment.';
    case 'out-of-scope':
      return 'Nothing has to be done; the policy leaves it out.';
    case 'contested':
    case 'blocked':
    case 'unsupported':
      return adviceFor({ status, reason, action: 'none' });
  }
}

/** A scan for people. */
export function renderScan(report: ScanReport): string {
  return [headline(report), countsTable(report), attentionTable(report), problemLines(report.problems)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(report: ScanReport): string {
  const { optedIn, percent, optIn, places } = report;
  if (places.length === 0) return 'Nothing could be looked at.';
  const where = placesText(places);
  const by = paint(
    'faint',
    `By ${policyWords(report.policy)}${report.hasRecords ? '' : '; nothing is deployed here, so no records were asked'}.`,
  );
  if (percent === undefined)
    return [
      `No function ${where} has opted in.`,
      `To protect one: aws lambda tag-resource --resource FUNCTION_ARN --tags '${safe(JSON.stringify({ [optIn.tag]: optIn.value }))}'`,
      by,
    ].join('\n');
  const meaning = report.protected === optedIn ? 'good' : 'attention';
  const share = paint(meaning, `${report.protected} of ${optedIn}`);
  const verb = report.protected === 1 ? 'is' : 'are';
  return `${paragraph(`${share} opted-in functions ${verb} protected, ${percent}%, ${where}.`)}\n${by}`;
}

/** Where something was looked for: `in account 111122223333, us-east-1`. */
export function placesText(places: ScanReport['places']): string {
  const accounts = new Set(places.map(({ accountId }) => accountId));
  const regions = new Set(places.map(({ region }) => region));
  const [account = ''] = accounts;
  const [region = ''] = regions;
  return `in ${accounts.size === 1 ? `account ${account}` : `${accounts.size} accounts`}, ${regions.size === 1 ? region : `${regions.size} regions`}`;
}

function countsTable({ counts }: ScanReport): string {
  const columns: Column[] = [
    { title: 'STATUS' },
    { title: 'REASON' },
    { title: 'FUNCTIONS', align: 'right' },
    { title: 'WHAT TO DO', isProse: true },
  ];
  const rows = counts.map(({ status, reason, count, advice }): Cell[] => [
    { text: status, meaning: meaningOf(status) },
    reason,
    String(count),
    advice,
  ]);
  return table(columns, rows);
}

function attentionTable({ attention, attentionTotal, places }: ScanReport): string {
  if (attentionTotal === 0) return '';
  const isOnePlace = places.length <= 1;
  const rows = attention.map(({ functionArn, status, reason, detail }): Cell[] => {
    const arn = parseFunctionArn(functionArn);
    return [
      { text: status, meaning: meaningOf(status) },
      reason,
      arn?.functionName ?? functionArn,
      ...(isOnePlace ? [] : [arn ? `${arn.accountId} ${arn.region}` : '']),
      detail,
    ];
  });
  const columns: Column[] = [
    { title: 'STATUS' },
    { title: 'REASON' },
    { title: 'FUNCTION' },
    ...(isOnePlace ? [] : [{ title: 'WHERE', mayBreak: true } as const]),
    { title: 'DETAIL', isProse: true, mayBreak: true },
  ];
  const more = attentionTotal - attention.length;
  return [
    paint('strong', 'Functions that need somebody'),
    table(columns, rows),
    ...(more > 0 ? [paint('faint', `… and ${more} more: --limit ${attentionTotal} names them all.`)] : []),
    'layerward explain FUNCTION tells all about one.',
  ].join('\n');
}

/** As many regions are named; more are counted. */
const mostRegions = 4;

/** What could not be looked at, once for all regions in which the reason is the same. */
export function problemLines(problems: ScanReport['problems']): string {
  if (problems.length === 0) return '';
  const regionsOf = new Map<string, string[]>();
  for (const { region, problem } of problems)
    regionsOf.set(problem, [...(regionsOf.get(problem) ?? []), ...(region === undefined ? [] : [region])]);
  return [
    paint('strong', 'Could not be looked at'),
    ...[...regionsOf].map(([problem, regions]) => {
      const where = regions.length > mostRegions ? `${regions.length} regions` : regions.join(', ');
      return paragraph(safe(where === '' ? problem : `${problem} (${where})`), { indent: '  ', hanging: '    ' });
    }),
  ].join('\n');
}
