/* Numbers and times for people. */

const numbers = new Intl.NumberFormat('en');
const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const days = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortDays = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockWithSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** `12,345` */
export function formatCount(count: number): string {
  return numbers.format(count);
}

/** `1 function`, `2 functions` */
export function formatCountOf(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** `26 Nov 2026, 09:05`, in the time zone of whoever reads it. */
export function formatTime(iso: string): string {
  const date = readDate(iso);
  return date ? `${dates.format(date)}, ${clock.format(date)}` : iso;
}

/** `26 Nov 2026, 09:05:12` */
export function formatExactTime(iso: string): string {
  const date = readDate(iso);
  return date ? `${dates.format(date)}, ${clockWithSeconds.format(date)}` : iso;
}

/** `09:05:12` */
export function formatClock(iso: string): string {
  const date = readDate(iso);
  return date ? clockWithSeconds.format(date) : iso;
}

/** `Thursday, 26 November 2026` */
export function formatDay(iso: string): string {
  const date = readDate(iso);
  return date ? days.format(date) : iso;
}

/** For an axis: `09:05` where all of it is within two days, else `26 Nov`. */
export function formatTick(time: number, spanMs: number): string {
  const date = new Date(time);
  return spanMs <= 2 * 24 * 60 * 60_000 ? clock.format(date) : shortDays.format(date);
}

const steps = [
  { ms: 24 * 60 * 60_000, unit: 'd' },
  { ms: 60 * 60_000, unit: 'h' },
  { ms: 60_000, unit: 'min' },
] as const;

/** How long something lasts: `12 d`, `3 h`, `5 min`, `now`. */
export function formatAge(iso: string, now: number): string {
  const date = readDate(iso);
  if (!date) return iso;
  const ms = now - date.getTime();
  const step = steps.find((one) => ms >= one.ms);
  return step ? `${formatCount(Math.floor(ms / step.ms))} ${step.unit}` : 'now';
}

/** `3.4 s`, `12 min`, `5 h` */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const step = steps.find((one) => ms >= one.ms);
  return step ? `${formatCount(Math.round(ms / step.ms))} ${step.unit}` : `${Math.round(ms)} ms`;
}

function readDate(iso: string): Date | undefined {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
