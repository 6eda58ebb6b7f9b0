import { validation } from './refusals.ts';

/** Gathers the members of a request that are out of bounds, and refuses the request once, in AWS's words. */
export interface Constraints {
  /** `shown` is the value as AWS prints it; an `undefined` value leaves the value out, as for sensitive members. */
  violated(member: string, shown: string | undefined, must: string): void;
  pattern(member: string, value: string | undefined, pattern: RegExp, written: string): void;
  length(member: string, value: string | undefined, minimum: number, maximum: number): void;
  range(member: string, value: number | undefined, minimum: number, maximum: number): void;
  oneOf(member: string, value: string | undefined, allowed: readonly string[]): void;
  /** @throws AwsError `ValidationException`, when anything was violated. */
  settle(): void;
}

export function createConstraints(): Constraints {
  const problems: string[] = [];
  const violated: Constraints['violated'] = (member, shown, must) => {
    const value = shown === undefined ? 'Value' : `Value '${shown}'`;
    problems.push(`${value} at '${member}' failed to satisfy constraint: ${must}`);
  };
  return {
    violated,
    pattern(member, value, pattern, written) {
      if (value === undefined || pattern.test(value)) return;
      violated(member, value, `Member must satisfy regular expression pattern: ${written}`);
    },
    length(member, value, minimum, maximum) {
      if (value === undefined) return;
      if (value.length > maximum) violated(member, value, `Member must have length less than or equal to ${maximum}`);
      if (value.length < minimum)
        violated(member, value, `Member must have length greater than or equal to ${minimum}`);
    },
    range(member, value, minimum, maximum) {
      if (value === undefined) return;
      if (value > maximum) violated(member, String(value), `Member must have value less than or equal to ${maximum}`);
      if (value < minimum)
        violated(member, String(value), `Member must have value greater than or equal to ${minimum}`);
    },
    oneOf(member, value, allowed) {
      if (value === undefined || allowed.includes(value)) return;
      violated(member, value, `Member must satisfy enum value set: [${allowed.join(', ')}]`);
    },
    settle() {
      if (problems.length > 0) throw validation(problems);
    },
  };
}
