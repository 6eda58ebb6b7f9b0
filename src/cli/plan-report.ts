import * as z from 'zod';
import { parseFunctionArn } from '../domain/function-arn.ts';
import { driftSchema, type PlannedFunction, type Purpose, purposes } from '../service/plan-file.ts';
import type { MadePlan, PlanEntry, Unchanged } from './plan-making.ts';
import { meaningOf, paint, paragraph, safe } from './printing.ts';
import { problemLines, problemSchema } from './scan-report.ts';
import { updateLines, updateSchema } from './update-lines.ts';

const text = z.string();

/** How many functions would get which kind of update. */
export const planSummary = z.strictObject({
  attach: z.int(),
  repair: z.int(),
  update: z.int(),
  release: z.int(),
  auditOnly: z.int().describe('How many of these are only reported, since the mode is audit.'),
});

/** What `layerward plan --json` prints. */
export const planReport = z.strictObject({
  createdAt: z.iso.datetime(),
  policy: text.describe('The policy file that it went by.'),
  functions: z
    .array(
      z.strictObject({
        functionArn: text,
        revisionId: text.describe('The revision that the update would be for.'),
        status: z.enum(['drifted', 'release']),
        reason: text,
        purpose: z.enum(purposes).describe('What the update would be.'),
        mode: z.enum(['enforce', 'audit']),
        drift: z.array(z.strictObject(driftSchema.shape)),
        ...updateSchema,
      }),
    )
    .describe('Functions that would be changed.'),
  unchanged: z
    .array(z.strictObject({ functionArn: text, status: text, reason: text, detail: text }))
    .describe('Functions that were named, and that would not be changed.'),
  needingPeople: z
    .int()
    .describe('How many other functions opted in, and can only be helped by people: layerward scan names them.'),
  summary: planSummary,
  problems: z.array(problemSchema).describe('What could not be looked at.'),
});

/** What `layerward plan --json` prints. */
export type PlanReport = z.output<typeof planReport>;

/** A plan for machines. */
export function toPlanReport(plan: MadePlan, policy: string): PlanReport {
  return {
    createdAt: plan.createdAt,
    policy,
    functions: plan.entries.map(({ updateMark: _, changes, ...entry }) => ({ ...entry, changes: [...changes] })),
    unchanged: [...plan.unchanged],
    needingPeople: plan.needingPeople,
    summary: summarizePlan(plan.entries),
    problems: [...plan.problems],
  };
}

/** Counts the updates of a plan. */
export function summarizePlan(entries: readonly Pick<PlanEntry, 'purpose' | 'mode'>[]): PlanReport['summary'] {
  const count = (purpose: Purpose) => entries.filter((one) => one.purpose === purpose).length;
  return {
    attach: count('attached'),
    repair: count('repaired'),
    update: count('updated'),
    release: count('released'),
    auditOnly: entries.filter(({ mode }) => mode === 'audit').length,
  };
}

/**
 * A plan for people: a difference a function, and a line that sums it up.
 * @param by what it goes by
 */
export function renderPlan(
  plan: Pick<MadePlan, 'entries' | 'unchanged' | 'problems' | 'needingPeople' | 'isLookedAt'>,
  by: string,
): string {
  const { entries, unchanged, problems, needingPeople, isLookedAt } = plan;
  return [
    ...entries.map(entryText),
    unchanged.map(unchangedLine).join('\n'),
    problemLines([...problems]),
    [
      isLookedAt ? summaryLine(entries) : 'Nothing could be looked at.',
      ...(needingPeople === 0 ? [] : [needingPeopleLine(needingPeople)]),
      paint('faint', `By ${by}.`),
    ].join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function needingPeopleLine(count: number): string {
  const who = count === 1 ? '1 function that opted in needs' : `${count} functions that opted in need`;
  return `${who} people, and no update: layerward scan says why.`;
}

/** `Plan: 2 to attach, 1 to repair.` */
export function summaryLine(entries: readonly Pick<PlanEntry, 'purpose' | 'mode'>[]): string {
  if (entries.length === 0) return 'Nothing would be changed.';
  const { attach, repair, update, release, auditOnly } = summarizePlan(entries);
  const line = `Plan: ${attach} to attach, ${repair} to repair, ${update} to update, ${release} to release.`;
  return auditOnly === 0
    ? paint('strong', line)
    : `${paint('strong', line)} For ${auditOnly} of them the mode is audit: they are changed only by layerward apply --enforce.`;
}

const intentions: Readonly<Record<Purpose, string>> = {
  attached: 'gets the agent',
  repaired: 'is put right',
  updated: 'is brought up to date',
  released: 'gets back what it had',
};

function entryText({ changes, kept, ...planned }: PlanEntry): string {
  return [entryTitle(planned), ...updateLines({ changes, kept }).map((line) => `  ${line}`)].join('\n');
}

/** A planned function, and what it gets. */
export function entryTitle({ functionArn, status, reason, purpose, mode }: PlannedFunction): string {
  const arn = parseFunctionArn(functionArn);
  const audit = mode === 'audit' ? ', in audit mode only with --enforce' : '';
  return [
    `${paint('strong', safe(arn?.functionName ?? functionArn))} ${intentions[purpose]}${audit} ${paint('faint', `(${status}: ${safe(reason)})`)}`,
    paint('faint', `  ${safe(functionArn)}`),
  ].join('\n');
}

function unchangedLine({ functionArn, status, reason, detail }: Unchanged): string {
  const name = parseFunctionArn(functionArn)?.functionName ?? functionArn;
  const code = reason === '' ? status : `${status}: ${reason}`;
  const because = detail === '' ? '' : `, ${safe(detail)}`;
  return paragraph(`${paint('strong', safe(name))} stays as it is: ${paint(meaningOf(status), code)}${because}`, {
    hanging: '  ',
  });
}
