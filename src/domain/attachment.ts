import type { Snapshot } from './snapshot.ts';

/** The three things that Layerward may change on a function, and nothing else. */
export interface Shape {
  readonly handler: string | undefined;
  /** ARNs of layer versions, in their order. */
  readonly layers: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** The three things of a function that Layerward may change. */
export function shapeOf(snapshot: Snapshot): Shape {
  return {
    handler: snapshot.handler,
    layers: snapshot.layers,
    variables: snapshot.environment.readable ? snapshot.environment.variables : {},
  };
}

/** A layer of the agent's that a team had attached itself, and how many other layers stood ahead of it. */
export interface LayerBefore {
  readonly arn: string;
  readonly ahead: number;
}

/**
 * What was put on a function, and what it would be without: all that a release needs. Written to the record before the
 * function is changed. Credentials are named here, never kept.
 */
export interface Attachment {
  readonly agent: string;
  readonly variant: string;
  readonly group: string;
  /** The record was lost, and made anew from what was on the function: what the team had before is known in part only. */
  readonly isRebuilt?: true;
  readonly applied: {
    readonly layerArn: string;
    /** The Handler as we left it: the agent's where it is redirected, else the team's own. */
    readonly handler?: string;
    /** The variable that keeps the original Handler, where the Handler is redirected. */
    readonly handlerVariable?: string;
    /** Variables that were put, the wrapper and the original Handler included, credentials left out. */
    readonly variables: Readonly<Record<string, string>>;
    /** Variables that hold credentials or other secrets, of which only the names are kept. */
    readonly secretVariables: readonly string[];
  };
  /** What the team has, or had, in these places. It follows the team: a later change of theirs is what they get back. */
  readonly before: {
    readonly handler?: string;
    readonly layers: readonly LayerBefore[];
    readonly variables: Readonly<Record<string, string>>;
  };
}

/** What is said of a function whose attachment {@link Attachment.isRebuilt}. */
export const rebuiltDetail =
  'its record was lost and made anew: what the team had in the agent’s places before is not given back, but for the Handler';

/**
 * Whether each thing that an update would have brought to a function, and that was not there before it, is on it now; the
 * names of credentials left out, whose values nobody keeps.
 */
function broughtTo(current: Shape, { applied, before }: Attachment): boolean[] {
  return [
    ...(before.layers.some(({ arn }) => arn === applied.layerArn) ? [] : [current.layers.includes(applied.layerArn)]),
    ...(before.handler === applied.handler ? [] : [current.handler === applied.handler]),
    ...Object.entries(applied.variables)
      .filter(([name, value]) => before.variables[name] !== value)
      .map(([name, value]) => current.variables[name] === value),
  ];
}

/** Whether there is anything on the function that this update would have brought. */
export function isSeenIn(current: Shape, attachment: Attachment): boolean {
  return broughtTo(current, attachment).some(Boolean);
}

/**
 * Whether all that an update had brought is off again: the team, or a release that this record does not know of, has seen
 * to it. What the function had before is no business of ours any more.
 */
export function isGoneFrom(current: Shape, attachment: Attachment): boolean {
  const brought = broughtTo(current, attachment);
  const hasCredentials = attachment.applied.secretVariables.some((name) => Object.hasOwn(current.variables, name));
  return brought.length > 0 && !brought.some(Boolean) && !hasCredentials;
}
