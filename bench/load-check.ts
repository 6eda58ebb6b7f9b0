import type { Agent } from '../src/domain/agent.ts';
import type { FunctionRecord, Outcome } from '../src/domain/record.ts';
import type { HubView } from './hub-view.ts';
import { functionArn } from './population.ts';
import { isToBeProtected, type TeamFunction, whatIsWrong } from './team-function.ts';
import type { Teams } from './teams.ts';

/** What is compared, once nothing is on its way any more. */
export interface LoadEnd {
  readonly teams: Teams;
  readonly hub: HubView;
  readonly agent: Agent;
  readonly credentials: Readonly<Record<string, string>>;
  /** Every outcome in the history since the start. */
  readonly outcomes: readonly Outcome[];
  /** When updates of ours that took effect were sent, by function; in milliseconds. */
  readonly updates: ReadonlyMap<string, readonly number[]>;
}

const looksAtOnce = 10;

/** Everything that was lost, or done without need, a sentence for each. */
export async function whatWasLost(end: LoadEnd): Promise<string[]> {
  const { teams, hub, agent, outcomes, updates } = end;
  const known = new Map<string, FunctionRecord>();
  for await (const record of hub.records.withStatus('protected')) known.set(record.functionArn, record);
  const histories = Map.groupBy(outcomes, ({ functionArn }) => functionArn);
  const statusOf = async (arn: string) => {
    const record = await hub.records.find(arn);
    return record ? [record.status, record.reason, record.detail].filter(Boolean).join(': ') : 'unknown';
  };
  const problems: string[] = [];
  const check = async (team: TeamFunction) => {
    const arn = functionArn(team.region, team.name);
    const tell = (what: string | undefined) => {
      if (what !== undefined) problems.push(`${team.name} in ${team.region}: ${what}`);
    };
    const updated = updates.get(arn) ?? [];
    if (updated.length > team.occasions)
      tell(`it was updated ${updated.length} times, and ${team.occasions} are enough`);
    for (const at of updated)
      if (!isToldOf(at, histories.get(arn) ?? []))
        tell(`its history does not tell of the update of ${new Date(at).toISOString()}`);
    const shown = await teams.see(team);
    if (team.isDeleted) return tell(shown && 'it was deleted, and is there');
    if (!shown) return tell('it is gone');
    tell(whatIsWrong(team, shown, agent, end.credentials));
    const record = known.get(arn);
    if (isToBeProtected(team, agent)) {
      if (!record) tell(`its record says that it is ${await statusOf(arn)}`);
      else if (record.outbox.length > 0 || record.pending.length > 0) tell('its record waits for something');
    } else if (record) tell('its record says that it is protected');
  };
  const waiting = [...teams.functions];
  const work = async () => {
    for (let team = waiting.pop(); team; team = waiting.pop()) await check(team);
  };
  await Promise.all(Array.from({ length: looksAtOnce }, work));
  return problems.sort();
}

/**
 * Whether the history says that an update is sent, after the last state before it that was verified. What is undone and put
 * back several times before it is verified, because of one event, is one entry.
 */
function isToldOf(updatedAt: number, history: readonly Outcome[]): boolean {
  const [latest] = history
    .filter(({ at }) => Date.parse(at) <= updatedAt)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return latest?.action === 'sent';
}
