import * as z from 'zod';
import { driftText, whoText } from '../domain/alert-text.ts';
import type { FunctionRecord, Outcome } from '../domain/record.ts';
import type { Explanation } from '../service/explain.ts';
import { driftSchema, purposes } from '../service/plan-file.ts';
import { causeSchema } from './cause-schema.ts';
import { cellTime, doneText, shortTime } from './history-report.ts';
import { policyWords } from './plan-policy.ts';
import { type Cell, meaningOf, paint, paragraph, safe, table } from './printing.ts';
import { updateLines, updateSchema } from './update-lines.ts';

const text = z.string();

/** What `layerward explain --json` prints. */
export const explainReport = z.strictObject({
  functionArn: text,
  policy: text.describe('The policy file that it went by.'),
  status: z.enum(['out-of-scope', 'unsupported', 'blocked', 'release', 'compliant', 'waiting', 'drifted', 'contested']),
  reason: text.describe('Empty where it is compliant.'),
  sentence: text.describe('The decision in a sentence.'),
  steps: z
    .array(
      z.strictObject({
        codes: z.array(text).describe('What the row of the decision table can answer with.'),
        question: text,
        answer: z.enum(['yes', 'no', 'not asked']).describe('The first yes decides.'),
        detail: text.exactOptional(),
      }),
    )
    .describe('The decision table from its top.'),
  drift: z.array(z.strictObject(driftSchema.shape)),
  update: z
    .strictObject({ ...updateSchema, purpose: z.enum(purposes), mode: z.enum(['enforce', 'audit']) })
    .exactOptional()
    .describe('What would be sent; left out where nothing would.'),
  advice: z.strictObject({ sentence: text, commands: z.array(text) }),
  record: z
    .strictObject({ status: text, reason: text, detail: text, action: text, since: text, cause: causeSchema })
    .exactOptional()
    .describe('What the record says; left out where there is none.'),
  history: z
    .array(z.strictObject({ at: text, status: text, reason: text, action: text, cause: causeSchema }))
    .describe('What happened lately, newest first.'),
});

/** What `layerward explain --json` prints. */
export type ExplainReport = z.output<typeof explainReport>;

/** What is known of a function from the records. */
export interface Recorded {
  readonly record: FunctionRecord | undefined;
  readonly history: readonly Outcome[];
}

/** An explanation for machines. */
export function toReport(explanation: Explanation, { record, history }: Recorded, policy: string): ExplainReport {
  const { functionArn, status, reason, sentence, steps, drift, update, advice } = explanation;
  return {
    functionArn,
    policy,
    status,
    reason,
    sentence,
    steps: steps.map((step) => ({ ...step, codes: [...step.codes] })),
    drift: [...drift],
    ...(update ? { update: { ...update, changes: [...update.changes] } } : {}),
    advice: { sentence: advice.sentence, commands: [...advice.commands] },
    ...(record ? { record: recordOf(record) } : {}),
    history: history.map(({ at, status: was, reason: why, action, cause: led }) => ({
      at,
      status: was,
      reason: why,
      action,
      cause: causeOf(led),
    })),
  };
}

function recordOf({ status, reason, detail, action, since, cause: led }: FunctionRecord) {
  return { status, reason, detail, action, since, cause: causeOf(led) };
}

function causeOf({ eventName, eventTime, eventId, actor }: Outcome['cause']) {
  return { eventName, eventTime, eventId, ...(actor ? { actor } : {}) };
}

const indent = '  ';

/** An explanation for people. */
export function renderExplanation(report: ExplainReport): string {
  const code = report.reason === '' ? report.status : `${report.status}: ${report.reason}`;
  const { update } = report;
  return [
    [
      paragraph(safe(report.sentence), { meaning: meaningOf(report.status) }),
      paint('faint', `${code} · ${safe(report.functionArn)}`),
      paint('faint', `By ${policyWords(report.policy)}.`),
    ].join('\n'),
    section('How that was decided', report.steps.map(stepLine)),
    section(
      'What differs',
      report.drift.map((drift) => `${indent}${safe(driftText(drift))}`),
    ),
    ...(update
      ? [
          section(
            updateTitle(update),
            updateLines(update).map((line) => `${indent}${line}`),
          ),
        ]
      : []),
    section('Who led to that', whoLines(report)),
    section('What happened lately', historyLines(report)),
    section('What to do', [
      paragraph(safe(report.advice.sentence), { indent }),
      ...report.advice.commands.map((command) => `${indent}${indent}${paint('strong', safe(command))}`),
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [paint('strong', title), ...lines].join('\n');
}

const answers = {
  yes: { sign: 'yes', meaning: 'strong' },
  no: { sign: 'no', meaning: 'faint' },
  'not asked': { sign: '–', meaning: 'faint' },
} as const;

function stepLine({ question, answer, detail }: ExplainReport['steps'][number]): string {
  const { sign, meaning } = answers[answer];
  const hanging = ' '.repeat(7);
  const shown = paragraph(answer === 'not asked' ? `${question} not asked` : question, {
    indent: `${indent}${paint(meaning, sign.padEnd(3))}  `,
    hanging,
    ...(answer === 'not asked' ? { meaning } : {}),
  });
  return detail === undefined ? shown : `${shown}\n${paragraph(safe(detail), { indent: hanging })}`;
}

function updateTitle({ purpose, mode }: NonNullable<ExplainReport['update']>): string {
  const what = {
    attached: 'to attach the agent',
    repaired: 'to put it right',
    updated: 'to bring it up to date',
    released: 'to give the function back',
  }[purpose];
  return mode === 'audit' ? `What would be sent ${what}, if the mode were enforce` : `What would be sent ${what}`;
}

function whoLines({ record }: ExplainReport): string[] {
  if (!record) return [];
  const { actor, eventName, eventTime } = record.cause;
  return [
    paragraph(
      actor
        ? `${safe(whoText(actor))}, by ${safe(eventName)} at ${shortTime(eventTime)}`
        : `${safe(eventName)} at ${shortTime(eventTime)}, which does not tell who it was`,
      { indent },
    ),
    paragraph(`the record says ${codeOf(record)} since ${shortTime(record.since)}`, { indent, meaning: 'faint' }),
    ...(record.detail === '' ? [] : [paragraph(safe(record.detail), { indent })]),
  ];
}

function historyLines({ history }: ExplainReport): string[] {
  if (history.length === 0) return [];
  const rows = history.map(({ at, status, reason, action, cause: { eventName, actor } }): Cell[] => [
    cellTime(at),
    { text: status, meaning: meaningOf(status) },
    doneText(action),
    reason,
    eventName,
    actor?.name ?? '',
  ]);
  const columns = [
    { title: 'WHEN (UTC)' },
    { title: 'STATUS' },
    { title: 'DONE' },
    { title: 'REASON' },
    { title: 'BY', mayBreak: true },
    { title: 'WHO' },
  ] as const;
  return [table(columns, rows, indent)];
}

function codeOf({ status, reason, action }: NonNullable<ExplainReport['record']>): string {
  return `${status}${reason === '' ? '' : `: ${reason}`}${action === 'none' ? '' : ` (${action})`}`;
}
