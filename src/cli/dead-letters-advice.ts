/** Why a letter is one, as a code: an error's of ours, or one of these where there is none. */
export const letterCodes = {
  /** EventBridge could not put it on the queue. */
  notDelivered: 'not-delivered',
  /** It is no event that Layerward knows. */
  unreadable: 'unreadable',
  /** Nothing is found in the log. */
  unknown: 'unknown',
} as const;

const retry = 'layerward dead-letters retry';
const page = (anchor: string) => `docs/operations.md#${anchor}`;

/** What to do about letters of a code, in a sentence; docs/operations.md says more. */
const advice: Readonly<Record<string, string>> = {
  'access-denied': `Grant what the message names (docs/security.md), then ${retry}.`,
  'account-unknown': `See ${page('an-account-is-unknown')}, then ${retry}.`,
  'invalid-input': `Put right what the message names, then ${retry}; a table that is not there: ${page('the-table-is-lost')}.`,
  'policy-unusable': `See ${page('the-policy-is-unusable')}, then ${retry}.`,
  'service-unavailable': `Once AWS answers again, ${retry}.`,
  'still-waiting': `See what AWS says of the function (layerward explain), then ${retry}.`,
  unexpected: `A fault of Layerward’s: ${retry} once, and report it if it comes back.`,
  [letterCodes.notDelivered]: `See that the rule may send to the queue (deploying the stack again mends that), then ${retry}.`,
  [letterCodes.unreadable]: 'Nothing can be looked at because of it: layerward dead-letters drop; a file keeps it.',
  [letterCodes.unknown]: `${retry}; if it comes back: ${page('the-function-fails')}.`,
};

const passing = `It passes by itself: ${retry}.`;

/** What to do about a letter. @param isOfUse whether a look would come of it */
export function adviceForLetter(code: string, isOfUse: boolean): string {
  if (!isOfUse && code !== letterCodes.unreadable) return 'No look would come of it: layerward dead-letters drop.';
  return advice[code] ?? passing;
}
