import * as z from 'zod';
import type { Outcome, RecordStatus } from '../domain/record.ts';

/*
 * The report as `layerward report --json` prints it and as the page reads it; docs/console.md has it for people. Browsers
 * load this file too, so it imports nothing that needs Node.
 */

const text = z.string();
const count = z.int().nonnegative();
const optional = <T extends z.ZodType>(schema: T) => schema.exactOptional();

/** The statuses of a record, those that need somebody first, what is done with last. */
export const reportStatuses = [
  'blocked',
  'contested',
  'drifted',
  'unsupported',
  'release',
  'protected',
  'released',
  'deleted',
] as const satisfies readonly RecordStatus[];

/** The statuses that count: functions that opted in, and are there. */
export const countedStatuses = ['protected', 'drifted', 'blocked', 'contested', 'unsupported'] as const;

const status = z.enum(reportStatuses);

const drift = z.object({ code: text, path: text, expected: optional(text), actual: optional(text) });

const cause = z.object({
  eventId: text,
  eventName: text,
  eventTime: text,
  actor: optional(
    z.object({
      type: text,
      name: text,
      arn: optional(text),
      invokedBy: optional(text),
      sourceIpAddress: optional(text),
      userAgent: optional(text),
    }),
  ),
});

const names = { agent: optional(text), variant: optional(text), group: optional(text) };
const state = { status, reason: text, detail: text, action: text, drift: z.array(drift), cause };

/** A change of a function's state, as the history keeps it. */
export const reportedOutcome = z.object({
  functionArn: text,
  ...state,
  at: text,
  durationMs: z.number(),
  ...names,
  previous: optional(z.object({ status, reason: text })),
});

/** A change of a function's state. */
export type ReportedOutcome = z.output<typeof reportedOutcome>;

/** What Layerward keeps on a function; of variables only the names, since a team's value may be anything. */
const attached = z.object({
  layerArn: text,
  /** Where the Handler is redirected: the agent's, and the team's own. */
  handler: optional(z.object({ applied: text, before: text })),
  variables: z.array(text),
  /** Names of variables that had a value of the team's before, which a release gives back. */
  givenBack: z.array(text),
});

/** A function, as far as its record knows. */
export const reportedFunction = z.object({
  arn: text,
  name: text,
  account: text,
  region: text,
  runtime: optional(text),
  architecture: text,
  ...state,
  ...names,
  /** Since when the status is what it is, ISO 8601. */
  since: text,
  /** How often it was put right in all. */
  repairCount: count,
  /** Whether nothing goes on until a person does something. */
  needsPerson: z.boolean(),
  /** What a person can do, in a sentence. */
  next: text,
  attached: optional(attached),
});

/** A function, as far as its record knows. */
export type ReportedFunction = z.output<typeof reportedFunction>;

/** How many functions, and how many of them are protected. */
const tally = {
  /** Functions that opted in and are there. */
  functions: count,
  protected: count,
  needPerson: count,
  /** Every function that has a record, by its status. */
  byStatus: z.partialRecord(status, count),
};

const totals = z.object(tally);
const part = z.object({ name: text, ...tally });

/** How many functions, and how many of them are protected. */
export type Totals = z.output<typeof totals>;
/** The same for one account, region, runtime or group. */
export type Part = z.output<typeof part>;

const coveragePoint = z.object({
  sweepId: text,
  /** When the sweep looked last, ISO 8601. */
  at: text,
  functions: count,
  protected: count,
  /** By status and reason, as the sweep found them. */
  counts: z.record(text, z.number()),
  /** How many pairs of account and region were looked at. */
  places: count,
  repaired: count,
  problems: count,
});

/** What a sweep found, over all accounts and regions. */
export type CoveragePoint = z.output<typeof coveragePoint>;

const activityHour = z.object({
  /** The hour's begin, ISO 8601. */
  hour: text,
  /** Protection that was taken off, or drift that audit mode only reports. */
  drifted: count,
  repaired: count,
  /** First attachments, updates and releases. */
  changed: count,
  /** Became blocked, contested or unsupported. */
  stopped: count,
});

/** What happened within an hour. */
export type ActivityHour = z.output<typeof activityHour>;

const fixTimes = z.object({ count, medianMs: z.number(), p95Ms: z.number() });

/** How long it took from the event to the verified fix. */
export type FixTimes = z.output<typeof fixTimes>;

/** The whole report. */
export const report = z.object({
  version: z.literal(1),
  /** ISO 8601. */
  generatedAt: text,
  /** From when on the timeline and the coverage are, ISO 8601. */
  since: text,
  totals,
  byAccount: z.array(part),
  byRegion: z.array(part),
  byRuntime: z.array(part),
  byGroup: z.array(part),
  /** Those that need somebody first. */
  functions: z.array(reportedFunction),
  /** Oldest first. */
  coverage: z.array(coveragePoint),
  /** What the latest sweep could not look at, and what to do about it. */
  problems: z.array(z.object({ what: text, problem: text })),
  /** Newest first. */
  timeline: z.array(reportedOutcome),
  /** How many older changes the timeline leaves out; `activity` counts them all the same. */
  leftOut: count,
  /** Oldest first; hours without anything are left out. */
  activity: z.array(activityHour),
  fixTimes,
});

/** The whole report. */
export type Report = z.output<typeof report>;

/** What the console answers about one function. */
export const functionDetail = z.object({
  /** Absent where there is no record. */
  function: optional(reportedFunction),
  /** Newest first. */
  history: z.array(reportedOutcome),
});

/** What the console answers about one function. */
export type FunctionDetail = z.output<typeof functionDetail>;

/** Something new, as the console sends it to the page. */
export const liveChange = z.object({
  outcome: reportedOutcome,
  /** The function as it is now; absent where it has no record any more. */
  function: optional(reportedFunction),
});

/** Something new, as the console sends it to the page. */
export type LiveChange = z.output<typeof liveChange>;

/** How the console gets on with reading the records. */
export const liveState = z.object({
  state: z.enum(['reading', 'live', 'trouble']),
  /** What is wrong and what to do, or how far the reading is. */
  message: text,
});

/** How the console gets on with reading the records. */
export type LiveState = z.output<typeof liveState>;

/** What sweeps found since the page was opened. */
export const liveCoverage = report.pick({ coverage: true, problems: true });

/** What sweeps found since the page was opened. */
export type LiveCoverage = z.output<typeof liveCoverage>;

/** Held by the compiler: an outcome of the domain's is one of the report's. */
export const asReported = (outcome: Outcome): ReportedOutcome => ({ ...outcome, drift: [...outcome.drift] });
