/** What happened, in words, by function. */
export interface Story {
  tell(functionArn: string, what: string): void;
  /** What happened to one function. */
  of(functionArn: string): readonly string[];
  /** What happened last, to all of them. */
  all(): readonly string[];
}

/** How much of a function's past is told. */
const longest = 40;

/** A story that remembers the last things of each function. */
export function createStory(now: () => Date): Story {
  const lines = new Map<string, string[]>();
  const last: string[] = [];
  return {
    tell(functionArn, what) {
      const time = now().toISOString().slice(11, 23);
      const own = lines.get(functionArn) ?? [];
      own.push(`${time}  ${what}`);
      if (own.length > longest) own.shift();
      lines.set(functionArn, own);
      last.push(`${time}  ${functionArn.split(':').slice(3).join(':')}: ${what}`);
      if (last.length > longest) last.shift();
    },
    of: (functionArn) => [functionArn, ...(lines.get(functionArn) ?? [])],
    all: () => last,
  };
}

/** Something happened that must never happen. The message tells what, and what led to it. */
export class InvariantViolated extends Error {
  override readonly name = 'InvariantViolated';

  constructor(what: string, story: readonly string[]) {
    super([what, ...story.map((line) => `    ${line}`)].join('\n'));
  }
}
