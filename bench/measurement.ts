import { readable, renderRows } from './rows.ts';

/** One number that was measured, and what it is compared with. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  /** `µs`, `ms`, `KB`, `MB`, `events/s`. */
  readonly unit: string;
  /** Measured in the same run, in the same unit. */
  readonly baseline?: { readonly name: string; readonly value: number };
  /** The most that it should be, in the same unit. */
  readonly goal?: number;
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** An aligned table, a line a measurement. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = [
    ['what', 'measured', 'baseline', 'ratio', 'goal'],
    ...measurements.map(({ name, value, unit, baseline, goal }) => [
      name,
      `${readable(value)} ${unit}`,
      baseline ? `${readable(baseline.value)} ${unit} (${baseline.name})` : '',
      baseline ? `${readable(value / baseline.value)} ×` : '',
      goal === undefined ? '' : `≤ ${readable(goal)} ${unit}`,
    ]),
  ];
  return renderRows(rows);
}
