import type { Attachment } from '../domain/attachment.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { LayerwardError } from '../domain/errors.ts';
import { formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import { select } from '../domain/policy.ts';
import type { Quarter, RecordSummary, Records, SweepRecords } from '../domain/ports.ts';
import { type FunctionRecord, goalMark } from '../domain/record.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { placeOf, type Sight, situationFor } from './judge.ts';
import { type ListingObserver, type ListingSources, listOptedIn, readEach } from './survey-listing.ts';

/** All that a survey asks. */
export interface SurveySources extends Omit<Sight, 'functions' | 'records'>, ListingSources {
  /** Absent where there is no table: then nothing counts as attached by us. */
  readonly records: (Pick<Records, 'find'> & Pick<SweepRecords, 'summaries'>) | undefined;
}

/** A function with the decision about it. */
export interface Surveyed {
  readonly functionArn: string;
  readonly snapshot: Snapshot;
  readonly decision: Decision;
  /** What of ours is on it, as far as the record knows. */
  readonly attachment: Attachment | undefined;
  /** What the record says; read only where it can make a difference. */
  readonly record: FunctionRecord | undefined;
  /** Whether it has the opt-in tag, and the policy does not leave it out. */
  readonly isOptedIn: boolean;
}

/** A function that could not be read, or an account and region, or all regions of an account, that could not be surveyed. */
export interface SurveyProblem {
  readonly accountId: string;
  readonly region?: string;
  readonly functionArn?: string;
  readonly problem: string;
}

/** Who wants to know what a survey finds. */
export interface SurveyObserver {
  found(surveyed: readonly Surveyed[]): void;
  /** @param total how many functions there are, where AWS lets us count them */
  progress(place: Quarter, done: number, total: number | undefined): void;
  problem(problem: SurveyProblem): void;
}

/** Regions and accounts have quotas of their own, so that they don't stand in each other's way. */
const placesAtOnce = 4;
/** As many functions of a place that can't be read are named. */
const mostUnread = 20;

/**
 * Surveys accounts and regions, several at a time. One that can't be surveyed stops none of the others.
 * @returns those that were surveyed to their end, apart from functions that can't be read
 */
export async function surveyPlaces(
  places: AsyncIterable<Quarter>,
  sources: SurveySources,
  observer: SurveyObserver,
): Promise<Quarter[]> {
  const surveyed: Quarter[] = [];
  const one = async (place: Quarter) => {
    const unread: SurveyProblem[] = [];
    let seen = 0;
    const listing: ListingObserver = {
      progress: (done, total) => observer.progress(place, done, total),
      unread: (functionArn, problem) => void unread.push({ ...place, functionArn, problem }),
    };
    try {
      for await (const page of survey(place, sources, listing)) {
        seen += page.length;
        observer.found(page);
      }
      const [first] = unread;
      if (seen === 0 && first) {
        observer.problem({ ...place, problem: first.problem });
        return;
      }
      for (const problem of unread.slice(0, mostUnread)) observer.problem(problem);
      const more = unread.length - mostUnread;
      if (more > 0) observer.problem({ ...place, problem: `${more} more functions can't be read` });
      surveyed.push(place);
    } catch (error) {
      if (!(error instanceof LayerwardError)) throw error;
      observer.problem({ ...place, problem: error.message });
    }
  };
  const rest = places[Symbol.asyncIterator]();
  const work = async () => {
    for (let next = await rest.next(); !next.done; next = await rest.next()) await one(next.value);
  };
  await Promise.all(Array.from({ length: placesAtOnce }, work));
  return surveyed;
}

/**
 * Decides about every function of an account and region that opted in, and about those that the records know and that
 * have no tag any more. The record is read where the decision may depend on it, or where it says something else.
 */
export async function* survey(
  place: Quarter,
  sources: SurveySources,
  observer: ListingObserver,
): AsyncGenerator<readonly Surveyed[]> {
  const summaries = readSummaries(place, sources);
  // The listing has begun by the time that a failure is heard of.
  summaries.catch(() => {});
  const judgeAll = async (snapshots: readonly Snapshot[]) => {
    const known = await summaries;
    const judged = snapshots.map((snapshot) => {
      const functionArn = formatFunctionArn(snapshot.arn);
      const summary = known.get(functionArn);
      known.delete(functionArn);
      return judgeSnapshot(snapshot, summary, sources);
    });
    return Promise.all(judged);
  };
  for await (const snapshots of listOptedIn(place, sources.policy, sources, observer)) yield judgeAll(snapshots);
  const untagged = [...(await summaries).keys()];
  for await (const snapshots of readEach(untagged, sources.functions, { ...observer, progress: () => {} }))
    yield judgeAll(snapshots);
}

/** Decides about a function with its record, as one read or listing shows it. */
export async function judgeSnapshot(
  snapshot: Snapshot,
  summary: RecordSummary | 'unknown' | undefined,
  sources: Pick<SurveySources, 'policy' | 'agents' | 'accounts' | 'ownFunctionArns' | 'credentials' | 'now'> & {
    readonly records: Pick<Records, 'find'> | undefined;
  },
): Promise<Surveyed> {
  const { policy, agents, accounts, records } = sources;
  const functionArn = formatFunctionArn(snapshot.arn);
  const selection = select(policy, agents, await placeOf(snapshot.arn, policy, accounts), snapshot.tags);
  const decideWith = async (record: FunctionRecord | undefined): Promise<Surveyed> => {
    const situation = await situationFor(snapshot, selection, record, policy, sources);
    return {
      functionArn,
      snapshot,
      decision: decide(situation),
      attachment: situation.attachment,
      record,
      isOptedIn: selection.scope === 'in',
    };
  };
  if (summary === 'unknown') return decideWith(await records?.find(functionArn));
  const first = await decideWith(undefined);
  return summary === undefined || agrees(first.decision, summary)
    ? first
    : decideWith(await records?.find(functionArn));
}

/** Whether the record says what is found without it: all is as it was left. */
function agrees(decision: Decision, summary: RecordSummary): boolean {
  return (
    decision.status === 'compliant' &&
    summary.status === 'protected' &&
    summary.goalMark === goalMark(decision.attachment)
  );
}

async function readSummaries(place: Quarter, { records }: SurveySources): Promise<Map<string, RecordSummary>> {
  const known = new Map<string, RecordSummary>();
  if (!records) return known;
  for await (const summary of records.summaries(place))
    if (summary.status !== 'released' && summary.status !== 'deleted' && parseFunctionArn(summary.functionArn))
      known.set(summary.functionArn, summary);
  return known;
}
