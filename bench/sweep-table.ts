import { readable, renderRows } from './rows.ts';
import type { SweepResult } from './sweep-result.ts';

/** A line a sweep. */
export function renderSweeps(results: readonly SweepResult[]): string {
  const count = (value: number) => value.toLocaleString('en-US');
  return renderRows([
    [
      'tool',
      'mode',
      'functions',
      'opted in',
      'calls',
      'verifying',
      'seconds',
      'at 8 calls/s',
      'processor',
      'peak memory',
      'in flight',
      'in a second',
    ],
    ...results.map((result) => [
      result.tool,
      result.mode,
      count(result.functions),
      count(result.tagged),
      count(result.calls),
      count(result.verificationCalls),
      `${readable(result.seconds)} s`,
      `${readable(result.secondsAtShare)} s`,
      result.cpuSeconds === null ? '' : `${readable(result.cpuSeconds)} s`,
      result.peakMemoryMb === null ? '' : `${readable(result.peakMemoryMb)} MB`,
      count(result.maxInFlight),
      count(result.maxPerSecond),
    ]),
  ]);
}
