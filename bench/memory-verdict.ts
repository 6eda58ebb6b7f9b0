import type { LoadFigures } from './load-watch.ts';
import { readable } from './rows.ts';

/** Whether memory grew, judged by the second half of a long run. */
export interface MemoryVerdict {
  /** Bytes an hour by which the fullest heap grew: the slope of the straight line that fits best. */
  readonly bytesPerHour: number;
  /** What that is of the heap in the middle of that time, in percent, for as long as that time was. */
  readonly growthPercent: number;
  readonly hasGrown: boolean;
}

/** A heap is never the same twice; what grows by more than this within the second half goes on growing. */
const mostGrowthPercent = 5;

/** Judges the heap of `remediate`, garbage left out. The first half is for caches to fill. */
export function judgeMemory(figures: readonly Pick<LoadFigures, 'seconds' | 'heaps'>[]): MemoryVerdict {
  const last = figures.at(-1)?.seconds ?? 0;
  const points = figures
    .filter(({ seconds, heaps }) => seconds >= last / 2 && heaps.length > 0)
    .map(({ seconds, heaps }) => ({ hours: seconds / 3600, bytes: Math.max(...heaps) }));
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [hours, bytes] = [mean((point) => point.hours), mean((point) => point.bytes)];
  const spread = mean((point) => (point.hours - hours) ** 2);
  const bytesPerHour = spread === 0 ? 0 : mean((point) => (point.hours - hours) * (point.bytes - bytes)) / spread;
  const growthPercent = ((bytesPerHour * (last / 2 / 3600)) / bytes) * 100;
  return { bytesPerHour, growthPercent, hasGrown: growthPercent > mostGrowthPercent };
}

/** The verdict, in a sentence. */
export function renderVerdict({ bytesPerHour, growthPercent, hasGrown }: MemoryVerdict): string {
  const sign = bytesPerHour < 0 ? '−' : '+';
  const rate = `${sign}${readable(Math.abs(bytesPerHour) / 1024 / 1024)} MB an hour`;
  const share = `${sign}${readable(Math.abs(growthPercent))} % in the second half`;
  return `memory ${hasGrown ? 'grew' : 'is flat'}: the fullest heap went by ${rate} (${share}, ${mostGrowthPercent} % allowed)`;
}
