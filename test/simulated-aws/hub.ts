import { readRequest } from '../../functions/deployment/request.ts';
import { readStep } from '../../functions/organize-sweep/step.ts';
import { readSweepTask } from '../../functions/sweep/task.ts';
import { readMessage } from '../../src/domain/change-message.ts';
import type { CloudFormationAnswer, Log } from '../../src/domain/ports.ts';
import { createDeploymentLife, type DeploymentRequest } from '../../src/service/deployment-life.ts';
import { remediateBatch } from '../../src/service/remediate-batch.ts';
import { type AccountSweepRest, sweepAccount } from '../../src/service/sweep-account.ts';
import type { QueuedMessage } from '../simulation/held-messages.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { Aws } from './aws.ts';
import { type Environment, type HubWorld, openEnvironment, ownRoleArns } from './environment.ts';
import type { Network } from './network.ts';
import type { QueueModel } from './queue-model.ts';
import { currentRun, type Ending, type Run, startRun } from './run.ts';
import type { Script } from './script.ts';
import type { Story } from './story.ts';
import { createSweepMachine } from './sweep-machine.ts';

/** Everything of Layerward's that runs: its functions, the queue's polling, the state machine, the custom resource. */
export interface Hub {
  /** The probability that a run is killed between two of its calls. */
  killing: number;
  /** There may be something on the queue. */
  wake(): void;
  /** Starts the state machine of sweeps. */
  startSweep(name: string, input: unknown): void;
  /** What ended sweeps answered, by name. */
  readonly sweeps: ReadonlyMap<string, unknown>;
  /** Brings the register of accounts up to date, as a schedule does. */
  register(): void;
  /** No event arrives any more, and nobody takes messages from the queue. */
  detach(): void;
  /** CloudFormation deletes the deployment. */
  delete(requestId: string): void;
  /** What CloudFormation was answered. */
  readonly answers: readonly CloudFormationAnswer[];
  /** How many runs and executions are on their way. */
  readonly running: () => number;
  readonly counts: { runs: number; killed: number; redelivered: number };
}

/** What the hub is made of. */
export interface HubOptions {
  readonly scheduler: Scheduler;
  readonly script: Script;
  readonly story: Story;
  readonly network: Network;
  readonly aws: Aws;
  readonly queue: QueueModel;
  readonly log: Log;
}

/** As template.yaml and the functions' index files have them. */
const limits = {
  batchSize: 10,
  batchMs: 60_000,
  batchesAtOnce: 5,
  organizeMs: 300_000,
  sweepMs: 900_000,
  sweepInHandMs: 90_000,
  deploymentMs: 900_000,
  deploymentInHandMs: 60_000,
  settleSeconds: 75,
} as const;
/** What Lambda does with an asynchronous invocation that fails. */
const asynchronousRetries = 2;

export function createHub(options: HubOptions): Hub {
  const { scheduler, script, story, network, aws, queue, log } = options;
  const counts = { runs: 0, killed: 0, redelivered: 0 };
  const names = new Map<string, number>();
  const answers: CloudFormationAnswer[] = [];
  const idle = new Map<'batch' | 'sweep' | 'organize' | 'deployment', Environment[]>();
  let running = 0;
  let batches = 0;
  let isAttached = true;
  let stopPoll: (() => void) | undefined;
  let pollAt = Number.POSITIVE_INFINITY;
  const now = () => new Date(scheduler.now());

  /** The same cause comes more than once: a name for each time. */
  const unique = (name: string) => {
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    return count === 1 ? name : `${name} #${count}`;
  };
  const open = (name: string): Environment => {
    const random = script.of(`environment of ${name}`);
    return openEnvironment({ now, spread: random.next, log });
  };

  /** Invokes a function of ours, in an environment that is idle or a new one. */
  const invoke = <T>(
    kind: 'batch' | 'sweep' | 'organize' | 'deployment',
    given: { readonly name: string; readonly timeoutMs: number; readonly causeOf?: (subject: string) => string },
    work: (environment: Environment, run: () => Run) => Promise<T>,
    over: (ending: Ending<T>) => void,
  ): void => {
    const name = unique(given.name);
    const random = script.of(`run of ${name}`);
    const pool = idle.get(kind) ?? [];
    idle.set(kind, pool);
    const at = random.below(pool.length);
    const [environment = open(name)] = random.chance(0.97) ? pool.splice(at, 1) : [];
    const isKilled = script.happens(`kill ${name}`, hub.killing, () => `${name} is killed on its way`);
    counts.runs++;
    running++;
    startRun(
      scheduler,
      {
        name,
        aws,
        environment,
        timeoutMs: given.timeoutMs,
        killedAtCall: isKilled ? 1 + Math.floor(random.next() ** 2 * 40) : undefined,
        ...(given.causeOf ? { causeOf: given.causeOf } : {}),
      },
      () => work(environment, currentRun),
      (ending) => {
        running--;
        if ('killed' in ending) {
          counts.killed++;
          story.tellOfCall(`${name} ends before it is done`);
        } else pool.push(environment);
        if ('error' in ending) log.error({ err: ending.error }, `${name} failed`);
        over(ending);
      },
    );
  };

  // ── The queue ───────────────────────────────────────────────────────────────────────────────────────────────────────

  const poll = () => {
    pollAt = Number.POSITIVE_INFINITY;
    if (!isAttached) return;
    while (batches < limits.batchesAtOnce) {
      const messages = queue.receive(limits.batchSize);
      if (messages.length === 0) break;
      workOff(messages);
    }
    wake();
  };
  const wake = () => {
    const next = queue.nextVisibleAt();
    if (!isAttached || next === undefined || batches >= limits.batchesAtOnce) return;
    // Messages are gathered for up to a second.
    const at = Math.max(next, scheduler.now() + 20) + script.of(`poll at ${next}`).below(1_000);
    if (at >= pollAt) return;
    stopPoll?.();
    pollAt = at;
    stopPoll = scheduler.after(at - scheduler.now(), poll);
  };
  const workOff = (messages: readonly QueuedMessage[]) => {
    const causes = causesOf(messages);
    batches++;
    invoke(
      'batch',
      {
        name: `batch of ${messages[0]?.messageId}`,
        timeoutMs: limits.batchMs,
        causeOf: (subject) => causes.get(subject) ?? [...causes.values()][0] ?? 'nothing',
      },
      async ({ world }) => {
        const failed = await remediateBatch(messages, (body) => readMessage(body, ownRoleArns), world);
        return failed;
      },
      (ending) => {
        batches--;
        const failed = 'value' in ending ? new Set(ending.value) : new Set(messages.map(({ messageId }) => messageId));
        for (const message of messages) {
          const isKept =
            failed.has(message.messageId) ||
            script.happens(
              `undeleted ${message.messageId}`,
              network.weather.losing,
              'a message that is done comes back',
            );
          if (isKept) counts.redelivered++;
          else queue.delete(message);
        }
        wake();
      },
    );
  };

  // ── Sweeps ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  const machine = createSweepMachine(scheduler, script, (functionName, payload, answered) => {
    if (functionName.includes('Organize')) {
      const step = readStep(payload);
      invoke(
        'organize',
        { name: `${step.step} of ${'sweepId' in step ? step.sweepId : 'a sweep'}`, timeoutMs: limits.organizeMs },
        async ({ organizeSweep }) => {
          switch (step.step) {
            case 'plan':
              return organizeSweep.plan(step);
            case 'note-crash':
              return organizeSweep.noteCrash(step.task, step.error);
            case 'summarize':
              return organizeSweep.summarize(step.sweepId);
            case 'register':
              return organizeSweep.register();
          }
        },
        answered,
      );
      return;
    }
    const task = readSweepTask(payload);
    const name = `${task.sweepId} of ${task.accountId}`;
    // Some have hardly begun when their time is nearly up: what they have not done is for the next ones.
    const isShort = script.of(`time of ${name} ${task.regions.length}`).chance(0.2);
    invoke(
      'sweep',
      { name, timeoutMs: isShort ? limits.sweepInHandMs + 2_000 : limits.sweepMs, causeOf: () => task.sweepId },
      async ({ world, inventory, deployment }, run) => {
        const ended = { ...task, regions: [], waitSeconds: 0, done: true };
        if (await deployment.isEnding()) return ended;
        const mayGoOn = async () => run().remaining() > limits.sweepInHandMs && !(await deployment.isEnding());
        const rest: AccountSweepRest = await sweepAccount(
          task,
          { ...world, inventory, longestWaitMs: 30_000 },
          mayGoOn,
        );
        return { ...rest, done: rest.regions.length === 0 || (await deployment.isEnding()) };
      },
      answered,
    );
  });
  const sweeps = new Map<string, unknown>();

  // ── The custom resource ─────────────────────────────────────────────────────────────────────────────────────────────

  const follow = (request: DeploymentRequest, tried = 0): void => {
    const { RequestId, Continued } = request;
    invoke(
      'deployment',
      {
        name: `deletion ${RequestId}${Continued ? ` continued ${Continued.runs}` : ''}`,
        timeoutMs: limits.deploymentMs,
      },
      async ({ world, deployment }, run) => {
        const life = createDeploymentLife({
          world: { ...world, longestWaitMs: 30_000 },
          deployment,
          requestSweep: async () => {},
          answer: (_, answer) =>
            network.send(run(), {
              service: 'CloudFormation',
              command: 'Answer',
              subject: '',
              attempts: 5,
              effect: () => void answers.push(answer),
            }),
        });
        return life.follow(
          readRequest(JSON.parse(JSON.stringify(request))),
          () => run().remaining() > limits.deploymentInHandMs,
        );
      },
      (ending) => {
        if ('value' in ending) {
          if (ending.value) follow(ending.value);
        } else if (tried < asynchronousRetries) {
          running++;
          scheduler.after(60_000 * (tried + 1), () => {
            running--;
            follow(request, tried + 1);
          });
        }
      },
    );
  };

  const hub: Hub = {
    killing: 0,
    wake,
    startSweep(name, input) {
      running++;
      machine.start(name, input, (output) => {
        running--;
        sweeps.set(name, output);
      });
    },
    sweeps,
    register() {
      invoke(
        'organize',
        { name: 'register', timeoutMs: limits.organizeMs },
        ({ organizeSweep }) => organizeSweep.register(),
        () => {},
      );
    },
    detach() {
      isAttached = false;
    },
    delete: (requestId) =>
      follow({
        RequestType: 'Delete',
        ResponseURL: 'https://cloudformation.example/answer',
        StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/layerward/1',
        RequestId: requestId,
        LogicalResourceId: 'Deployment',
        PhysicalResourceId: 'layerward',
        ResourceProperties: { ReleaseOnDelete: 'true', SettleSeconds: limits.settleSeconds },
      }),
    answers,
    running: () => running,
    counts,
  };
  return hub;
}

/** What made a batch look at each of its functions: the first event that names it. */
function causesOf(messages: readonly QueuedMessage[]): Map<string, string> {
  const causes = new Map<string, string>();
  for (const { body } of messages)
    try {
      const reading = readMessage(body, ownRoleArns);
      if (!('change' in reading)) continue;
      const { functionArn: arn, eventId, followUp } = reading.change;
      const functionArn = `arn:${arn.partition}:lambda:${arn.region}:${arn.accountId}:function:${arn.functionName}`;
      if (!causes.has(functionArn))
        causes.set(functionArn, followUp ? `${eventId} ${followUp.purpose} ${followUp.attempt}` : eventId);
    } catch {
      // What can't be read names no function.
    }
  return causes;
}

export type { HubWorld };
