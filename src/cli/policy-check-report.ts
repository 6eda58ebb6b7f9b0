import * as z from 'zod';
import { paint, safe } from './printing.ts';

/** What `layerward policy check --json` prints: nothing in it where nothing is wrong. */
export const policyFindings = z.array(
  z.strictObject({
    path: z.string().describe('The key, such as groups.default.secret; empty where it is the document itself.'),
    line: z.int().describe('From 1.'),
    column: z.int().describe('From 1.'),
    message: z.string(),
  }),
);

/** What is wrong with a policy. */
export type PolicyFindings = z.output<typeof policyFindings>;

/** What is wrong with a policy, a line for each mistake, as compilers tell it. */
export function renderFindings(name: string, findings: PolicyFindings): string {
  return [
    ...findings.map(({ path, line, column, message }) => {
      const where = paint('strong', safe(`${name}:${line}:${column}:`));
      return `${where} ${path === '' ? '' : `${safe(path)}: `}${safe(message)}`;
    }),
    `${paint('bad', '✗')} ${findings.length === 1 ? '1 mistake' : `${findings.length} mistakes`} in ${safe(name)}; docs/policy.md explains every key.`,
  ].join('\n');
}
