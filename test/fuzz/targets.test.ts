import { describe, expect, it } from 'vitest';
import { targets } from './targets.ts';

/*
 * A few inputs for each target, always the same. Many more: `npm run fuzz -- --target NAME --runs 100000`; what fails says
 * by which seed and path it is repeated.
 */

const few: Readonly<Record<string, number>> = {
  'cloudtrail-records': 1_500,
  'queue-messages': 500,
  documents: 500,
  'plan-files': 1_000,
  'console-requests': 500,
};

describe.each([...targets])('%s', (name, { about, run }) => {
  it(`holds: ${about}`, async () => {
    const { accepted, refused, failure } = await run({ runs: few[name] ?? 0, seed: 20_261_123 });
    expect(failure).toBeUndefined();
    // Neither is everything refused at the door, nor is everything let in.
    expect(accepted).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(20);
  });
});
