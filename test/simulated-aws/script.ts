import type { Random } from '../../src/sandbox/random.ts';
import { randomOf } from './random.ts';

/** Something that somebody or something does to Layerward and its functions. */
export interface Incident {
  /** The same in each run of the seed, whatever else is left out. */
  readonly id: string;
  /** What it happens to: a function's ARN, or nothing in particular. */
  readonly about: string;
  /** In words. */
  readonly what: string;
  readonly at: number;
}

/** Decides what happens. Everything that goes wrong, and everything that somebody does, is asked for here by its name. */
export interface Script {
  readonly seed: number;
  /** Whether this happens. In a run that is told again, only what is in its list does. */
  happens(id: string, probability: number, what: string | (() => string), about?: string): boolean;
  /** What an incident was about, in a run that is told again. */
  recalled(id: string): string | undefined;
  /** Chance of its own for this name. */
  of(name: string): Random;
  /** What has happened, in order. */
  readonly incidents: readonly Incident[];
}

/** @param only what may happen, and what it is about; by chance, if left out */
export function createScript(seed: number, now: () => number, only?: ReadonlyMap<string, string>): Script {
  const incidents: Incident[] = [];
  return {
    seed,
    incidents,
    of: (name) => randomOf(seed, name),
    recalled: (id) => only?.get(id),
    happens(id, probability, what, about = '') {
      const isSo = only ? only.has(id) : probability > 0 && randomOf(seed, `happens ${id}`).chance(probability);
      if (isSo) incidents.push({ id, about, at: now(), what: typeof what === 'string' ? what : what() });
      return isSo;
    },
  };
}
