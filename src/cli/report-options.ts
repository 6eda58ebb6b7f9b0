import type { ConnectionOptions } from './connection-options.ts';
import { WrongUse } from './exit-code.ts';

export { withRecords } from './sight-options.ts';

/** How a person says where the records are. */
export interface RecordsOptions extends ConnectionOptions {
  readonly stack: string;
  readonly table?: string;
}

const unitMs = { h: 60 * 60_000, d: 24 * 60 * 60_000 } as const;

/** The history is kept for so long. */
const longestDays = 400;

/**
 * Reads what `--since` says: `30d`, `12h`, a day or a moment (ISO 8601).
 * @throws {WrongUse} for anything else, and for what is not in the past.
 */
export function readSince(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  const since =
    unit === 'h' || unit === 'd'
      ? new Date(now.getTime() - Number(count) * unitMs[unit])
      : /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text)
        ? new Date(text)
        : undefined;
  if (!since || Number.isNaN(since.getTime()) || since >= now)
    throw new WrongUse(`--since takes how long ago (12h, 30d) or a day in the past (2026-11-01), not ${text}`);
  const earliest = now.getTime() - longestDays * unitMs.d;
  if (since.getTime() < earliest)
    throw new WrongUse(`--since reaches back ${longestDays} days at most, which is as long as the history is kept`);
  return since;
}

/**
 * Reads what `--port` says.
 * @throws {WrongUse} for anything but a port.
 */
export function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new WrongUse(`--port takes a number from 0 to 65535, not ${text}`);
  return port;
}
