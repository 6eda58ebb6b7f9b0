/** What was measured of a sweep, or of what another tool does in its place. */
export interface SweepResult {
  /** `layerward`, or another tool with its version. */
  readonly tool: string;
  readonly mode: 'repair' | 'idle';
  readonly functions: number;
  /** How many of them opted in. */
  readonly tagged: number;
  readonly regions: number;
  /** Milliseconds that each call of Lambda and of the tagging API takes. */
  readonly latency: number;
  readonly limiter: 'on' | 'off';
  /** Calls of Lambda and of the tagging API, on the wire, those that were refused included. */
  readonly calls: number;
  readonly seconds: number;
  /** Seconds that the calls that share Lambda's quota take at least, at the deployed share of it. */
  readonly secondsAtShare: number;
  /** Of the process; null where it was not measured. */
  readonly cpuSeconds: number | null;
  readonly peakMemoryMb: number | null;
  readonly peakHeapMb: number | null;
  /** As many calls of Lambda and of the tagging API at the same time. */
  readonly maxInFlight: number;
  /** Calls that share Lambda's quota, in the fullest second, wherever it begins. */
  readonly maxPerSecond: number;
  /** Calls that AWS refused. */
  readonly refused: number;
  /** Calls of `GetFunction` that verify afterwards what was sent: they have a quota of their own, and are not in `calls`. */
  readonly verificationCalls: number;
}

/** `CallsPerSecond` as template.yaml has it: Layerward's share of Lambda's quota. */
export const deployedShare = 8;
