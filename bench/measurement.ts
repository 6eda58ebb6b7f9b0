import { readable, renderRows } from './rows.ts';

/** One number that was measured, and what it is compared with. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  /** `µs`, `ms`, `s`, `KB`, `MB`, `events/s`; empty for what is counted. */
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

/** The value that this share (0 to 1) of the others is not above: the nearest rank. Nothing of no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** An aligned table, a line a measurement. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = [
    ['what', 'measured', 'baseline', 'ratio', 'goal'],
    ...measurements.map(({ name, value, unit, baseline, goal }) => [
      name,
      `${readable(value)} ${unit}`.trimEnd(),
      baseline ? `${readable(baseline.value)} ${unit} (${baseline.name})` : '',
      baseline ? `${readable(value / baseline.value)} ×` : '',
      goal === undefined ? '' : `≤ ${readable(goal)} ${unit}`,
    ]),
  ];
  return renderRows(rows);
}
