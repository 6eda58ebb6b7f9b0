import { randomBytes } from 'node:crypto';
import type { Decision } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { purposeFor } from '../service/explain.ts';
import { explainUpdate, markUpdate, type UpdateExplanation } from '../service/explain-update.ts';
import { markPolicy, type PlanFile, type PlannedFunction } from '../service/plan-file.ts';
import { judgeSnapshot, type Surveyed, type SurveyProblem } from '../service/survey.ts';
import { WrongUse } from './exit-code.ts';
import { findFunction } from './function-lookup.ts';
import { surveyNamedPlaces } from './places.ts';
import type { PlacesOptions } from './places-options.ts';
import type { OpenSight } from './sight.ts';

/** A function that would be changed, with what would be changed; no credential and no value of the team's is in it. */
export type PlanEntry = PlannedFunction & UpdateExplanation;

/** A function that a person named, and that would not be changed. */
export interface Unchanged {
  readonly functionArn: string;
  readonly status: string;
  readonly reason: string;
  readonly detail: string;
}

/** What would be changed. */
export interface MadePlan {
  readonly createdAt: string;
  readonly entries: readonly PlanEntry[];
  readonly unchanged: readonly Unchanged[];
  readonly problems: readonly SurveyProblem[];
  /** How many functions opted in, and can only be helped by people; of functions that were named, `unchanged` says so. */
  readonly needingPeople: number;
  /** False where nothing at all could be looked at. */
  readonly isLookedAt: boolean;
  /** The salt of the marks. */
  readonly salt: string;
}

const forPeople: ReadonlySet<Decision['status']> = new Set(['blocked', 'contested']);

/**
 * Plans for the functions that are named, or for all that opted in.
 * @throws {WrongUse} where a function is not there, or both functions and places are named
 */
export async function makePlan(sight: OpenSight, names: readonly string[], options: PlacesOptions): Promise<MadePlan> {
  const salt = randomBytes(16).toString('base64url');
  const createdAt = sight.now().toISOString();
  const entries: PlanEntry[] = [];
  if (names.length === 0) {
    let needingPeople = 0;
    const { places, problems } = await surveyNamedPlaces(sight, options, (page) => {
      for (const surveyed of page) {
        entries.push(...entryOf(surveyed, salt));
        if (surveyed.isOptedIn && forPeople.has(surveyed.decision.status)) needingPeople++;
      }
    });
    entries.sort((a, b) => (a.functionArn < b.functionArn ? -1 : 1));
    return { createdAt, entries, unchanged: [], problems, needingPeople, isLookedAt: places.length > 0, salt };
  }
  if (options.regions !== undefined || options.allAccounts)
    throw new WrongUse('name functions, or accounts and regions: not both');
  const unchanged: Unchanged[] = [];
  for (const snapshot of await findAll(names, sight)) {
    const surveyed = await judgeSnapshot(snapshot, 'unknown', sight);
    const planned = entryOf(surveyed, salt);
    entries.push(...planned);
    if (planned.length === 0) unchanged.push(unchangedOf(surveyed));
  }
  return { createdAt, entries, unchanged, problems: [], needingPeople: 0, isLookedAt: true, salt };
}

/** A plan as a file keeps it. */
export function toPlanFile({ createdAt, entries, salt }: MadePlan, accountId: string, policy: Policy): PlanFile {
  return {
    format: 'layerward-plan',
    version: 1,
    createdAt,
    accountId,
    policyMark: markPolicy(policy),
    salt,
    functions: entries.map(({ changes: _, kept: __, ...planned }) => planned),
  };
}

/** Every function once, in the order in which they were named. */
async function findAll(names: readonly string[], sight: OpenSight): Promise<Snapshot[]> {
  const found = new Map<string, Snapshot>();
  for (const name of names) {
    const snapshot = await findFunction(name, sight);
    const { accountId, region, functionName } = snapshot.arn;
    found.set(`${accountId} ${region} ${functionName}`, snapshot);
  }
  return [...found.values()];
}

function entryOf({ functionArn, snapshot, decision, attachment, record }: Surveyed, salt: string): PlanEntry[] {
  if ((decision.status !== 'drifted' && decision.status !== 'release') || !decision.plan) return [];
  const planned = { snapshot, plan: decision.plan, attachment };
  return [
    {
      functionArn,
      revisionId: snapshot.revisionId,
      status: decision.status,
      reason: decision.reason,
      purpose: purposeFor(decision, record, snapshot),
      mode: decision.mode,
      drift: decision.status === 'drifted' ? [...decision.drift] : [],
      updateMark: markUpdate(planned, salt),
      ...explainUpdate(planned),
    },
  ];
}

function unchangedOf({ functionArn, decision }: Surveyed): Unchanged {
  switch (decision.status) {
    case 'compliant':
      return { functionArn, status: 'protected', reason: '', detail: 'all is in place' };
    case 'out-of-scope':
      return {
        functionArn,
        status: decision.status,
        reason: decision.reason,
        detail: {
          self: 'it is one of Layerward’s own functions',
          excluded: 'the policy leaves it out, and nothing of Layerward’s is on it',
          'not-opted-in': 'it has not opted in, and nothing of Layerward’s is on it',
        }[decision.reason],
      };
    case 'drifted':
      return { functionArn, status: decision.status, reason: decision.reason, detail: '' };
    case 'release':
    case 'unsupported':
    case 'blocked':
    case 'waiting':
    case 'contested':
      return { functionArn, status: decision.status, reason: decision.reason, detail: decision.detail };
  }
}
