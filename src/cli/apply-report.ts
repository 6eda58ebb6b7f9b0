import * as z from 'zod';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Applied } from '../service/apply-plans.ts';
import { type Meaning, paint, safe } from './printing.ts';
import { problemSchema } from './scan-report.ts';

const text = z.string();

/** What can become of a function, in the order in which it is summed up. */
export const outcomes = [
  'attached',
  'repaired',
  'updated',
  'released',
  'unchanged',
  'skipped',
  'stopped',
  'refused',
  'blocked',
  'failed',
] as const;

/** What `layerward apply --json` and `layerward release --json` print. */
export const applyReport = z.strictObject({
  policy: text.exactOptional().describe('The policy file that it went by; left out where the records alone tell.'),
  functions: z.array(
    z.strictObject({
      functionArn: text,
      outcome: z
        .enum(outcomes)
        .describe(
          'attached, repaired, updated, released: done and verified. unchanged: nothing to do. skipped: the mode is audit. ' +
            'stopped: before its turn. refused: changed since the plan. blocked: a person has to do something. failed.',
        ),
      detail: text.describe('Why, where that is not plain.'),
    }),
  ),
  summary: z.partialRecord(z.enum(outcomes), z.int()).describe('How many of each; those that there are.'),
  problems: z.array(problemSchema).describe('What could not be looked at.'),
});

/** What `layerward apply --json` and `layerward release --json` print. */
export type ApplyReport = z.output<typeof applyReport>;

/** What became of all of them. */
export function toApplyReport(
  policy: string | undefined,
  applied: readonly Applied[],
  problems: ApplyReport['problems'],
): ApplyReport {
  const counts = outcomes.map((outcome) => [outcome, applied.filter((one) => one.outcome === outcome).length] as const);
  return {
    ...(policy === undefined ? {} : { policy }),
    functions: [...applied].sort((a, b) => (a.functionArn < b.functionArn ? -1 : 1)),
    summary: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    problems,
  };
}

/** Whether something did not go as it was asked for. */
export function hasFailed({ functions, problems }: Pick<ApplyReport, 'functions' | 'problems'>): boolean {
  return problems.length > 0 || functions.some(({ outcome }) => isFailure(outcome));
}

/** A function that audit mode leaves alone is as it should be. */
function isFailure(outcome: Applied['outcome']): boolean {
  switch (outcome) {
    case 'attached':
    case 'repaired':
    case 'updated':
    case 'released':
    case 'unchanged':
    case 'skipped':
      return false;
    case 'stopped':
    case 'refused':
    case 'blocked':
    case 'failed':
      return true;
  }
}

const meanings: Readonly<Record<Applied['outcome'], Meaning>> = {
  attached: 'good',
  repaired: 'good',
  updated: 'good',
  released: 'good',
  unchanged: 'faint',
  skipped: 'attention',
  stopped: 'attention',
  refused: 'attention',
  blocked: 'bad',
  failed: 'bad',
};

/** What became of one function, in a line. */
export function outcomeLine({ functionArn, outcome, detail }: Applied): string {
  const name = parseFunctionArn(functionArn)?.functionName ?? functionArn;
  return `${paint(meanings[outcome], outcome.padEnd(9))}  ${safe(name)}${detail === '' ? '' : `  ${safe(detail)}`}`;
}

/** `3 attached, 1 failed.` */
export function outcomeSummary({ summary }: ApplyReport): string {
  const counts = outcomes.flatMap((outcome) => {
    const count = summary[outcome] ?? 0;
    return count > 0 ? [`${count} ${outcome}`] : [];
  });
  return paint('strong', counts.length === 0 ? 'Nothing was changed.' : `${counts.join(', ')}.`);
}
