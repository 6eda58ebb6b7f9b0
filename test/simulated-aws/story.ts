import { createHash } from 'node:crypto';

/** What happened, in words, and a fingerprint of all of it. */
export interface Story {
  /** @param about the function that it is about, or nothing for what is about all of them */
  tell(about: string, what: string): void;
  /** Something that went wrong on the way of a call that is about no function in particular. */
  tellOfCall(what: string): void;
  /** What happened to one function of late, and to all of them; to `everything`, calls included. */
  of(about: string): readonly string[];
  /** The same for the same run, to the byte. */
  fingerprint(): string;
}

/** How many lines are told at the most. */
const longest = 60;
/** How many lines are kept: more than any shortest story has. */
const kept = 20_000;

const call = 'call';
/** In place of a function: what happened to all of them. */
export const everything = 'everything';

interface Line {
  readonly about: string;
  readonly text: string;
}

/** A story that remembers what happened last. */
export function createStory(now: () => number): Story {
  let lines: Line[] = [];
  const hash = createHash('sha256');
  const write = (about: string, what: string) => {
    const time = new Date(now()).toISOString().slice(5, 23).replace('T', ' ');
    const text = `${time}  ${what}`;
    hash.update(`${text}\n`);
    lines.push({ about, text });
    if (lines.length > 2 * kept) lines = lines.slice(-kept);
  };
  return {
    tell: (about, what) => write(about, about === '' ? what : `${shortName(about)}: ${what}`),
    tellOfCall: (what) => write(call, what),
    of: (about) =>
      lines
        .filter((line) => line.about === '' || about === everything || line.about === about)
        .slice(-longest)
        .map(({ text }) => text),
    fingerprint: () => hash.copy().digest('hex'),
  };
}

/** `444455556666/eu-west-1/orders`, for a function's ARN. */
export function shortName(functionArn: string): string {
  const [, , , region, accountId, , name] = functionArn.split(':');
  return name === undefined ? functionArn : `${accountId}/${region}/${name}`;
}

/** Something happened that must never happen. The message tells what, and what led to it. */
export class InvariantViolated extends Error {
  override readonly name = 'InvariantViolated';
  /** Which invariant. */
  readonly invariant: string;
  /** The function that it happened to, if it was one. */
  readonly about: string;

  constructor(invariant: string, about: string, what: string) {
    super(`${invariant}: ${about === '' ? '' : `${shortName(about)}: `}${what}`);
    this.invariant = invariant;
    this.about = about;
  }
}

/** A failure in words: how to repeat it, what is violated, what had to happen for it, and what that led to. */
export function tellFailure(
  { seed, functions, actions }: { readonly seed: number; readonly functions: number; readonly actions: number },
  failure: {
    readonly violation: InvariantViolated;
    readonly incidents: readonly { readonly what: string }[];
    readonly story: readonly string[];
  },
): string {
  const { violation, incidents, story } = failure;
  return [
    violation.message,
    `again: npm run simulate:aws -- --seed ${seed} --functions ${functions} --actions ${actions} --steps 1`,
    '',
    'It needs:',
    ...incidents.map(({ what }) => `  ${what}`),
    '',
    'What happened at last:',
    ...story.map((line) => `  ${line}`),
  ].join('\n');
}
