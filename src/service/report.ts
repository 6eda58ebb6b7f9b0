import { adviceFor } from '../domain/advice.ts';
import type { Attachment } from '../domain/attachment.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Coverage } from '../domain/ports.ts';
import type { FunctionRecord, Outcome } from '../domain/record.ts';
import { asReported, type CoveragePoint, type Report, type ReportedFunction } from './report-schema.ts';
import { activityOf, compareFunctions, fixTimesOf, partsOf, totalsOf } from './report-summary.ts';

export { report } from './report-schema.ts';

/** What a report is about, beside what the records say. */
export interface ReportOptions {
  /** From when on the timeline and the coverage are. */
  readonly since: Date;
  /** As many changes of the timeline are listed; the others are counted. */
  readonly longestTimeline?: number;
}

/** The report, from what the records, their history and the sweeps say. Holds no secret, since none of these does. */
export function buildReport(
  records: Iterable<FunctionRecord>,
  outcomes: Iterable<Outcome>,
  coverage: Iterable<Coverage>,
  now: Date,
  { since, longestTimeline = Number.POSITIVE_INFINITY }: ReportOptions,
): Report {
  const functions = Array.from(records, reportedFunctionOf).sort(compareFunctions);
  const timeline = Array.from(outcomes, asReported).sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  const sweeps = [...coverage];
  return {
    version: 1,
    generatedAt: now.toISOString(),
    since: since.toISOString(),
    totals: totalsOf(functions),
    byAccount: partsOf(functions, 'account'),
    byRegion: partsOf(functions, 'region'),
    byRuntime: partsOf(functions, 'runtime'),
    byGroup: partsOf(functions, 'group'),
    functions,
    ...coverageFound(sweeps),
    timeline: timeline.slice(0, longestTimeline),
    leftOut: Math.max(0, timeline.length - longestTimeline),
    activity: activityOf(timeline),
    fixTimes: fixTimesOf(timeline),
  };
}

/** A function, as the report has it. */
export function reportedFunctionOf(record: FunctionRecord): ReportedFunction {
  const { functionArn, runtime, architecture, agent, variant, group, attachment } = record;
  const { status, reason, detail, action, drift, cause, since, repairCount } = record;
  const arn = parseFunctionArn(functionArn);
  return {
    arn: functionArn,
    name: arn?.functionName ?? functionArn,
    account: arn?.accountId ?? '',
    region: arn?.region ?? '',
    ...(runtime === undefined ? {} : { runtime }),
    architecture,
    status,
    reason,
    detail,
    action,
    drift: [...drift],
    cause,
    ...(agent === undefined ? {} : { agent }),
    ...(variant === undefined ? {} : { variant }),
    ...(group === undefined ? {} : { group }),
    since,
    repairCount,
    needsPerson: needsPerson(record),
    next: nextStep(record),
    ...(attachment ? { attached: attachedOf(attachment) } : {}),
  };
}

/** Whether nothing goes on until a person does something. */
function needsPerson({ status, action }: Pick<FunctionRecord, 'status' | 'action'>): boolean {
  switch (status) {
    case 'blocked':
    case 'contested':
    case 'unsupported':
      return true;
    case 'drifted':
    case 'release':
      return action === 'reported';
    case 'protected':
    case 'released':
    case 'deleted':
      return false;
  }
}

function nextStep(record: Pick<FunctionRecord, 'status' | 'reason' | 'action'>): string {
  if (record.action === 'sent') return 'Nothing has to be done: an update was sent, and is being verified.';
  if (record.status === 'deleted') return 'Nothing has to be done: the function is gone.';
  if (record.status === 'protected') return 'Nothing has to be done.';
  return adviceFor(record);
}

function attachedOf({ applied, before }: Attachment): NonNullable<ReportedFunction['attached']> {
  const isRedirected =
    applied.handler !== undefined && before.handler !== undefined && applied.handler !== before.handler;
  return {
    layerArn: applied.layerArn,
    ...(isRedirected ? { handler: { applied: applied.handler, before: before.handler } } : {}),
    variables: [...Object.keys(applied.variables), ...applied.secretVariables].sort(),
    givenBack: Object.keys(before.variables).sort(),
  };
}

/** What sweeps found, each over all accounts and regions, and what the latest of them could not look at. */
export function coverageFound(coverage: readonly Coverage[]): Pick<Report, 'coverage' | 'problems'> {
  return { coverage: coveragePoints(coverage), problems: latestProblems(coverage) };
}

/** What each sweep found over all accounts and regions, oldest first. */
function coveragePoints(coverage: readonly Coverage[]): CoveragePoint[] {
  const sweeps = new Map<string, CoveragePoint>();
  for (const { sweepId, at, counts, repaired, problem } of coverage) {
    const point = sweeps.get(sweepId) ?? {
      sweepId,
      at,
      functions: 0,
      protected: 0,
      counts: {},
      places: 0,
      repaired: 0,
      problems: 0,
    };
    sweeps.set(sweepId, point);
    if (at > point.at) point.at = at;
    point.repaired += repaired;
    if (problem !== undefined) point.problems++;
    else point.places++;
    for (const [label, number] of Object.entries(counts)) {
      point.counts[label] = (point.counts[label] ?? 0) + number;
      const status = label.split(':')[0] ?? '';
      if (status === 'out-of-scope' || status === 'release') continue;
      point.functions += number;
      if (status === 'protected') point.protected += number;
    }
  }
  return [...sweeps.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
}

function latestProblems(coverage: readonly Coverage[]): Report['problems'] {
  const latest = coverage.reduce<Coverage | undefined>(
    (last, one) => (last && last.at >= one.at ? last : one),
    undefined,
  );
  return coverage.flatMap(({ sweepId, what, problem }) =>
    sweepId === latest?.sweepId && problem !== undefined ? [{ what, problem }] : [],
  );
}
