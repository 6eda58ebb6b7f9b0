import * as z from 'zod';
import type { CaseResult } from '../service/policy-cases.ts';
import { paint, paragraph, safe } from './printing.ts';

const text = z.string();
const mode = z.enum(['enforce', 'audit']);

/** What `layerward policy test --json` prints. */
export const policyTestReport = z.strictObject({
  policy: text.describe('The policy file that was tested.'),
  file: text.describe('The file of the cases.'),
  held: z.int().describe('How many cases hold.'),
  failed: z.int().describe('How many do not.'),
  cases: z.array(
    z.strictObject({
      name: text,
      line: z.int().describe('Where it begins, from 1.'),
      functionArn: text,
      holds: z.boolean(),
      expected: z.record(text, z.unknown()).describe('As the case says it.'),
      got: z
        .strictObject({
          status: text,
          reason: text.exactOptional(),
          detail: text.exactOptional(),
          group: text,
          agent: text,
          mode,
          layer: text.exactOptional().describe('The agent’s layer afterwards.'),
          handler: text.exactOptional().describe('The Handler afterwards.'),
        })
        .exactOptional()
        .describe('Left out where the case itself can’t be.'),
      differences: z.array(z.strictObject({ what: text, expected: text, got: text })),
    }),
  ),
});

/** What `layerward policy test --json` prints. */
export type PolicyTestReport = z.output<typeof policyTestReport>;

/** How the cases went, for machines. */
export function toPolicyTestReport(
  results: readonly CaseResult[],
  { policy, file }: { readonly policy: string; readonly file: string },
): PolicyTestReport {
  const cases = results.map(({ name, line, functionArn, expected, got, differences }) => ({
    name,
    line,
    functionArn,
    holds: differences.length === 0,
    expected,
    ...(got === undefined ? {} : { got }),
    differences: [...differences],
  }));
  const held = cases.filter(({ holds }) => holds).length;
  return { policy, file, held, failed: cases.length - held, cases };
}

/** How the cases went, for people. */
export function renderPolicyTest({ policy, file, held, failed, cases }: PolicyTestReport): string {
  const total = held + failed;
  const count = `${held} of ${total} ${total === 1 ? 'case holds' : 'cases hold'}`;
  return [
    ...cases.flatMap(({ name, line, holds, got, differences }) =>
      holds
        ? [paragraph(safe(name), { indent: `${paint('good', '✓')} `, hanging: '  ' })]
        : [
            `${paint('bad', '✗')} ${safe(name)}  ${paint('faint', safe(`${file}:${line}`))}`,
            ...differences.map(
              (one) => `    ${safe(one.what).padEnd(8)}  expected ${safe(one.expected)}, got ${safe(one.got)}`,
            ),
            ...(got?.detail === undefined ? [] : [paragraph(safe(got.detail), { indent: '    ', meaning: 'faint' })]),
          ],
    ),
    '',
    `${paint(failed === 0 ? 'good' : 'bad', count)} for ${safe(policy)}.`,
  ].join('\n');
}
