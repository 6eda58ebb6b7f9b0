import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faultsSchema } from '../../../../src/sandbox/lambda/fault-schema.ts';

const page = readFileSync(new URL('../../../../docs/sandbox-faults.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^faults '([^']+)'$/gm)].map((match) => match[1] ?? '');

describe('docs/sandbox-faults.md', () => {
  it.each(examples)('shows faults that the sandbox takes: %s', (example) => {
    expect(faultsSchema.safeParse(JSON.parse(example)).error).toBeUndefined();
  });

  it('has an example for every kind of fault', () => {
    const shown = new Set(examples.flatMap((example) => Object.keys(JSON.parse(example))));
    expect([...shown].sort()).toEqual(Object.keys(faultsSchema.shape).sort());
  });
});
