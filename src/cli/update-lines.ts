import * as z from 'zod';
import type { Alteration, UpdateExplanation } from '../service/explain-update.ts';
import { type Meaning, paint, safe } from './printing.ts';

const text = z.string();

/** What an update would change, and what it leaves, as commands print it for machines. */
export const updateSchema = {
  changes: z
    .array(
      z.discriminatedUnion('part', [
        z.strictObject({
          part: z.literal('handler'),
          change: z.literal('changed'),
          from: text.exactOptional(),
          to: text,
        }),
        z.strictObject({ part: z.literal('layer'), change: z.enum(['added', 'removed']), arn: text }),
        z.strictObject({
          part: z.literal('variable'),
          change: z.enum(['added', 'removed', 'changed']),
          name: text,
          from: text.exactOptional().describe('Left out where it is not known to be the agent’s own.'),
          to: text.exactOptional().describe('Left out where it is a credential, or a value of the team’s.'),
        }),
      ]),
    )
    .describe('What would be sent.'),
  kept: z
    .strictObject({ layers: z.int(), variables: z.int() })
    .describe('How many layers and variables stay as they are.'),
};

const hidden = '••••';
/** Values stand below one another, unless a name is longer than this. */
const mostAligned = 40;
const signs = {
  added: { sign: '+', meaning: 'added' },
  removed: { sign: '-', meaning: 'removed' },
  changed: { sign: '~', meaning: 'changed' },
} as const satisfies Record<Alteration['change'], { sign: string; meaning: Meaning }>;

/** What an update would change, a line for each thing: `+ layer     arn:…`, `~ handler   index.handler → …`. */
export function updateLines({ changes, kept }: UpdateExplanation): string[] {
  const rest = [
    ...(kept.layers > 0 ? [count(kept.layers, 'layer')] : []),
    ...(kept.variables > 0 ? [count(kept.variables, 'variable')] : []),
  ].join(' and ');
  const names = changes.flatMap((one) =>
    one.part === 'variable' && one.change !== 'removed' ? [one.name.length] : [],
  );
  const room = Math.min(Math.max(0, ...names), mostAligned);
  return [
    ...changes.map((one) => {
      const { sign, meaning } = signs[one.change];
      return `${paint(meaning, sign)} ${one.part.padEnd(8)}  ${wordsFor(one, room)}`;
    }),
    ...(rest === ''
      ? []
      : [paint('faint', `  ${rest} ${kept.layers + kept.variables === 1 ? 'stays as it is' : 'stay as they are'}`)]),
  ];
}

/** @param room what the names of variables are filled up to, so that their values stand below one another */
function wordsFor(alteration: Alteration, room: number): string {
  switch (alteration.part) {
    case 'layer':
      return safe(alteration.arn);
    case 'handler':
      return `${safe(alteration.from ?? 'none')} → ${safe(alteration.to)}`;
    case 'variable': {
      const { name, change, from = hidden, to = hidden } = alteration;
      switch (change) {
        case 'added':
          return `${safe(name).padEnd(room)} = ${safe(to)}`;
        case 'removed':
          return safe(name);
        case 'changed':
          return `${safe(name).padEnd(room)} = ${safe(from)} → ${safe(to)}`;
      }
    }
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
