import { type Agents, findVariant } from '../domain/agent.ts';
import { decide } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import { type FunctionArn, formatFunctionArn } from '../domain/function-arn.ts';
import { namesOrganizationalUnits, type Place, type Policy, type Selection, select } from '../domain/policy.ts';
import type { AccountPlaces, CredentialStore, Functions, Records } from '../domain/ports.ts';
import { attachmentInForce, type FunctionRecord, repairsOf } from '../domain/record.ts';
import type { Situation } from '../domain/situation.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/** What is needed to decide about a function without changing anything. */
export interface Sight {
  readonly agents: Agents;
  readonly policy: Policy;
  readonly ownFunctionArns: readonly string[];
  readonly functions: Pick<Functions, 'read'>;
  readonly accounts: AccountPlaces;
  readonly credentials: CredentialStore;
  /** Absent where there is no table: then nothing counts as attached by us. */
  readonly records: Pick<Records, 'find'> | undefined;
  readonly now: () => Date;
}

/** Decides about a function as it is now, and changes nothing. */
export async function judge(arn: FunctionArn, sight: Sight): Promise<Decision | { readonly status: 'deleted' }> {
  const snapshot = await sight.functions.read(arn);
  if (!snapshot) return { status: 'deleted' };
  const place = await placeOf(arn, sight.policy, sight.accounts);
  const selection = select(sight.policy, sight.agents, place, snapshot.tags);
  const record = await sight.records?.find(formatFunctionArn(arn));
  return decide(await situationFor(snapshot, selection, record, sight.policy, sight));
}

/** Where a function is, for the policy; the organization is asked only where the policy names its units. */
export async function placeOf(arn: FunctionArn, policy: Policy, accounts: AccountPlaces): Promise<Place> {
  const isAsked = namesOrganizationalUnits(policy);
  return { arn, organizationalUnits: isAsked ? await accounts.unitsOf(arn.accountId) : undefined };
}

/**
 * Puts together all that a decision depends on; asks for credentials only where the function would get some.
 * @param asOf credentials that were read before this moment don't count
 */
export async function situationFor(
  snapshot: Snapshot,
  selection: Selection,
  record: FunctionRecord | undefined,
  policy: Policy,
  { ownFunctionArns, credentials, now }: Pick<Sight, 'ownFunctionArns' | 'credentials' | 'now'>,
  asOf?: Date,
): Promise<Situation> {
  return {
    snapshot,
    selection,
    contest: policy.contest,
    ownFunctionArns,
    attachment: record && attachmentInForce(record, snapshot),
    repairs: repairsOf(record),
    credentials: await credentialsFor(snapshot, selection, credentials, asOf),
    now: now(),
  };
}

async function credentialsFor(
  snapshot: Snapshot,
  { scope, group, agent }: Selection,
  credentials: CredentialStore,
  asOf: Date | undefined,
): Promise<Situation['credentials']> {
  if ('refused' in group) return { missing: group.refused };
  const isServed = 'found' in findVariant(agent, snapshot.runtime, snapshot.architecture);
  if (scope !== 'in' || !isServed) return { missing: 'not asked for, since the function gets none' };
  return credentials.find(group.found.secret, asOf);
}
