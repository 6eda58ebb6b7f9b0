import * as z from 'zod';
import type { LoggedError } from '../aws/cloudwatch-error-log.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import { type Replayed, replayRecord } from '../service/replay.ts';
import { adviceForLetter, letterCodes } from './dead-letters-advice.ts';
import { type Cell, paint, paragraph, safe, table } from './printing.ts';

const text = z.string();

const letter = z.strictObject({
  messageId: text,
  sentAt: text.describe('ISO 8601.'),
  received: z.int().describe('How often it was received: by Layerward, and by whoever has looked at it since.'),
  givenUpBy: z
    .enum(['queue', 'rule'])
    .describe(
      'queue: it was received again and again without success. rule: EventBridge could not put it on the queue.',
    ),
  code: text.describe('Why, as a code: that of the error in the log, or not-delivered, unreadable, unknown.'),
  why: text.describe('The words of the error, or what else is known.'),
  failedAt: text.exactOptional().describe('When the error was last logged, ISO 8601.'),
  advice: text.describe('What to do about it.'),
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
  total: z.int().describe('How many can be read, as far as SQS tells.'),
  hidden: z.int().describe('How many somebody else reads at the moment, as far as SQS tells.'),
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
  readonly received: number;
  readonly delivery?: { readonly code: string; readonly message: string };
}

/** What is known of why letters are there. */
export interface LetterErrors {
  /** The latest error about each message. */
  readonly logged: ReadonlyMap<string, LoggedError>;
  /** Why the log could not be read, if so. */
  readonly problem?: string;
}

/** Says what a letter is about, why it is here, what would be made of it now, and what to do. */
export function describeLetter(
  content: LetterContent,
  errors: LetterErrors,
  ownRoleArns: readonly string[],
  policy: Policy,
): DescribedLetter {
  const { messageId, body, sentAt, received } = content;
  const replayed = replayRecord({ body }, ownRoleArns, policy);
  const { verdict, explanation, functionArn, eventId, eventName, eventTime, actor } = replayed;
  const { code, why, failedAt } = reasonOf(content, replayed, errors);
  return {
    messageId,
    sentAt,
    received,
    givenUpBy: content.delivery ? 'rule' : 'queue',
    code,
    why,
    ...(failedAt === undefined ? {} : { failedAt }),
    advice: adviceForLetter(code, verdict !== 'dropped'),
    verdict,
    explanation,
    ...(functionArn === undefined ? {} : { functionArn }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(eventName === undefined ? {} : { eventName }),
    ...(eventTime === undefined ? {} : { eventTime }),
    ...(actor ? { actor: actor.name } : {}),
  };
}

/** EventBridge's own words, else the log's, else what the letter itself tells. */
function reasonOf(
  { messageId, delivery }: LetterContent,
  { verdict, explanation }: Replayed,
  { logged, problem }: LetterErrors,
): { readonly code: string; readonly why: string; readonly failedAt?: string } {
  if (delivery)
    return {
      code: letterCodes.notDelivered,
      why: `EventBridge could not put it on the queue: ${delivery.code}${delivery.message === '' ? '' : `: ${delivery.message}`}`,
    };
  if (verdict === 'malformed') return { code: letterCodes.unreadable, why: explanation };
  const error = logged.get(messageId);
  if (error) return { code: error.code, why: error.message, failedAt: error.at };
  return {
    code: letterCodes.unknown,
    why:
      problem === undefined
        ? 'it was received again and again without success, and the log has no error of it: the function may have crashed, or run out of time'
        : `it was received again and again without success; why, the log would tell: ${problem}`,
  };
}

/** As much of a message's id as people need to name it. */
const shownOfId = 8;

/** The letters for people. */
export function renderDeadLetters({ total, hidden, letters }: DeadLettersReport): string {
  const elsewhere =
    hidden > 0
      ? paragraph(
          `Somebody else reads ${hidden === 1 ? 'one' : hidden} of them at the moment; what is not taken away comes back within five minutes.`,
          { meaning: 'faint' },
        )
      : undefined;
  if (letters.length === 0) return elsewhere ?? 'There are no dead letters: nothing was given up on.';
  const columns = [
    { title: 'ID' },
    { title: 'SENT (UTC)' },
    { title: 'WHY' },
    { title: 'FUNCTION' },
    { title: 'EVENT', mayBreak: true },
  ] as const;
  const rows = letters.map((one): Cell[] => [
    one.messageId.slice(0, shownOfId),
    one.sentAt.slice(0, 16).replace('T', ' '),
    { text: one.code, meaning: 'bad' },
    functionText(one.functionArn),
    eventText(one),
  ]);
  const more = total - letters.length;
  return [
    paint(
      'attention',
      letters.length === 1 ? '1 change was given up on:' : `${letters.length} changes were given up on:`,
    ),
    table(columns, rows),
    ...(more > 0 ? [paint('faint', `… and about ${more} more: --limit ${total} shows them all.`)] : []),
    ...(elsewhere === undefined ? [] : [elsewhere]),
    '',
    ...[...Map.groupBy(letters, ({ code, advice }) => `${code} ${advice}`).values()].flatMap(reasonLines),
  ].join('\n');
}

/** Why some letters are there, by the words of the latest of them, and what to do. */
function reasonLines(letters: readonly DescribedLetter[]): string[] {
  const latest = letters.reduce((one, other) => ((other.failedAt ?? '') > (one.failedAt ?? '') ? other : one));
  const { code, why, advice } = latest;
  const others = letters.length - 1;
  const like = others === 0 ? '' : ` (and ${others} more like it)`;
  return [
    paragraph(safe(`${code}: ${why}${like}`), { hanging: '  ' }),
    paragraph(`→ ${advice}`, { indent: '  ', hanging: '    ' }),
  ];
}

function eventText({ eventName = 'unknown event', actor, received }: DescribedLetter): string {
  const times = received === 1 ? 'received once' : `received ${received} times`;
  return `${eventName}${actor === undefined ? '' : ` by ${actor}`}, ${times}`;
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
