import * as z from 'zod';
import { driftText, whoText } from '../domain/alert-text.ts';
import { driftSchema } from '../service/plan-file.ts';
import { actorSchema } from './cause-schema.ts';
import { paragraph, safe } from './printing.ts';

const text = z.string();

/** What `layerward replay --json` prints. */
export const replayReport = z.array(
  z.strictObject({
    file: text,
    index: z.int().describe('Which record of the file, from 0.'),
    verdict: z
      .enum(['look', 'dropped', 'malformed'])
      .describe('look: the function would be read. dropped: nothing is asked of AWS. malformed: to the dead letters.'),
    reason: text.describe('Why it is dropped, or what kind of change it is, as a code.'),
    explanation: text,
    eventId: text.exactOptional(),
    eventName: text.exactOptional(),
    eventTime: text.exactOptional(),
    functionArn: text.exactOptional(),
    actor: actorSchema.exactOptional(),
    decision: z
      .strictObject({
        status: text,
        reason: text.exactOptional(),
        detail: text.exactOptional(),
        mode: z.enum(['enforce', 'audit']).exactOptional(),
        drift: z.array(z.strictObject(driftSchema.shape)).exactOptional(),
      })
      .exactOptional()
      .describe('What the function as it is now makes of it, with --live or --endpoint.'),
  }),
);

/** What `layerward replay --json` prints. */
export type ReplayReport = z.output<typeof replayReport>;

/** What was made of each record, for people. */
export function renderReplay(report: ReplayReport): string {
  return report.map(renderRow).join('\n\n');
}

function renderRow(row: ReplayReport[number]): string {
  const { file, index, verdict, explanation, eventName, eventTime, functionArn, actor, decision } = row;
  const title = eventName ? `${eventName}${eventTime ? ` at ${eventTime}` : ''}` : 'unknown event';
  const lines: [string, string][] = [
    ['function', functionArn ?? ''],
    ['who', actor ? whoText(actor) : ''],
    [verdict, explanation],
    ...(decision ? liveLines(decision) : []),
  ];
  return [
    paragraph(safe(`${file}${index > 0 ? ` [${index}]` : ''}: ${title}`), { hanging: '    ' }),
    ...lines
      .filter(([, value]) => value !== '')
      .map(([label, value]) =>
        paragraph(safe(value), {
          indent: `  ${label.padEnd(9)}  `,
          hanging: ' '.repeat(13),
        }),
      ),
  ].join('\n');
}

function liveLines({
  status,
  reason,
  detail,
  drift = [],
}: NonNullable<ReplayReport[number]['decision']>): [string, string][] {
  const because = `${reason === undefined ? '' : `: ${reason}`}${detail === undefined ? '' : ` (${detail})`}`;
  return [['now', `${status}${because}`], ...drift.map((one): [string, string] => ['', driftText(one)])];
}
