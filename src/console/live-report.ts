import { setTimeout as sleep } from 'node:timers/promises';
import type { Coverage } from '../domain/ports.ts';
import type { Outcome } from '../domain/record.ts';
import { coverageFound, reportedFunctionOf } from '../service/report.ts';
import {
  asReported,
  type FunctionDetail,
  type LiveChange,
  type LiveCoverage,
  type LiveState,
  type Report,
  type ReportedFunction,
} from '../service/report-schema.ts';
import { type ReportRecords, readReport } from '../service/report-source.ts';
import { outcomeKey, withChanges } from '../service/report-summary.ts';

/** What the page is told. `reload`: everything was read anew. */
export type LiveMessage =
  | { readonly event: 'changes'; readonly data: readonly LiveChange[] }
  | { readonly event: 'coverage'; readonly data: LiveCoverage }
  | { readonly event: 'state'; readonly data: LiveState }
  | { readonly event: 'reload'; readonly data: Record<string, never> };

/** What a live report is made from. */
export interface LiveReportOptions {
  readonly records: ReportRecords;
  readonly now: () => Date;
  /** How far back the timeline goes. */
  readonly sinceDays: number;
  /** How long to wait between two questions for what is new. */
  readonly pollEveryMs: number;
  /** Says what went wrong and what to do, in a sentence. */
  readonly explain: (error: unknown) => string;
}

/** A report that follows the records for as long as somebody listens. */
export interface LiveReport {
  /** The report as JSON; `undefined` as long as the records have not been read. */
  json(): string | undefined;
  state(): LiveState;
  /** Tells of everything from now on; the answer ends it. */
  subscribe(listener: (message: LiveMessage) => void): () => void;
  /** What was told within the last minute. */
  recent(): readonly LiveChange[];
  detail(functionArn: string): Promise<FunctionDetail>;
  close(): Promise<void>;
}

const dayMs = 24 * 60 * 60_000;
/** An index of DynamoDB's is a moment late, and writers' clocks differ; what is told twice is told apart by its key. */
const overlapMs = 60_000;
/** Outcomes that could not be told at once come late, with their own time: reading anew finds them. */
const readAnewEveryMs = 10 * 60_000;
/** What sweeps find changes rarely. */
const coverageEveryMs = 20_000;
const longestPauseMs = 30_000;
/** How many functions are asked for at a time. */
const findsAtOnce = 16;
/** Enough for any function, and no more than a page can show. */
const longestHistory = 1_000;
/** What the page lists: a function's own history is asked for with its page. */
const longestTimeline = 1_500;

/** Reads the records, and goes on asking for what is new while anybody listens. */
export function createLiveReport({ records, now, sinceDays, pollEveryMs, explain }: LiveReportOptions): LiveReport {
  const listeners = new Set<(message: LiveMessage) => void>();
  const ending = new AbortController();
  let report: Report | undefined;
  let json: string | undefined;
  let state: LiveState = { state: 'reading', message: '' };
  let seen = new Set<string>();
  let newest = 0;
  let readAt = 0;
  let coverageAt = 0;
  let coverage: Coverage[] = [];
  let recent: readonly { readonly at: number; readonly change: LiveChange }[] = [];
  let wake: (() => void) | undefined;

  const tell = (message: LiveMessage) => {
    for (const listener of listeners) listener(message);
  };
  const setState = (next: LiveState) => {
    if (next.state === state.state && next.message === state.message) return;
    state = next;
    tell({ event: 'state', data: next });
  };

  async function readAll(): Promise<void> {
    const at = now();
    let toldAt = 0;
    const since = new Date(at.getTime() - sinceDays * dayMs);
    const read = await readReport(records, at, { since, longestTimeline }, ({ functions }) => {
      // Whoever ends the console does not wait until ten thousand functions are read.
      ending.signal.throwIfAborted();
      if (report || functions - toldAt < 250) return;
      toldAt = functions;
      setState({ state: 'reading', message: `${functions} functions read` });
    });
    const isFirst = report === undefined;
    report = read;
    json = undefined;
    seen = new Set(
      read.timeline.filter(({ at: when }) => Date.parse(when) > at.getTime() - 2 * overlapMs).map(outcomeKey),
    );
    newest = at.getTime();
    readAt = at.getTime();
    coverage = [];
    coverageAt = 0;
    if (!isFirst) tell({ event: 'reload', data: {} });
  }

  async function poll(): Promise<void> {
    const at = now();
    if (!report || at.getTime() - readAt > readAnewEveryMs) return readAll();
    const from = new Date(newest - overlapMs);
    const to = new Date(at.getTime() + overlapMs);
    const outcomes: Outcome[] = [];
    for (const items of [records.drifted(from, to), records.changed(from, to)])
      for await (const outcome of items) if (!seen.has(outcomeKey(asReported(outcome)))) outcomes.push(outcome);
    if (outcomes.length > 0) await follow(outcomes.sort((a, b) => (a.at < b.at ? -1 : 1)));
    newest = at.getTime();
    if (at.getTime() - coverageAt > coverageEveryMs) await followSweeps(at);
  }

  async function follow(outcomes: readonly Outcome[]): Promise<void> {
    const arns = [...new Set(outcomes.map(({ functionArn }) => functionArn))];
    const found = new Map<string, LiveChange['function']>();
    for (let first = 0; first < arns.length; first += findsAtOnce)
      await Promise.all(
        arns.slice(first, first + findsAtOnce).map(async (arn) => {
          const record = await records.find(arn);
          found.set(arn, record && reportedFunctionOf(record));
        }),
      );
    const changes = outcomes.map((outcome): LiveChange => {
      const current = found.get(outcome.functionArn);
      return { outcome: asReported(outcome), ...(current ? { function: current } : {}) };
    });
    for (const { outcome } of changes) seen.add(outcomeKey(outcome));
    if (report) report = withChanges(report, changes, now());
    json = undefined;
    const at = now().getTime();
    recent = [...recent.filter((one) => at - one.at < overlapMs), ...changes.map((one) => ({ at, change: one }))];
    tell({ event: 'changes', data: changes });
  }

  async function followSweeps(at: Date): Promise<void> {
    const since = new Date(at.getTime() - dayMs);
    const found: Coverage[] = [];
    for await (const one of records.coverage(since, new Date(at.getTime() + overlapMs))) found.push(one);
    coverageAt = at.getTime();
    if (!report || found.length === coverage.length) return;
    coverage = found;
    const { coverage: points, problems } = coverageFound(found);
    const older = report.coverage.filter(({ sweepId }) => !points.some((point) => point.sweepId === sweepId));
    const data = { coverage: [...older, ...points], problems };
    report = { ...report, ...data };
    json = undefined;
    tell({ event: 'coverage', data });
  }

  async function run(): Promise<void> {
    let pause = pollEveryMs;
    while (!ending.signal.aborted) {
      try {
        await poll();
        setState({ state: 'live', message: '' });
        pause = pollEveryMs;
      } catch (error) {
        if (ending.signal.aborted) return;
        setState({ state: 'trouble', message: explain(error) });
        pause = Math.min(longestPauseMs, pause * 2);
      }
      await sleep(pause, undefined, { signal: ending.signal }).catch(() => {});
      if (listeners.size === 0 && report && !ending.signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  const running = run();
  return {
    json() {
      if (report) json ??= JSON.stringify({ ...report, functions: report.functions.map(lean) });
      return json;
    },
    state: () => state,
    recent: () => recent.filter(({ at }) => now().getTime() - at < overlapMs).map(({ change }) => change),
    subscribe(listener) {
      listeners.add(listener);
      wake?.();
      return () => listeners.delete(listener);
    },
    async detail(functionArn) {
      // Functions have their records under their ARNs. Whatever else is in the table is not for here; too long a key is none.
      if (!/^arn:.{1,1000}$/.test(functionArn)) return { history: [] };
      const record = await records.find(functionArn);
      const history: FunctionDetail['history'] = [];
      for await (const outcome of records.history(functionArn)) {
        history.push(asReported(outcome));
        if (history.length >= longestHistory) break;
      }
      return { ...(record ? { function: reportedFunctionOf(record) } : {}), history };
    },
    async close() {
      ending.abort();
      wake?.();
      await running;
    },
  };
}

/**
 * A function without what only its own page shows, which asks for it: of ten thousand that are protected, it would be the
 * half of what they take.
 */
function lean({ attached: _, ...rest }: ReportedFunction): ReportedFunction {
  if (rest.needsPerson) return rest;
  const { eventName, eventTime, actor } = rest.cause;
  const who = actor ? { actor: { type: actor.type, name: actor.name } } : {};
  return {
    ...rest,
    cause: { eventId: '', eventName, eventTime, ...who },
    drift: rest.drift.map(({ code }) => ({ code, path: '' })),
  };
}
