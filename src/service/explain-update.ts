import { createHmac } from 'node:crypto';
import { type Attachment, shapeOf } from '../domain/attachment.ts';
import type { Plan } from '../domain/decision.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/**
 * One thing that an update would change. Values of variables are there only where they are known to be the agent's own
 * and no secret; a team's value may be anything, so it is left out, whatever the variable is called.
 */
export type Alteration =
  | { readonly part: 'handler'; readonly change: 'changed'; readonly from?: string; readonly to: string }
  | { readonly part: 'layer'; readonly change: 'added' | 'removed'; readonly arn: string }
  | {
      readonly part: 'variable';
      readonly change: 'added' | 'removed' | 'changed';
      readonly name: string;
      readonly from?: string;
      readonly to?: string;
    };

/** What an update would change on a function, and how much of the team's it leaves as it is. */
export interface UpdateExplanation {
  readonly changes: readonly Alteration[];
  readonly kept: { readonly layers: number; readonly variables: number };
}

/** A function with the update that is planned for it. */
export interface PlannedUpdate {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** What of ours is on the function now, as far as the record knows. */
  readonly attachment: Attachment | undefined;
}

/** Says what an update would change, with nothing in it that is a secret or a value of the team's. */
export function explainUpdate(planned: PlannedUpdate): UpdateExplanation {
  const { snapshot, plan } = planned;
  const { Handler, Layers } = plan.update;
  const current = shapeOf(snapshot);
  const handler: Alteration[] =
    Handler === undefined
      ? []
      : [
          {
            part: 'handler',
            change: 'changed',
            ...(current.handler === undefined ? {} : { from: current.handler }),
            to: Handler,
          },
        ];
  const layers = Layers ?? current.layers;
  const variables = variableChanges(planned);
  return {
    changes: [
      ...handler,
      ...current.layers.filter((arn) => !layers.includes(arn)).map((arn) => layer('removed', arn)),
      ...layers.filter((arn) => !current.layers.includes(arn)).map((arn) => layer('added', arn)),
      ...variables,
    ],
    kept: {
      layers: layers.filter((arn) => current.layers.includes(arn)).length,
      variables: Object.keys(current.variables).length - variables.filter(({ change }) => change !== 'added').length,
    },
  };
}

function layer(change: 'added' | 'removed', arn: string): Alteration {
  return { part: 'layer', change, arn };
}

type VariableChange = Extract<Alteration, { part: 'variable' }>;

function variableChanges(planned: PlannedUpdate): VariableChange[] {
  const { snapshot, plan } = planned;
  const current = shapeOf(snapshot).variables;
  const target = plan.update.Environment?.Variables ?? current;
  const names = [...new Set([...Object.keys(current), ...Object.keys(target)])].sort();
  return names.flatMap((name): VariableChange[] => {
    const [before, after] = [current[name], target[name]];
    if (before === after) return [];
    return [
      {
        part: 'variable',
        change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
        name,
        ...(isOurs(planned, name, before) ? { from: before } : {}),
        ...(isOurs(planned, name, after) ? { to: after } : {}),
      },
    ];
  });
}

/** Whether a value is the agent's own, and no secret: records hold only such values. */
function isOurs(
  { snapshot, plan, attachment }: PlannedUpdate,
  name: string,
  value: string | undefined,
): value is string {
  if (value === undefined) return false;
  return [plan.attachment, attachment].some((one) => {
    if (one?.applied.variables[name] !== value) return false;
    // It keeps what was in the Handler, which a team may have written into it by hand.
    return name !== one.applied.handlerVariable || value === snapshot.handler || value === one.before.handler;
  });
}

/**
 * A mark of what an update would bring: the same mark, the same update of the same function, as long as its revision is the same.
 * Values of the team's are no part of it, since they can't change without the revision; so nobody can find them out by
 * trying. Credentials are, so that a rotation changes the mark.
 * @param salt random, so that marks of two plans can't be compared
 */
export function markUpdate(planned: PlannedUpdate, salt: string): string {
  const { plan, attachment } = planned;
  const target = plan.update.Environment?.Variables ?? {};
  const secrets = new Set([plan.attachment, attachment].flatMap((one) => one?.applied.secretVariables ?? []));
  const variables = variableChanges(planned).map(({ name, change, to }) => [
    name,
    change,
    to ?? (secrets.has(name) ? (target[name] ?? '') : ''),
  ]);
  const content = JSON.stringify([plan.functionArn, plan.update.Handler ?? '', plan.update.Layers ?? [], variables]);
  return createHmac('sha256', salt).update(content).digest('base64url');
}
