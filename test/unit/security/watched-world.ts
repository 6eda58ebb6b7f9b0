import { inspect } from 'node:util';
import { createLog } from '../../../functions/telling.ts';
import { alertMessage } from '../../../src/aws/sns-alerts.ts';
import { renderExplanation, toReport } from '../../../src/cli/explain-report.ts';
import { renderHistory, toHistoryReport } from '../../../src/cli/history-report.ts';
import { makePlan, toPlanFile } from '../../../src/cli/plan-making.ts';
import { renderPlan, toPlanReport } from '../../../src/cli/plan-report.ts';
import { renderStatus, toStatusReport } from '../../../src/cli/status-report.ts';
import { pageDocument } from '../../../src/console/document.ts';
import { alertSubject } from '../../../src/domain/alert-text.ts';
import type { Change } from '../../../src/domain/change.ts';
import { followUpMessage, readMessage } from '../../../src/domain/change-message.ts';
import { type FunctionArn, formatFunctionArn } from '../../../src/domain/function-arn.ts';
import { select } from '../../../src/domain/policy.ts';
import { type Outcome, recordStatuses } from '../../../src/domain/record.ts';
import { explain } from '../../../src/service/explain.ts';
import { placeOf, situationFor } from '../../../src/service/judge.ts';
import { formatPlanFile } from '../../../src/service/plan-file.ts';
import type { World } from '../../../src/service/remediate.ts';
import { remediate } from '../../../src/service/remediate.ts';
import { remediateBatch } from '../../../src/service/remediate-batch.ts';
import { buildReport } from '../../../src/service/report.ts';
import { reportToCsv } from '../../../src/service/report-csv.ts';
import { mark } from '../../fixtures/planted.ts';
import { arn } from '../../fixtures/situation.ts';
import { createWorld, type WorldOptions } from '../../fixtures/world.ts';

/** All that goes out, by the way that it takes: what is kept, told, logged, queued, thrown and printed. */
export type Out = Readonly<Record<string, string>>;

/** A world of which all that goes out is kept as it would be written: the log by pino, alerts as SNS gets them. */
export function createWatchedWorld(yaml = '', given: WorldOptions & { readonly ownRoles?: readonly string[] } = {}) {
  const world = createWorld(yaml, given);
  const lines: string[] = [];
  const messages: string[] = [];
  const alerts: Outcome[] = [];
  const thrown: string[] = [];
  const log = createLog('trace', { write: (line) => void lines.push(line) });
  const keep = (changes: readonly Change[]) => void messages.push(...changes.map(followUpMessage));
  const hub: World = {
    ...world.world,
    log,
    alerts: { announce: async (outcome) => void alerts.push(outcome) },
    followUps: {
      schedule: async (change, delaySeconds) => {
        keep([change]);
        await world.world.followUps.schedule(change, delaySeconds);
      },
      send: async (changes) => {
        keep(changes);
        await world.world.followUps.send(changes);
      },
    },
  };
  /** Notes an error with all that is in it. */
  const threw = (error: unknown) => void thrown.push(inspect(error, { depth: 10, showHidden: true }));
  const kept = () => [...world.records.records.values()];
  const read = (body: string) => readMessage(body, given.ownRoles ?? []);

  /** What is printed of the records, and what the report and the console's page hold. */
  function printed(of: FunctionArn): Record<string, string> {
    const functionArn = formatFunctionArn(of);
    const record = world.records.records.get(functionArn);
    const history = [...world.records.history.values()];
    const report = buildReport(kept(), history, [], hub.now(), { since: new Date(0) });
    const told = toHistoryReport(functionArn, record, history, 100);
    const named = kept().map((one) => ({ ...one, name: 'orders', account: of.accountId, region: of.region }));
    const status = toStatusReport(named, named, recordStatuses, 100);
    return {
      report: [
        JSON.stringify(report),
        reportToCsv(report),
        pageDocument({ script: '', style: '' }, { kind: 'file', report }).html,
      ].join('\n'),
      history: [JSON.stringify(told), renderHistory(told)].join('\n'),
      status: [JSON.stringify(status), renderStatus(status, { stack: 'layerward', hasFilter: false })].join('\n'),
    };
  }

  async function lookedAt(of: FunctionArn): Promise<Out> {
    const functionArn = formatFunctionArn(of);
    const snapshot = await hub.functions.read(of);
    if (!snapshot) return {};
    const record = world.records.records.get(functionArn);
    const policy = await hub.policies.current();
    const unused = () => {
      throw new Error('nothing is asked of AWS');
    };
    const sight = {
      ...hub,
      policy,
      connection: { ...of, callerArn: '', client: unused, clients: unused },
      inventory: { count: unused, list: unused, tagged: unused },
      records: world.records.port,
      stack: undefined,
    };
    const selection = select(policy, hub.agents, await placeOf(of, policy, hub.accounts), snapshot.tags);
    const situation = await situationFor(snapshot, selection, record, policy, sight);
    const explanation = toReport(explain(situation, record, policy), { record, history: [] }, 'policy.yaml');
    const plan = await makePlan(sight, [functionArn], {});
    return {
      explain: [JSON.stringify(explanation), renderExplanation(explanation)].join('\n'),
      plan: [
        JSON.stringify(toPlanReport(plan, 'policy.yaml')),
        renderPlan(plan, 'policy.yaml'),
        formatPlanFile(toPlanFile(plan, of.accountId, policy)),
      ].join('\n'),
    };
  }

  return {
    ...world,
    hub,
    /** Gives the function that handles the queue a batch of messages. */
    deliver: (...bodies: readonly string[]) =>
      remediateBatch(
        bodies.map((body, index) => ({ messageId: `message-${index}`, body })),
        read,
        hub,
      ),
    /** A look that may fail, as one at a message of the queue may. */
    async look(change: Change) {
      await remediate(change.functionArn, [change], hub).catch(threw);
    },
    /** AWS ends its updates, and what is on the queue is worked off. */
    async settle(status: 'Successful' | 'Failed' = 'Successful', reason?: string) {
      for (let round = 0; world.queue.length > 0 && round < 30; round++) {
        world.functions.settle(status, reason);
        const [next] = world.queue.splice(0, 1);
        if (!next) continue;
        await remediate(next.change.functionArn, [next.change], hub).catch(threw);
      }
    },
    threw,
    /** What commands print that look at the function as it is now. */
    commands: () => lookedAt(arn),
    out: (): Out => {
      const record = JSON.stringify(kept());
      const outcomes = JSON.stringify([...world.records.history.values()]);
      return {
        log: lines.join(''),
        record,
        outcomes,
        alerts: alerts.map((outcome) => `${alertSubject(outcome)}\n${alertMessage(outcome)}`).join('\n'),
        events: JSON.stringify(world.events),
        queue: messages.join('\n'),
        metrics: JSON.stringify([...world.metrics]),
        errors: thrown.join('\n'),
        // Made of nothing else, and dear.
        ...(`${record}${outcomes}`.includes(mark) ? printed(arn) : {}),
      };
    },
  };
}
