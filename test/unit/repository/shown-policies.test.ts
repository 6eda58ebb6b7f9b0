import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { policyText } from '../../../src/cli/init-policy.ts';
import { readAgents, readPolicyDocument } from '../../../src/service/agent-files.ts';
import { policyCasesSchema, readPolicyCases, runPolicyCases } from '../../../src/service/policy-cases.ts';
import { root } from './source-files.ts';

/* Whoever copies a policy, or cases for one, out of a page must not be told that something is wrong with it. */

const agents = readAgents();
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

const blocks = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => ({
    page,
    text,
  })),
);
// docs/agents.md has one for an agent that is made there.
const policies = blocks.filter(
  ({ page, text }) => page !== 'docs/agents.md' && /^version: 1$/m.test(text) && /^groups:$/m.test(text),
);
const cases = blocks.filter(({ text }) => text.startsWith('- name: '));

describe('a whole policy that a page shows', () => {
  it.each(policies)('is in order: $page', ({ page, text }) => {
    expect(() => readPolicyDocument(text, page, agents)).not.toThrow();
  });

  it('is found', () => {
    expect(policies.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/policy.md']));
  });
});

describe('cases that a page shows', () => {
  it.each(cases)('are in order: $page', ({ page, text }) => {
    expect(readPolicyCases(text, page).length).toBeGreaterThan(2);
  });

  it('hold, in the first hour, for the policy that layerward init writes', () => {
    const agent = agents.get('trend-application-security');
    if (!agent) throw new Error('agents/ has not the agent that is shipped');
    const secret = 'layerward/groups/default';
    const written = policyText({ mode: 'audit', agent, secret, groupParameters: { cloudOneRegion: 'us-1' } });
    const policy = readPolicyDocument(written, 'policy.yaml', agents);
    const { text = '' } = cases.find(({ page }) => page === 'docs/first-hour.md') ?? {};
    const results = runPolicyCases(readPolicyCases(text, 'policy.cases.yaml'), policy, agents);
    expect(results).not.toHaveLength(0);
    expect(results.flatMap(({ name, differences }) => (differences.length > 0 ? [name] : []))).toEqual([]);
  });
});

describe('docs/policy.md, “Testing a policy”,', () => {
  it('has every key of a case', () => {
    const keysOf = (schema: unknown): string[] => {
      const { properties = {}, items } = z
        .looseObject({ properties: z.record(z.string(), z.unknown()).optional(), items: z.unknown().optional() })
        .parse(schema);
      const below = Object.entries(properties).flatMap(([key, value]) => [key, ...keysOf(value)]);
      return items === undefined ? below : [...below, ...keysOf(items)];
    };
    const keys = new Set(keysOf(z.toJSONSchema(policyCasesSchema, { io: 'input', unrepresentable: 'any' })));
    const section = readFileSync(join(root, 'docs/policy.md'), 'utf8')
      .split(/^## /m)
      .find((one) => one.startsWith('Testing a'));
    const words = new Set(
      [...(section ?? '').matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.split(/[^\w-]+/)),
    );
    expect(keys.size).toBeGreaterThan(20);
    expect([...keys].filter((key) => !words.has(key))).toEqual([]);
  });
});
