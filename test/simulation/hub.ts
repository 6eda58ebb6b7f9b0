import { isDeepStrictEqual } from 'node:util';
import type { Agents } from '../../src/domain/agent.ts';
import type { Change as Event } from '../../src/domain/change.ts';
import { followUpMessage, readMessage } from '../../src/domain/change-message.ts';
import { Throttled } from '../../src/domain/errors.ts';
import { formatFunctionArn } from '../../src/domain/function-arn.ts';
import type { Credentials } from '../../src/domain/goal.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Inventory, Quarter } from '../../src/domain/ports.ts';
import type { Outcome } from '../../src/domain/record.ts';
import type { Random } from '../../src/sandbox/random.ts';
import { releaseAll } from '../../src/service/release-all.ts';
import type { World } from '../../src/service/remediate.ts';
import { remediateBatch } from '../../src/service/remediate-batch.ts';
import { sweep } from '../../src/service/sweep.ts';
import { createMemoryRecords } from '../fixtures/memory-records.ts';
import { type LambdaModel, snapshotOf } from './lambda-model.ts';
import { type Process, startProcess, type Weather } from './process.ts';
import { createQueueModel } from './queue-model.ts';
import type { Scheduler } from './scheduler.ts';

/** Everything that Layerward has: its queue, its table, its functions, and whom it tells. */
export interface Hub {
  readonly records: ReturnType<typeof createMemoryRecords>;
  readonly queue: ReturnType<typeof createQueueModel>;
  readonly alerts: Outcome[];
  readonly events: Outcome[];
  readonly logs: string[];
  /** How often something was interrupted that may have been told already. */
  interruptions: number;
  policy: Policy;
  credentials: Credentials | undefined;
  /** The probability that a run is killed on its way. */
  killing: number;
  /** An event arrives from EventBridge. */
  deliver(event: Event): void;
  /** Lets a worker take a batch from the queue, if there is one. */
  work(): void;
  /** Sweeps an account and region. */
  sweep(quarter: Quarter): void;
  /** Releases everything. Answers when it is done. */
  releaseAll(): Promise<void>;
  /** How many runs are on their way. */
  readonly running: () => number;
}

const policyKeptMs = 60_000;
const credentialsKeptMs = 300_000;
/** Functions of ours, which end by then: a batch by its time-out, a sweep by its own. */
const longestRunMs = { batch: 60_000, sweep: 900_000 };

export function createHub(
  scheduler: Scheduler,
  random: Random,
  weather: Weather,
  lambda: LambdaModel,
  given: { readonly agents: Agents; readonly policy: Policy; readonly credentials: Credentials },
): Hub {
  const records = createMemoryRecords();
  const queue = createQueueModel(scheduler, random);
  const alerts: Outcome[] = [];
  const events: Outcome[] = [];
  const logs: string[] = [];
  const lines = new Map<string, number>();
  const waiting = new Map<string, number>();
  let running = 0;
  let sweeps = 0;
  const now = () => new Date(scheduler.now());
  const date = (ms: number) => new Date(ms);

  /** The world as one run sees it; `memory` is what its worker keeps between runs. */
  const worldOf = (process: Process, memory: WorkerMemory): World & { readonly records: typeof records.port } => {
    const at =
      (service: string) =>
      <T>(what: string, effect: () => T) =>
        process.call(service, what, effect);
    const table = at('DynamoDB');
    const tell = (list: Outcome[], service: string) => ({
      announce: (outcome: Outcome) => process.call(service, 'telling', () => void list.push(structuredClone(outcome))),
    });
    const log = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
      if (process.isAlive()) logs.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
    return {
      agents: given.agents,
      ownFunctionArns: [],
      functions: {
        read: (arn) => process.call('Lambda', 'GetFunction', () => lambda.read(arn)),
        update: (plan) => process.call('Lambda', 'UpdateFunctionConfiguration', () => lambda.update(plan)),
      },
      accounts: { unitsOf: async () => undefined },
      credentials: {
        async find(_name, asOf) {
          const known = memory.credentials;
          const isFresh =
            known && scheduler.now() < known.at + credentialsKeptMs && (!asOf || asOf.getTime() <= known.at);
          if (isFresh) return known.value;
          const startedAt = scheduler.now();
          const value = await process.call('Secrets Manager', 'GetSecretValue', () =>
            hub.credentials
              ? { found: hub.credentials }
              : { missing: 'the secret layerward/groups/default does not exist' },
          );
          memory.credentials = { value, at: startedAt };
          return value;
        },
      },
      policies: {
        async current(asOf) {
          const known = memory.policy;
          const isFresh = known && scheduler.now() < known.at + policyKeptMs && (!asOf || asOf.getTime() <= known.at);
          if (isFresh) return known.value;
          const startedAt = scheduler.now();
          const value = await process.call('AppConfig', 'GetLatestConfiguration', () => hub.policy);
          memory.policy = { value, at: startedAt };
          return value;
        },
      },
      records: {
        ...records.port,
        find: (functionArn) => table('GetItem', () => structuredClone(records.records.get(functionArn))),
        save: (record) => table('PutItem', () => saveNow(record)),
        forget: (record) => table('DeleteItem', () => forgetNow(record)),
        remember: (outcome) => table('PutItem', () => void rememberNow(outcome)),
        areLost: () => table('GetItem', () => false),
        saveCoverage: (one) => table('PutItem', () => void records.coverage.set(`${one.sweepId} ${one.what}`, one)),
      },
      alerts: tell(alerts, 'SNS'),
      events: tell(events, 'EventBridge'),
      followUps: {
        schedule: (change, delaySeconds) =>
          process.call('SQS', 'SendMessage', () => queue.send(followUpMessage(change), delaySeconds)),
        send: async (changes) => {
          for (let from = 0; from < changes.length; from += 10)
            await process.call('SQS', 'SendMessageBatch', () => {
              for (const change of changes.slice(from, from + 10)) queue.send(followUpMessage(change), 0);
            });
        },
      },
      metrics: { add: () => {} },
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      fairShare: {
        reserve: (quarter, longestWaitMs = 900_000) =>
          table('UpdateItem', () => {
            const key = `${quarter.accountId} ${quarter.region}`;
            const turn = Math.max(scheduler.now(), lines.get(key) ?? 0);
            if (turn - scheduler.now() > longestWaitMs)
              throw new Throttled('the line is too long', { retryAfterSeconds: 60 });
            lines.set(key, turn + 131);
            return turn - scheduler.now();
          }),
        waitingUntil: (functionArn) =>
          table('GetItem', () => {
            const until = waiting.get(functionArn) ?? 0;
            return until > scheduler.now() ? date(until) : undefined;
          }),
        noteWaiting: (functionArn, until) => table('PutItem', () => void waiting.set(functionArn, until.getTime())),
        slowDown: async () => undefined,
      },
      now,
      sleep: (ms) => process.sleep(ms),
      longestWaitMs: 1_000,
      spread: () => random.next(),
    };
  };

  // The table itself, as the contract has it; the ports above only add the way to it.
  const saveNow = (record: Parameters<typeof records.port.save>[0]): 'saved' | 'stale' => {
    const stored = records.records.get(record.functionArn);
    if (isDeepStrictEqual(stored, record)) return 'saved';
    if ((stored?.version ?? 0) !== record.version - 1) return 'stale';
    records.records.set(record.functionArn, structuredClone(record));
    return 'saved';
  };
  const forgetNow = (record: Parameters<typeof records.port.forget>[0]): 'saved' | 'stale' => {
    if (records.records.get(record.functionArn)?.version !== record.version) return 'stale';
    records.records.delete(record.functionArn);
    return 'saved';
  };
  const rememberNow = (outcome: Outcome) => {
    const { functionArn, cause, status, action } = outcome;
    const key = [functionArn, cause.eventTime, cause.eventId, status, action].join();
    if (!records.history.has(key)) records.history.set(key, structuredClone(outcome));
  };

  const inventoryOf = (process: Process): Inventory => {
    const here = ({ accountId, region }: Quarter) =>
      [...lambda.functions.values()].filter(({ arn }) => arn.accountId === accountId && arn.region === region);
    return {
      count: (quarter) => process.call('Lambda', 'GetAccountSettings', () => here(quarter).length),
      list: (quarter, marker) =>
        process.call('Lambda', 'ListFunctions', () => {
          const from = Number(marker ?? 0);
          const all = here(quarter);
          const functions = all.slice(from, from + 50).map((one) => {
            const { tags: _, ...listed } = snapshotOf(one);
            return { ...listed, state: undefined, lastUpdateStatus: undefined };
          });
          return { functions, nextMarker: from + 50 < all.length ? String(from + 50) : undefined };
        }),
      async *tagged(quarter, tag, value) {
        const found = await process.call('Tagging', 'GetResources', () =>
          here(quarter)
            .map((one) => ({
              functionArn: formatFunctionArn(one.arn),
              tags: scheduler.now() >= one.tagsShownAt ? one.tags : one.tagsShown,
            }))
            .filter(({ tags }) => tags[tag] === value),
        );
        yield* found;
      },
    };
  };

  /** Starts a run, which may be killed on its way, and is when its time is up. */
  const start = (longestMs: number, run: (process: Process) => Promise<void>) => {
    const process = startProcess(scheduler, random, weather);
    running++;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      running--;
    };
    const kill = () => {
      if (isOver) return;
      process.kill();
      hub.interruptions++;
      over();
    };
    if (random.chance(hub.killing)) scheduler.after(random.between(0, 2_000), kill);
    else scheduler.after(longestMs, kill);
    run(process).then(over, (error: unknown) => {
      logs.push(`error run failed ${String(error)}`);
      over();
    });
  };

  const workers = Array.from({ length: 3 }, (): WorkerMemory => ({}));
  const sweepWorker: WorkerMemory = {};
  const hub: Hub = {
    records,
    queue,
    alerts,
    events,
    logs,
    interruptions: 0,
    policy: given.policy,
    credentials: given.credentials,
    killing: 0,
    running: () => running,
    deliver: (event) => queue.send(followUpMessage(event), 0),
    work() {
      const messages = queue.receive(10);
      if (messages.length === 0) return;
      const memory = random.pick(workers as [WorkerMemory, ...WorkerMemory[]]);
      start(longestRunMs.batch, async (process) => {
        const failed = await remediateBatch(messages, (body) => readMessage(body, []), worldOf(process, memory));
        if (!process.isAlive()) return;
        for (const message of messages) if (!failed.includes(message.messageId)) queue.delete(message);
      });
    },
    sweep(quarter) {
      const sweepId = `sweep-${++sweeps}`;
      const startedAt = now().toISOString();
      start(longestRunMs.sweep, async (process) => {
        const world = { ...worldOf(process, sweepWorker), longestWaitMs: 30_000 };
        let progress: Awaited<ReturnType<typeof sweep>> | undefined;
        do
          progress = await sweep(
            { ...quarter, sweepId, startedAt, secretNames: [], progress },
            { ...world, inventory: inventoryOf(process) },
            () => random.chance(0.8),
          );
        while (progress.marker !== undefined);
      });
    },
    async releaseAll() {
      const process = startProcess(scheduler, random, weather);
      running++;
      await releaseAll(worldOf(process, {}), {
        requestId: 'uninstall',
        notBefore: date(scheduler.now() + 75_000),
        mayGoOn: () => true,
      });
      running--;
    },
  };
  return hub;
}

/** What a worker keeps in memory between its runs. */
interface WorkerMemory {
  policy?: { readonly value: Policy; readonly at: number };
  credentials?: { readonly value: Awaited<ReturnType<World['credentials']['find']>>; readonly at: number };
}
