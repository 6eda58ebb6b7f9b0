import { wrapperVariable } from './agent.ts';
import type { Decision } from './decision.ts';
import { blocked, environmentUnreadable, limits, notReady, type Situation, View } from './situation.ts';

/** One row of the decision table. */
export interface Row {
  /** The codes that it can answer with. */
  readonly name: string;
  readonly question: string;
  /** The decision, if this row fits. */
  readonly answer: (view: View) => Decision | false | undefined;
}

/** The decision table, in its order: the first row that fits wins. */
export const rows: readonly Row[] = [
  {
    name: 'self',
    question: 'Is it one of Layerward’s own functions?',
    answer: (view) => view.isOwn && { status: 'out-of-scope', reason: 'self' },
  },
  {
    name: 'tags-unreadable',
    question: 'Could its tags not be read?',
    answer: ({ tags }) =>
      !tags.readable &&
      blocked(
        'tags-unreadable',
        `AWS did not show its tags (${tags.errorCode}); no tag seen is not the same as not tagged`,
      ),
  },
  {
    name: 'opted-out, excluded, not-opted-in',
    question: 'Is it out of the policy’s scope?',
    answer: ({ selection, attachment, toRelease }) =>
      selection.scope !== 'in' &&
      (attachment
        ? toRelease(selection.scope === 'excluded' ? 'excluded' : 'opted-out')
        : { status: 'out-of-scope', reason: selection.scope }),
  },
  {
    name: 'container-image, lambda-edge, runtime, architecture, region',
    question: 'Is it something on which the agent can’t run?',
    answer: ({ unsupported, attachment, toRelease }) =>
      unsupported &&
      (attachment && (unsupported.reason === 'runtime' || unsupported.reason === 'architecture')
        ? toRelease(unsupported.reason)
        : { status: 'unsupported', ...unsupported }),
  },
  {
    name: 'environment-unreadable',
    question: 'Could its environment not be read?',
    answer: ({ environment }) => environmentUnreadable(environment),
  },
  {
    name: 'foreign-wrapper',
    question: 'Has another tool’s wrapper the place that the agent needs?',
    answer: ({ foreignWrapper }) =>
      foreignWrapper !== undefined &&
      blocked('foreign-wrapper', `${wrapperVariable} is ${foreignWrapper}, and a function can have one wrapper only`),
  },
  {
    name: 'layer-limit',
    question: `Would it have more than ${limits.layers} layers?`,
    answer: ({ target, drift }) =>
      drift.length > 0 &&
      target.shape.layers.length > limits.layers &&
      blocked('layer-limit', `it has ${limits.layers} layers already, and AWS allows no more`),
  },
  {
    name: 'environment-size',
    question: 'Would its variables be more than 4 KB?',
    answer: ({ drift, environmentBytes }) =>
      drift.length > 0 &&
      environmentBytes > limits.environmentBytes &&
      blocked(
        'environment-size',
        `its variables would take ${environmentBytes} bytes with the agent’s, and AWS allows ${limits.environmentBytes}`,
      ),
  },
  {
    name: 'credentials-missing',
    question: 'Are the credentials of its group missing?',
    answer: ({ credentials }) => 'missing' in credentials && blocked('credentials-missing', credentials.missing),
  },
  {
    name: 'original-handler-lost',
    question: 'Is its Handler redirected, and the original one known to nobody?',
    answer: ({ target, snapshot }) =>
      target.originalHandlerLost &&
      blocked(
        'original-handler-lost',
        `its Handler is ${snapshot.handler}, and neither a variable nor the record knows the original one`,
      ),
  },
  {
    name: 'aws-refused',
    question: 'Is all in place, but did AWS fail to bring the last update into effect?',
    answer: ({ drift, snapshot }) =>
      drift.length === 0 &&
      snapshot.lastUpdateStatus === 'Failed' &&
      blocked('aws-refused', snapshot.lastUpdateStatusReason ?? 'its last update failed, and AWS does not say why'),
  },
  {
    name: 'compliant',
    question: 'Does nothing differ?',
    answer: ({ drift, attachmentAfter }) => drift.length === 0 && { status: 'compliant', attachment: attachmentAfter },
  },
  {
    name: 'function-not-ready',
    question: 'Is AWS still at work on it?',
    answer: ({ snapshot }) => notReady(snapshot),
  },
  {
    name: 'flapping',
    question: 'Was it put right, and undone again, too often of late?',
    answer: ({ drift, recentRepairs, contest, selection }) =>
      selection.mode === 'enforce' &&
      recentRepairs >= contest.repairs && {
        status: 'contested',
        reason: 'flapping',
        detail: `it was put right ${recentRepairs} times within ${contest.withinMinutes} minutes, and undone each time`,
        drift,
      },
  },
  {
    name: 'drifted',
    question: 'Does something differ?',
    answer: ({ drift, selection, plan }) => {
      const [first] = drift;
      return first && { status: 'drifted', reason: first.code, drift, mode: selection.mode, plan };
    },
  },
];

/** Decides about one function. Pure: the same situation always gets the same decision. */
export function decide(situation: Situation): Decision {
  const view = new View(situation);
  for (const row of rows) {
    const decision = row.answer(view);
    if (decision) return decision;
  }
  throw new Error('no row of the decision table fits, although the last two leave nothing out');
}
