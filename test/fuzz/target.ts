import type fc from 'fast-check';
import { LayerwardError } from '../../src/domain/errors.ts';

/** Something of ours that reads what comes from outside. */
export interface Target<Input> {
  readonly name: string;
  readonly about: string;
  /** Inputs, valid ones among them. */
  readonly inputs: fc.Arbitrary<Input>;
  /** Gets it ready. */
  open(): Promise<OpenTarget<Input>>;
}

/** A target that takes inputs. */
export interface OpenTarget<Input> {
  /**
   * Gives one in.
   * @throws {Wrong} or anything else where it does not do as it should
   */
  give(input: Input): Promise<Verdict>;
  close(): Promise<void>;
}

/** What became of an input. */
export type Verdict = 'accepted' | 'refused';

/** What should not be. */
export class Wrong extends Error {
  override readonly name = 'Wrong';
}

/** @throws {Wrong} unless it holds */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Wrong(what);
}

/** What a reason may take, in characters: a log line, a screen. */
const longestReason = 8_000;

/**
 * A refusal has to be one of our errors, with a reason that people can read.
 * @throws {Wrong} or the error itself, if it is none of ours
 */
export function refused(error: unknown): Verdict {
  if (!(error instanceof LayerwardError)) throw error;
  hold(/\w{3}/.test(error.message), `${error.name} gives no reason`);
  hold(error.message.length <= longestReason, `the reason of ${error.name} has ${error.message.length} characters`);
  hold(
    !/call stack|Cannot read propert|undefined is not|not iterable/i.test(error.message),
    `a bare reason: ${error.message}`,
  );
  return 'refused';
}

const shared = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Number.prototype];
const partsOf = (one: object) =>
  Reflect.ownKeys(one).map((key) => [key, Reflect.getOwnPropertyDescriptor(one, key)?.value] as const);
const before = shared.map(partsOf);

/** @throws {Wrong} where anything is other than it was in what all objects share */
export function holdPrototypes(): void {
  shared.forEach((one, index) => {
    const [now, former = []] = [partsOf(one), before[index]];
    const isSame =
      now.length === former.length &&
      now.every(([key, value], at) => key === former[at]?.[0] && Object.is(value, former[at]?.[1]));
    hold(isSame, 'what all objects share was changed');
  });
}
