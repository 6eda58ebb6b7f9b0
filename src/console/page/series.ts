import type { Report } from '../../service/report-schema.ts';
import { kindOf, shareOf } from '../../service/report-summary.ts';

/* What charts are drawn from: points and buckets of time. */

/** The protected share at a moment. */
export interface SharePoint {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly at: string;
  readonly share: number;
  readonly functions: number;
  readonly protected: number;
  readonly problems: number;
}

/** What each sweep found, and what the records say now; sweeps that found no function say nothing. */
export function sharePointsOf({ coverage, totals, generatedAt }: Report): SharePoint[] {
  const points = [
    ...coverage,
    { at: generatedAt, functions: totals.functions, protected: totals.protected, problems: 0 },
  ];
  return points
    .filter(({ functions }) => functions > 0)
    .map((point) => ({
      time: Date.parse(point.at),
      at: point.at,
      share: shareOf(point),
      functions: point.functions,
      protected: point.protected,
      problems: point.problems,
    }));
}

/** Where the axis of shares begins, so that small changes are seen, and which shares are written on it. */
export function shareScale(points: readonly SharePoint[]): {
  readonly lowest: number;
  readonly ticks: readonly number[];
} {
  const least = Math.min(1, ...points.map(({ share }) => share));
  const lowest = [0.98, 0.95, 0.9, 0.8, 0.5].find((one) => least >= one + (1 - one) * 0.15) ?? 0;
  const middle = (1 + lowest) / 2;
  return { lowest, ticks: [1, middle, lowest] };
}

/** What happened within a stretch of time. */
export interface Bucket {
  /** Its begin, in milliseconds since 1970. */
  readonly time: number;
  drifted: number;
  repaired: number;
  stopped: number;
}

const minute = 60_000;
const hour = 60 * minute;
const steps = [minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 24 * hour, 7 * 24 * hour];
const mostBuckets = 42;

/** What happened from the first drift on, in stretches that fit the time. */
export function bucketsOf(report: Report): { readonly buckets: readonly Bucket[]; readonly stepMs: number } {
  const { timeline, activity, leftOut, generatedAt } = report;
  const end = Date.parse(generatedAt);
  const oldest = timeline.at(-1);
  const isWhole = leftOut === 0;
  const begin = Math.min(end - 10 * minute, Date.parse((isWhole ? oldest?.at : activity[0]?.hour) ?? generatedAt));
  const stepMs = steps.find((step) => (end - begin) / step <= mostBuckets) ?? 30 * 24 * hour;
  const firstStep = Math.floor(begin / stepMs);
  const buckets = Array.from({ length: Math.floor(end / stepMs) - firstStep + 1 }, (_, index): Bucket => {
    return { time: (firstStep + index) * stepMs, drifted: 0, repaired: 0, stopped: 0 };
  });
  const bucketAt = (time: number) => buckets[Math.floor(time / stepMs) - firstStep];
  if (stepMs < hour && isWhole)
    for (const outcome of timeline) {
      const kind = kindOf(outcome);
      const bucket = bucketAt(Date.parse(outcome.at));
      if (bucket && (kind === 'drifted' || kind === 'repaired' || kind === 'stopped')) bucket[kind]++;
    }
  else
    for (const one of activity) {
      const bucket = bucketAt(Date.parse(one.hour));
      if (!bucket) continue;
      bucket.drifted += one.drifted;
      bucket.repaired += one.repaired;
      bucket.stopped += one.stopped;
    }
  return { buckets, stepMs };
}
