import * as z from 'zod';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import { replayRecord } from '../service/replay.ts';
import { type Cell, paint, safe, table, width } from './printing.ts';
import { wrap } from './wrapping.ts';

const text = z.string();

const letter = z.strictObject({
  messageId: text,
  sentAt: text.describe('ISO 8601.'),
  givenUpBy: z
    .enum(['queue', 'rule'])
    .describe(
      'queue: it was received again and again without success. rule: EventBridge could not put it on the queue.',
    ),
  why: text.describe('What is known of why; the errors themselves are in the log.'),
  verdict: z.enum(['look', 'dropped', 'malformed']).describe('What would be made of it now: as layerward replay says.'),
  explanation: text,
  functionArn: text.exactOptional(),
  eventId: text.exactOptional(),
  eventName: text.exactOptional(),
  eventTime: text.exactOptional(),
  actor: text.exactOptional().describe('Who made the call.'),
});

/** What `layerward dead-letters list --json` prints. */
export const deadLettersReport = z.strictObject({
  total: z.int().describe('How many there are, as far as SQS tells.'),
  letters: z.array(letter).describe('The oldest first; at most --limit of them.'),
});

/** What `layerward dead-letters list --json` prints. */
export type DeadLettersReport = z.output<typeof deadLettersReport>;
/** A letter, in words. */
export type DescribedLetter = DeadLettersReport['letters'][number];

/** What `layerward dead-letters retry --json` and `drop --json` print. */
export const deadLettersOutcome = z.strictObject({
  letters: z.array(
    z.strictObject({
      messageId: text,
      functionArn: text.exactOptional(),
      outcome: z.enum(['retried', 'dropped', 'failed']),
      detail: text.describe('Why it failed; empty else.'),
    }),
  ),
  kept: text.exactOptional().describe('The file that has those that were dropped.'),
});

/** What `layerward dead-letters retry --json` and `drop --json` print. */
export type DeadLettersOutcome = z.output<typeof deadLettersOutcome>;

/** A letter, as far as the queues know it. */
export interface LetterContent {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: string;
  readonly delivery?: { readonly code: string; readonly message: string };
}

/** Says what a letter is about, what would be made of it now, and why it may be here. */
export function describeLetter(
  { messageId, body, sentAt, delivery }: LetterContent,
  ownRoleArns: readonly string[],
  policy: Policy,
): DescribedLetter {
  const { verdict, explanation, functionArn, eventId, eventName, eventTime, actor } = replayRecord(
    { body },
    ownRoleArns,
    policy,
  );
  return {
    messageId,
    sentAt,
    givenUpBy: delivery ? 'rule' : 'queue',
    why: delivery
      ? `EventBridge could not put it on the queue: ${delivery.code}${delivery.message === '' ? '' : `: ${delivery.message}`}`
      : verdict === 'malformed'
        ? `it can't be read: ${explanation}`
        : 'it was received again and again without success; the log says why',
    verdict,
    explanation,
    ...(functionArn === undefined ? {} : { functionArn }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(eventName === undefined ? {} : { eventName }),
    ...(eventTime === undefined ? {} : { eventTime }),
    ...(actor ? { actor: actor.name } : {}),
  };
}

/** As much of a message's id as people need to name it. */
const shownOfId = 8;

/** The letters for people. */
export function renderDeadLetters({ total, letters }: DeadLettersReport): string {
  if (letters.length === 0) return 'There are no dead letters: nothing was given up on.';
  const columns = [
    { title: 'ID' },
    { title: 'SENT (UTC)' },
    { title: 'EVENT' },
    { title: 'BY' },
    { title: 'FUNCTION', mayBreak: true },
  ] as const;
  const rows = letters.map((one): Cell[] => [
    one.messageId.slice(0, shownOfId),
    one.sentAt.slice(0, 16).replace('T', ' '),
    one.verdict === 'malformed' ? { text: 'unreadable', meaning: 'bad' } : (one.eventName ?? ''),
    one.actor ?? '',
    functionText(one.functionArn),
  ]);
  const reasons = Map.groupBy(letters, ({ why }) => why);
  const more = total - letters.length;
  return [
    paint(
      'attention',
      letters.length === 1 ? '1 change was given up on:' : `${letters.length} changes were given up on:`,
    ),
    table(columns, rows),
    ...(more > 0 ? [paint('faint', `… and about ${more} more: --limit ${total} shows them all.`)] : []),
    '',
    ...[...reasons].flatMap(([why, some]) =>
      wrap(`${some.length === letters.length ? 'All' : some.length} of them: ${safe(why)}.`, width()),
    ),
    'Put right what the log names, then layerward dead-letters retry --all; docs/operations.md, “Dead letters”.',
  ].join('\n');
}

function functionText(functionArn: string | undefined): string {
  const arn = functionArn === undefined ? undefined : parseFunctionArn(functionArn);
  return arn ? `${arn.functionName} in ${arn.accountId}, ${arn.region}` : '';
}

/** What became of one letter, in a line. */
export function letterLine({ messageId, functionArn, outcome, detail }: DeadLettersOutcome['letters'][number]): string {
  const about = functionText(functionArn);
  return [
    paint(outcome === 'failed' ? 'bad' : 'good', outcome.padEnd(7)),
    messageId.slice(0, shownOfId),
    ...(about === '' ? [] : [safe(about)]),
    ...(detail === '' ? [] : [safe(detail)]),
  ].join('  ');
}
