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
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function readable(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}
