import type { Call } from './bench-sandbox.ts';

/** What calls on the wire come to. */
export interface WireFigures {
  /** Calls of Lambda and of the tagging API, refused ones included. */
  readonly calls: number;
  /** As many of them at the same time. */
  readonly maxInFlight: number;
  /** The most calls that shared Lambda's quota of an account and region arrived within any second. */
  readonly maxPerSecond: number;
  /** The most calls that shared it, of all regions: what decides how long it takes at a given rate. */
  readonly mostInOneQuota: number;
}

/** Counts calls of Lambda and of the tagging API, as the sandbox saw them. */
export function countOnWire(calls: readonly Call[]): WireFigures {
  const counted = calls.filter(({ service }) => service === 'lambda' || service === 'tagging');
  const byRegion = Map.groupBy(counted.filter(sharesQuota), ({ region }) => region);
  const arrivals = [...byRegion.values()].map((ofRegion) => ofRegion.map((call) => call.startedAtMilliseconds));
  return {
    calls: counted.length,
    maxInFlight: mostInFlight(counted),
    maxPerSecond: Math.max(0, ...arrivals.map(mostWithinASecond)),
    mostInOneQuota: Math.max(0, ...arrivals.map(({ length }) => length)),
  };
}

/** All calls of Lambda's control plane share 15 a second, but `GetFunction`, which has a quota of its own. */
function sharesQuota({ service, action }: Call): boolean {
  return service === 'lambda' && action !== 'GetFunction';
}

function mostInFlight(calls: readonly Call[]): number {
  const moments = calls.flatMap(({ startedAtMilliseconds, endedAtMilliseconds = Number.POSITIVE_INFINITY }) => [
    { at: startedAtMilliseconds, by: 1 },
    { at: endedAtMilliseconds, by: -1 },
  ]);
  // One that ends in the moment in which another one begins was not at the same time.
  moments.sort((a, b) => a.at - b.at || a.by - b.by);
  let [now, most] = [0, 0];
  for (const { by } of moments) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** The most moments (ms) that are within less than a second, wherever it begins. */
function mostWithinASecond(moments: readonly number[]): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let [from, most] = [0, 0];
  for (const [index, at] of sorted.entries()) {
    while (at - (sorted[from] ?? at) >= 1000) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
