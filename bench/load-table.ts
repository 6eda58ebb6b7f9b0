import type { LoadResult } from './load-case.ts';
import type { LoadFigures } from './load-watch.ts';
import { median } from './measurement.ts';
import { readable, renderRows } from './rows.ts';

const megabyte = 1024 * 1024;
const mostTold = 20;

/** How it goes, on one line. */
export function renderFigures({ seconds, changes, queued, calls, latency, heaps, sandboxBytes }: LoadFigures): string {
  return [
    `${Math.round(seconds / 60)} min`.padStart(7),
    `${count(changes)} changes`.padStart(15),
    `${count(calls)} calls`.padStart(15),
    `${count(queued)} queued`.padStart(14),
    `p50 ${inSeconds(latency.p50)}, p99 ${inSeconds(latency.p99)}`.padEnd(22),
    `heap ${inMegabytes(median(heaps))}`,
    `sandbox ${inMegabytes(sandboxBytes)}`,
  ].join('  ');
}

/** What became of a load, a line a number, and what was lost. */
export function renderLoad(result: LoadResult): string {
  const { figures, lost } = result;
  const [before, after] = [figures[0], figures.at(-1)];
  if (!before || !after) throw new Error('nothing was measured');
  const { latency } = after;
  const rows = renderRows([
    [
      `${count(result.changes)} changes, ${count(result.functionsLeft)} functions, ${count(result.optedIn)} opted in`,
      '',
    ],
    ['lost, or done without need', String(lost.length)],
    ['dead letters, and after they were redriven', `${result.deadLetters}, ${result.deadLettersLeft}`],
    ['seconds in which the changes were made', readable(result.changeSeconds)],
    ['seconds until the queue was empty', readable(result.seconds)],
    ['changes a second', readable(result.changes / result.seconds)],
    ['calls of AWS by Layerward', count(after.calls)],
    ['of them failed', `${count(after.failedCalls)} (${((after.failedCalls / after.calls) * 100).toFixed(1)} %)`],
    ['updates of functions', count(after.updates)],
    [
      `from event to outcome, of ${count(latency.count)}`,
      `p50 ${inSeconds(latency.p50)}, p90 ${inSeconds(latency.p90)}, p99 ${inSeconds(latency.p99)}, max ${inSeconds(latency.max)}`,
    ],
    ['heap of each process, before', before.heaps.map(inMegabytes).join(', ')],
    ['heap of each process, after', after.heaps.map(inMegabytes).join(', ')],
    [
      'memory of the sandbox, before and after',
      `${inMegabytes(before.sandboxBytes)}, ${inMegabytes(after.sandboxBytes)}`,
    ],
  ]);
  const told = lost.slice(0, mostTold).map((one) => `  ${one}`);
  const more = lost.length > mostTold ? [`  and ${lost.length - mostTold} more`] : [];
  return [rows, ...(lost.length === 0 ? [] : ['', 'Lost, or done without need:', ...told, ...more])].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function inMegabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(1)} MB`;
}

function inSeconds(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? '–' : `${readable(milliseconds / 1000)} s`;
}
