import type { BurstResult } from './burst-case.ts';
import { readable, renderRows } from './rows.ts';

/** What a burst came to, a line a number. */
export function renderBurst(result: BurstResult): string {
  const { events, functions, callsPerSecond, fewestUpdates, mostUpdates } = result;
  return renderRows([
    [`${events.toLocaleString('en-US')} events, ${functions.toLocaleString('en-US')} functions`, ''],
    ['functions that are protected', String(result.protected)],
    [
      'updates of each function',
      fewestUpdates === mostUpdates ? String(mostUpdates) : `${fewestUpdates}–${mostUpdates}`,
    ],
    ['updates that AWS refused', String(result.refusedUpdates)],
    ['looks', result.looks.toLocaleString('en-US')],
    ['dead letters', String(result.deadLetters)],
    ['seconds in which the events came', readable(result.burstSeconds)],
    ['seconds until the queue was empty', readable(result.seconds)],
    [`seconds at ${callsPerSecond} updates a second`, readable(result.secondsAtRate)],
    ['calls in the fullest second', String(result.maxPerSecond)],
  ]);
}
