import { redirectOf, redirectsOf, wrapperVariable } from './agent.ts';
import type { Shape } from './attachment.ts';
import type { Goal } from './goal.ts';
import { parseLayerArn } from './layer-arn.ts';

/** The codes of drift, in the order in which they are reported. Stored, filtered on and documented: never renamed. */
export const driftCodes = [
  'layer-missing',
  'layer-version',
  'layer-of-other-variant',
  'wrapper-missing',
  'wrapper-stale',
  'handler-not-redirected',
  'handler-stale',
  'variable-missing',
  'variable-changed',
  'credentials-changed',
] as const;

/** A stable code for one kind of difference. */
export type DriftCode = (typeof driftCodes)[number];

/** One difference between what is and what should be. */
export interface Drift {
  readonly code: DriftCode;
  /** Where: `Layers`, `Handler`, or `Environment.Variables.<name>`. */
  readonly path: string;
  /** What should be there; left out for secrets, and where nothing should be. */
  readonly expected?: string;
  /** What is there; for layers, handlers and wrappers only, since a variable may hold anything. */
  readonly actual?: string;
}

/** Lists how a function differs from its target. Empty exactly where both are the same. */
export function driftBetween(current: Shape, target: Shape, goal: Goal): Drift[] {
  const drift = [
    ...layerDrift(current.layers, target.layers, goal),
    ...handlerDrift(current, target, goal),
    ...variableDrift(current.variables, target.variables, goal),
  ];
  return drift.sort((a, b) => driftCodes.indexOf(a.code) - driftCodes.indexOf(b.code));
}

function layerDrift(current: readonly string[], target: readonly string[], goal: Goal): Drift[] {
  const removed = current.filter((arn) => !target.includes(arn));
  const path = 'Layers';
  if (target.every((arn) => current.includes(arn)))
    return removed.map((actual) => ({ code: 'layer-of-other-variant', path, actual }));
  const name = goal.variant.layer.name;
  const replaced = removed.find((arn) => parseLayerArn(arn)?.layerName === name) ?? removed[0];
  const expected = goal.layerArn;
  if (replaced === undefined) return [{ code: 'layer-missing', path, expected }];
  const code = parseLayerArn(replaced)?.layerName === name ? 'layer-version' : 'layer-of-other-variant';
  return [
    { code, path, expected, actual: replaced },
    ...removed
      .filter((arn) => arn !== replaced)
      .map((actual): Drift => ({ code: 'layer-of-other-variant', path, actual })),
  ];
}

function handlerDrift(current: Shape, target: Shape, goal: Goal): Drift[] {
  if (current.handler === target.handler) return [];
  return [
    {
      code: redirectOf(goal.variant) ? 'handler-not-redirected' : 'handler-stale',
      path: 'Handler',
      ...(target.handler === undefined ? {} : { expected: target.handler }),
      ...(current.handler === undefined ? {} : { actual: current.handler }),
    },
  ];
}

function variableDrift(
  current: Readonly<Record<string, string>>,
  target: Readonly<Record<string, string>>,
  goal: Goal,
): Drift[] {
  const drift: Drift[] = [];
  for (const name of new Set([...Object.keys(target), ...Object.keys(current)])) {
    const actual = current[name];
    const expected = target[name];
    if (actual === expected) continue;
    const path = `Environment.Variables.${name}`;
    if (name === wrapperVariable)
      drift.push({
        code: actual === undefined ? 'wrapper-missing' : 'wrapper-stale',
        path,
        ...(expected === undefined ? {} : { expected }),
        ...(actual === undefined ? {} : { actual }),
      });
    else if (Object.hasOwn(goal.secrets, name))
      drift.push({ code: actual === undefined ? 'variable-missing' : 'credentials-changed', path });
    else
      drift.push({
        code:
          actual === undefined
            ? 'variable-missing'
            : keepsHandler(goal, name) && expected === undefined
              ? 'handler-stale'
              : 'variable-changed',
        path,
        ...(expected !== undefined && Object.hasOwn(goal.variables, name) ? { expected } : {}),
      });
  }
  return drift;
}

function keepsHandler(goal: Goal, name: string): boolean {
  return redirectsOf(goal.agent).some(({ originalHandlerVariable }) => originalHandlerVariable === name);
}
