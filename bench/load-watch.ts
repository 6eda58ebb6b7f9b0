import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../src/domain/record.ts';
import type { BenchSandbox } from './bench-sandbox.ts';
import { hasFailed } from './call-faults.ts';
import type { HubView } from './hub-view.ts';
import { percentile } from './measurement.ts';
import { followOwnCalls, functionArnOf, tookEffect } from './own-calls.ts';

/** How a load goes, at one moment. */
export interface LoadFigures {
  /** Since it began. */
  readonly seconds: number;
  /** Changes that people have made. */
  readonly changes: number;
  /** Messages on the queue. */
  readonly queued: number;
  /** Layerward's own calls, how many of them failed, and its updates that took effect. */
  readonly calls: number;
  readonly failedCalls: number;
  readonly updates: number;
  /** From an event to the verified end of what it began, of all so far. */
  readonly latency: Latency;
  /** Bytes on the heap of each process of `remediate`, without garbage. */
  readonly heaps: readonly number[];
  /** Bytes that the sandbox has resident. */
  readonly sandboxBytes: number;
}

/** Percentiles of durations in milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Watches what Layerward does. */
export interface LoadWatch {
  /** The load begins: counts from now on, and looks at once and every minute. */
  begin(): Promise<void>;
  noteChange(): void;
  /** Looks a last time. */
  end(): Promise<void>;
  /** Since it began. */
  seconds(): number;
  readonly figures: readonly LoadFigures[];
  /** Every outcome in the history, those before the load included. */
  outcomes(): readonly Outcome[];
  /** When updates of Layerward's that took effect were sent, by function, those before the load included; in milliseconds. */
  readonly updates: ReadonlyMap<string, readonly number[]>;
}

/** The sandbox remembers a limited number of calls. */
const followEveryMs = 2_000;
const lookEverySeconds = 60;
/** An outcome is in the history soon after its time. */
const overlapMs = 30_000;
/** The actions of outcomes that end what an event began. */
const endings: ReadonlySet<string> = new Set(['attached', 'repaired', 'updated', 'released']);

/** Watches Layerward in a sandbox from now on. */
export function watchLoad(sandbox: BenchSandbox, hub: HubView, onFigures: (figures: LoadFigures) => void): LoadWatch {
  const nextCalls = followOwnCalls(sandbox);
  const updates = new Map<string, number[]>();
  const outcomes = new Map<string, Outcome>();
  const figures: LoadFigures[] = [];
  let counts = { changes: 0, calls: 0, failedCalls: 0, updates: 0 };
  let readUntil = new Date();
  let beganAt: Date | undefined;
  let isEnded = false;

  const seconds = () => (beganAt ? (Date.now() - beganAt.getTime()) / 1000 : 0);

  const countCalls = async () => {
    for (const call of await nextCalls()) {
      counts.calls++;
      if (hasFailed(call)) counts.failedCalls++;
      if (call.action !== 'UpdateFunctionConfiguration' || !tookEffect(call)) continue;
      counts.updates++;
      const arn = functionArnOf(call);
      updates.set(arn, [...(updates.get(arn) ?? []), call.startedAtMilliseconds]);
    }
  };

  const readHistory = async () => {
    const [from, to] = [new Date(readUntil.getTime() - overlapMs), new Date()];
    for (const read of [hub.records.changed(from, to), hub.records.drifted(from, to)])
      for await (const outcome of read) outcomes.set(`${outcome.functionArn} ${outcome.at} ${outcome.action}`, outcome);
    readUntil = to;
  };

  const look = async () => {
    await readHistory();
    const memory = await sandbox.memory();
    const durations = [...outcomes.values()]
      .filter(({ at, action }) => endings.has(action) && beganAt && Date.parse(at) >= beganAt.getTime())
      .map(({ durationMs }) => durationMs);
    const now: LoadFigures = {
      seconds: seconds(),
      ...counts,
      queued: await hub.queued(),
      latency: {
        count: durations.length,
        p50: percentile(durations, 0.5),
        p90: percentile(durations, 0.9),
        p99: percentile(durations, 0.99),
        max: percentile(durations, 1),
      },
      heaps: (memory.functions['layerward-remediate'] ?? []).map(({ heapBytes }) => heapBytes),
      sandboxBytes: memory.sandbox.residentBytes,
    };
    figures.push(now);
    onFigures(now);
  };

  const watching = (async () => {
    while (!isEnded) {
      await sleep(followEveryMs);
      await countCalls();
      if (beganAt && seconds() >= figures.length * lookEverySeconds) await look();
    }
  })();
  // Whoever ends it is told.
  watching.catch(() => {});

  return {
    figures,
    updates,
    seconds,
    outcomes: () => [...outcomes.values()],
    async begin() {
      await countCalls();
      counts = { changes: 0, calls: 0, failedCalls: 0, updates: 0 };
      await look();
      beganAt = new Date();
    },
    noteChange() {
      counts.changes++;
    },
    async end() {
      isEnded = true;
      await watching;
      await look();
    },
  };
}
