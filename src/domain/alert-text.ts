import { adviceFor } from './advice.ts';
import type { Actor } from './change.ts';
import type { Drift } from './drift.ts';
import { parseFunctionArn } from './function-arn.ts';
import type { Outcome } from './record.ts';

/** SNS refuses longer subjects, and anything in them but printable ASCII. */
const longestSubject = 100;

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The subject of an alert: what happened, to which function. */
export function alertSubject(outcome: Outcome): string {
  const name = parseFunctionArn(outcome.functionArn)?.functionName ?? outcome.functionArn;
  const subject = `Layerward: ${headline(outcome)}: ${name}`.replaceAll(/[^\x20-\x7e]/g, '?');
  return subject.length <= longestSubject ? subject : `${subject.slice(0, longestSubject - 3)}...`;
}

function headline({ status, reason, action }: Outcome): string {
  switch (status) {
    case 'protected':
      return action === 'repaired' ? 'protection removed and put back' : 'protected';
    case 'drifted':
      return `drift seen (${reason})`;
    case 'blocked':
      return `not protected (${reason})`;
    case 'contested':
      return 'contested, left alone';
    case 'unsupported':
      return `cannot be protected (${reason})`;
    case 'release':
      return `to be released (${reason})`;
    case 'released':
      return `released (${reason})`;
    case 'deleted':
      return 'deleted';
  }
}

/** The text of an alert for e-mail: what, where, who, what was done, what you can do. */
export function alertText(outcome: Outcome): string {
  const arn = parseFunctionArn(outcome.functionArn);
  const lines: [string, string][] = [
    ['Function', arn?.functionName ?? outcome.functionArn],
    ['Where', arn ? `account ${arn.accountId}, ${arn.region}` : 'unknown'],
    ['What', outcome.detail === '' ? headline(outcome) : `${headline(outcome)}: ${outcome.detail}`],
    ...outcome.drift.map((drift): [string, string] => ['Drift', driftText(drift)]),
    ['Who', whoText(outcome.cause.actor)],
    ['By', `${outcome.cause.eventName} at ${outcome.cause.eventTime} (event ${outcome.cause.eventId})`],
    ['Done', doneText(outcome)],
    ['To do', adviceFor(outcome)],
    ['ARN', outcome.functionArn],
  ];
  // Names, wrappers and AWS's words may hold line breaks, which would pass for lines of ours.
  return lines.map(([label, text]) => `${`${label}:`.padEnd(10)}${text.replaceAll(unprintable, '\ufffd')}`).join('\n');
}

/** One difference, for people. */
export function driftText({ code, path, expected, actual }: Drift): string {
  const values = [
    ...(expected === undefined ? [] : [`should be ${expected}`]),
    ...(actual === undefined ? [] : [`was ${actual}`]),
  ];
  return `${code} at ${path}${values.length > 0 ? ` (${values.join(', ')})` : ''}`;
}

/** Who did it, for people. */
export function whoText(actor: Actor | undefined): string {
  if (!actor) return 'can’t be told from the event';
  const via = actor.invokedBy && actor.invokedBy !== actor.name ? ` through ${actor.invokedBy}` : '';
  const from =
    actor.sourceIpAddress && actor.sourceIpAddress !== actor.invokedBy ? ` from ${actor.sourceIpAddress}` : '';
  return `${actor.name} (${actor.type}${via}${from})`;
}

function doneText({ action, durationMs }: Outcome): string {
  const seconds = `${(durationMs / 1000).toFixed(1)} s after the event`;
  switch (action) {
    case 'attached':
      return `attached and verified, ${seconds}`;
    case 'repaired':
      return `put back and verified, ${seconds}`;
    case 'updated':
      return `brought up to date and verified, ${seconds}`;
    case 'released':
      return `taken off and verified, ${seconds}`;
    case 'sent':
      return 'an update was sent and is being verified';
    case 'reported':
      return 'nothing: the mode is audit';
    case 'none':
      return 'nothing';
  }
}
