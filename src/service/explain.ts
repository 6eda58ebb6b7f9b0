import type { Row } from '../domain/decide.ts';
import { rows } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import type { Drift } from '../domain/drift.ts';
import { formatFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import { type FunctionRecord, purposeOf } from '../domain/record.ts';
import { type Situation, View } from '../domain/situation.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { type Advice, adviseOn } from './explain-advice.ts';
import { explainUpdate, type UpdateExplanation } from './explain-update.ts';
import { summarize } from './explain-words.ts';
import type { Purpose } from './plan-file.ts';

/** A question of the decision table with its answer. */
export interface Step {
  /** The codes that the row can answer with. */
  readonly codes: readonly string[];
  readonly question: string;
  /** The first `yes` decides; what stands below it is not asked any more. */
  readonly answer: 'yes' | 'no' | 'not asked';
  /** What AWS or the policy said; only where the answer is yes. */
  readonly detail?: string;
}

/** Everything that there is to say about a function: what is decided, why, what would be done, what a person can do. */
export interface Explanation {
  readonly functionArn: string;
  readonly status: Decision['status'];
  readonly reason: string;
  /** The decision in a sentence. */
  readonly sentence: string;
  readonly steps: readonly Step[];
  readonly drift: readonly Drift[];
  /** What would be sent, if anything. */
  readonly update?: UpdateExplanation & { readonly purpose: Purpose; readonly mode: Policy['mode'] };
  readonly advice: Advice;
}

/** Explains the decision about a function, row by row of the decision table. Pure. */
export function explain(
  situation: Situation,
  record: FunctionRecord | undefined,
  policy: Pick<Policy, 'optIn' | 'groupTag'>,
): Explanation {
  const { steps, decision } = answerRows(situation);
  const update = updateOf(decision, situation, record);
  return {
    functionArn: formatFunctionArn(situation.snapshot.arn),
    status: decision.status,
    reason: 'reason' in decision ? decision.reason : '',
    sentence: summarize(decision, situation, record, policy),
    steps,
    drift: 'drift' in decision ? decision.drift : [],
    ...(update ? { update } : {}),
    advice: adviseOn(decision, situation, record, policy),
  };
}

function answerRows(situation: Situation): { steps: Step[]; decision: Decision } {
  const view = new View(situation);
  const steps: Step[] = [];
  let decision: Decision | undefined;
  for (const row of rows) {
    if (decision) {
      steps.push(stepFor(row, 'not asked'));
      continue;
    }
    const answer = row.answer(view);
    if (answer) decision = answer;
    steps.push(answer ? { ...stepFor(row, 'yes'), ...detailOf(answer) } : stepFor(row, 'no'));
  }
  if (!decision) throw new Error('no row of the decision table fits, although the last two leave nothing out');
  return { steps, decision };
}

function stepFor({ name, question }: Row, answer: Step['answer']): Step {
  return { codes: name.split(', '), question, answer };
}

function detailOf(decision: Decision): { detail?: string } {
  if ('detail' in decision) return { detail: decision.detail };
  return {};
}

function updateOf(
  decision: Decision,
  { snapshot, attachment }: Situation,
  record: FunctionRecord | undefined,
): Explanation['update'] {
  if ((decision.status !== 'drifted' && decision.status !== 'release') || !decision.plan) return undefined;
  const { plan, mode } = decision;
  return { ...explainUpdate({ snapshot, plan, attachment }), purpose: purposeFor(decision, record, snapshot), mode };
}

/** What an update will have been once it is verified. */
export function purposeFor(
  decision: Extract<Decision, { status: 'drifted' | 'release' }>,
  record: FunctionRecord | undefined,
  snapshot: Snapshot,
): Purpose {
  return decision.status === 'drifted' && decision.plan.attachment
    ? purposeOf(record, snapshot, decision.plan.attachment, decision.drift)
    : 'released';
}
