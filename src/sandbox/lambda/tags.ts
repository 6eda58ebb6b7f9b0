import { invalidParameter } from './refusals.ts';

const mostTags = 50;

/** The tags after adding some, in the order in which keys came. @throws AwsError for more than 50, or AWS's own prefix. */
export function withTags(
  before: ReadonlyMap<string, string>,
  added: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const after = new Map(before);
  for (const [key, value] of Object.entries(added)) {
    if (key.toLowerCase().startsWith('aws:')) {
      throw invalidParameter('Invalid tag key. Tag keys cannot start with the reserved prefix aws:');
    }
    if (key.length < 1 || key.length > 128 || value.length > 256) {
      throw invalidParameter('Invalid tag: keys have 1 to 128 characters, values at most 256.');
    }
    after.set(key, value);
  }
  if (after.size > mostTags) throw invalidParameter('Number of tags exceeds resource tag limit.');
  return after;
}

/** The keys whose presence or value differs. */
export function changedKeys(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key));
}
