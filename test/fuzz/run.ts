import fc from 'fast-check';
import { holdPrototypes, type Target } from './target.ts';

/** How a target is run. */
export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** Where a former run failed, as it said: only that input is given. */
  readonly path?: string | undefined;
  /** Hears of each input before it is given. */
  readonly onRun?: (number: number) => void;
}

/** What a run came to. */
export interface FuzzResult {
  readonly accepted: number;
  readonly refused: number;
  /** The first input that went wrong. */
  readonly failure?: { readonly path: string; readonly input: string; readonly error: string };
}

/** Gives a target so many inputs, the same ones for the same seed; ends at the first that goes wrong. */
export async function fuzz<Input>(
  target: Target<Input>,
  { runs, seed, path, onRun }: FuzzOptions,
): Promise<FuzzResult> {
  const open = await target.open();
  const counts = { accepted: 0, refused: 0 };
  let number = 0;
  try {
    const property = fc.asyncProperty(target.inputs, async (input) => {
      onRun?.(++number);
      counts[await open.give(input)]++;
      holdPrototypes();
    });
    const only = path === undefined ? {} : { path };
    const { failed, counterexamplePath, counterexample, errorInstance } = await fc.check(property, {
      numRuns: runs,
      seed,
      ...only,
      endOnFailure: true,
    });
    if (!failed) return counts;
    const error =
      errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
    return { ...counts, failure: { path: counterexamplePath ?? '', input: fc.stringify(counterexample), error } };
  } finally {
    await open.close();
  }
}
