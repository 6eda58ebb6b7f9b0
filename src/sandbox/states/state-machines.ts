import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Access } from '../access/access.ts';
import { type ApiRequest, type ApiService, AwsError, type Clock } from '../api.ts';
import { action, createJsonService } from '../json-service.ts';
import { type Definition, InvalidDefinition, type Machine, parseDefinition } from './definition.ts';
import { LONGEST_TIMER, runMachine, type Scope, type StatesRuntime } from './interpreter.ts';
import { StatesError, Stopped } from './states-error.ts';

/** A state machine as it is deployed. */
export interface StateMachineDefinition {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly roleArn: string;
  /** JSON. */
  readonly definition: string;
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** One run of a state machine, as `DescribeExecution` tells it. */
export interface Execution {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  /** JSON. */
  readonly input: string;
  readonly startDate: Date;
  /** Of the executions of a distributed map. */
  readonly mapRunArn?: string | undefined;
  readonly status: ExecutionStatus;
  readonly stopDate?: Date | undefined;
  readonly output?: string | undefined;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** Step Functions: state machines, their executions, and the API. */
export interface StateMachines {
  readonly service: ApiService;
  /** @throws {InvalidDefinition} for a definition that cannot be run. */
  create(machine: StateMachineDefinition): string;
  remove(arn: string): void;
  /** Starts an execution. @throws AwsError for a machine that there is not, or an input that is not JSON. */
  start(stateMachineArn: string, input: string, name?: string): Execution;
  executions(): readonly Execution[];
  /** Stops everything that runs. */
  stop(): void;
}

/** What the executions need of the sandbox. */
export interface StateMachinesOptions {
  readonly clock: Clock;
  readonly access: Access;
  /** How many milliseconds a second of waiting lasts. */
  readonly secondMilliseconds: number;
  /** Runs a task for a state machine. @throws {StatesError} */
  readonly invoke: (task: {
    readonly resource: string;
    readonly parameters: unknown;
    readonly roleArn: string;
    readonly executionName: string;
    readonly region: string;
  }) => Promise<unknown>;
  /** Sees every change of an execution's status. */
  readonly onStatus?: (execution: Execution) => void;
  readonly log: (line: string) => void;
  readonly random?: () => number;
  readonly uuid?: () => string;
}

interface Known extends StateMachineDefinition {
  readonly arn: string;
  readonly parsed: Definition;
  readonly created: Date;
}

interface HistoryEvent {
  readonly id: number;
  readonly timestamp: Date;
  readonly type: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

interface Run {
  execution: Execution;
  readonly history: HistoryEvent[];
  readonly stopping: AbortController;
}

export function createStateMachines(options: StateMachinesOptions): StateMachines {
  const { clock, access, log, random = Math.random, uuid = randomUUID } = options;
  const machines = new Map<string, Known>();
  const runs = new Map<string, Run>();

  const requireMachine = (arn: string): Known => {
    const machine = machines.get(arn);
    if (machine === undefined) {
      throw new AwsError('StateMachineDoesNotExist', 400, `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  };
  const requireRun = (arn: string): Run => {
    const run = runs.get(arn);
    if (run === undefined) {
      throw new AwsError('ExecutionDoesNotExist', 400, `Execution Does Not Exist: '${arn}'`);
    }
    return run;
  };

  const arnOf = (machine: Known, kind: string, rest: string) =>
    `arn:aws:states:${machine.region}:${machine.accountId}:${kind}:${machine.name}${rest}`;

  /** Runs a machine as an execution; resolves with how it ended, and never rejects. */
  const execute = (
    machine: Known,
    states: Machine,
    begun: { readonly arn: string; readonly name: string; readonly input: unknown; readonly mapRunArn?: string },
    signal?: AbortSignal,
  ): { readonly run: Run; readonly ended: Promise<Execution> } => {
    const stopping = new AbortController();
    const startDate = clock.now();
    const run: Run = {
      execution: {
        executionArn: begun.arn,
        stateMachineArn: machine.arn,
        name: begun.name,
        input: JSON.stringify(begun.input),
        startDate,
        mapRunArn: begun.mapRunArn,
        status: 'RUNNING',
      },
      history: [],
      stopping,
    };
    runs.set(begun.arn, run);
    options.onStatus?.(run.execution);
    const note: Scope['note'] = (type, details) => {
      run.history.push({ id: run.history.length + 1, timestamp: clock.now(), type, details });
    };
    const scope: Scope = {
      runtime: createRuntime(machine, begun.name),
      signal: signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, signal]),
      note,
      context: {
        Execution: {
          Id: begun.arn,
          Input: begun.input,
          Name: begun.name,
          RoleArn: machine.roleArn,
          StartTime: startDate.toISOString(),
          RedriveCount: 0,
        },
        StateMachine: { Id: machine.arn, Name: machine.name },
      },
    };
    note('ExecutionStarted', { input: run.execution.input, roleArn: machine.roleArn });
    const timeout = 'TimeoutSeconds' in states ? machine.parsed.TimeoutSeconds : undefined;
    const cancel =
      timeout === undefined
        ? () => {}
        : clock.after(Math.min(timeout * options.secondMilliseconds, LONGEST_TIMER), () =>
            stopping.abort(new TimedOut()),
          );

    const end = (status: ExecutionStatus, more: Partial<Execution>, details: Readonly<Record<string, unknown>>) => {
      cancel();
      run.execution = { ...run.execution, ...more, status, stopDate: clock.now() };
      const types = { SUCCEEDED: 'ExecutionSucceeded', FAILED: 'ExecutionFailed', TIMED_OUT: 'ExecutionTimedOut' };
      note(status in types ? types[status as keyof typeof types] : 'ExecutionAborted', details);
      if (status !== 'SUCCEEDED') {
        log(`states: execution ${begun.arn} ${status}: ${run.execution.error ?? ''} ${run.execution.cause ?? ''}`);
      }
      options.onStatus?.(run.execution);
      return run.execution;
    };
    const ended = runMachine(states, begun.input, scope).then(
      (result) => {
        const output = JSON.stringify(result) ?? 'null';
        return end('SUCCEEDED', { output }, { output });
      },
      (thrown: unknown) => {
        const error = stopping.signal.aborted ? (stopping.signal.reason as unknown) : thrown;
        if (error instanceof StatesError) {
          const told = { error: error.error, cause: error.message };
          return end('FAILED', told, told);
        }
        if (error instanceof TimedOut) {
          return end('TIMED_OUT', { error: 'States.Timeout' }, { error: 'States.Timeout' });
        }
        if (error instanceof Stopped || signal?.aborted === true) {
          const told = error instanceof StoppedByCaller ? { error: error.error, cause: error.message } : {};
          return end('ABORTED', told, told);
        }
        const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
        log(`states: execution ${begun.arn} broke: ${cause}`);
        const told = { error: 'States.Runtime', cause };
        return end('FAILED', told, told);
      },
    );
    return { run, ended };
  };

  const createRuntime = (machine: Known, executionName: string): StatesRuntime => {
    const mapRuns = new Map<string, string>();
    return {
      clock,
      secondMilliseconds: options.secondMilliseconds,
      random,
      uuid,
      invoke: (resource, parameters) =>
        options.invoke({ resource, parameters, roleArn: machine.roleArn, executionName, region: machine.region }),
      openMapRun: (label) => {
        const denial =
          access.roles.get(machine.roleArn) === undefined
            ? undefined
            : access.judgeService('states.amazonaws.com', machine.roleArn, {
                action: 'states:StartExecution',
                resource: machine.arn,
                region: machine.region,
              });
        if (denial !== undefined) {
          throw new StatesError(
            'StepFunctions.AWSStepFunctionsException',
            `${machine.roleArn} is not authorized to perform: states:StartExecution on resource: ${machine.arn} ${denial.reason}`,
          );
        }
        mapRuns.set(label, arnOf(machine, 'mapRun', `/${label}:${uuid()}`));
      },
      runChild: async ({ machine: states, label, input, signal }) => {
        const name = uuid();
        const mapRunArn = mapRuns.get(label) ?? '';
        const arn = arnOf(machine, 'execution', `/${label}:${name}`);
        const { ended } = execute(machine, states, { arn, name, input, mapRunArn }, signal);
        const { status, output, error = '', cause = '' } = await ended;
        if (status === 'SUCCEEDED') {
          return JSON.parse(output ?? 'null') as unknown;
        }
        signal.throwIfAborted();
        throw new StatesError(error, cause);
      },
    };
  };

  const start = (stateMachineArn: string, input: string, name = uuid()): Execution => {
    const machine = requireMachine(stateMachineArn);
    const arn = arnOf(machine, 'execution', `:${name}`);
    const known = runs.get(arn);
    if (known !== undefined) {
      if (known.execution.status === 'RUNNING' && known.execution.input === JSON.stringify(readInput(input))) {
        return known.execution;
      }
      throw new AwsError('ExecutionAlreadyExists', 400, `Execution Already Exists: '${arn}'`);
    }
    return execute(machine, machine.parsed, { arn, name, input: readInput(input) }).run.execution;
  };

  const create = (machine: StateMachineDefinition): string => {
    const arn = `arn:aws:states:${machine.region}:${machine.accountId}:stateMachine:${machine.name}`;
    machines.set(arn, { ...machine, arn, parsed: parseDefinition(machine.definition), created: clock.now() });
    return arn;
  };

  return {
    create,
    remove: (arn) => {
      machines.delete(arn);
    },
    start,
    executions: () => [...runs.values()].map(({ execution }) => execution),
    stop: () => {
      for (const { execution, stopping } of runs.values()) {
        if (execution.status === 'RUNNING') stopping.abort(new Stopped());
      }
    },
    service: createService({
      create,
      start,
      requireMachine,
      requireRun,
      machines,
      runs,
      stop: (run, error, cause) => {
        if (run.execution.status === 'RUNNING') {
          run.stopping.abort(new StoppedByCaller(error, cause));
        }
        return clock.now();
      },
    }),
  };
}

class TimedOut extends Stopped {}

class StoppedByCaller extends Stopped {
  readonly error: string | undefined;

  constructor(error: string | undefined, cause: string | undefined) {
    super(cause);
    this.error = error;
  }
}

function readInput(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    throw new AwsError('InvalidExecutionInput', 400, 'Invalid State Machine Execution Input: the input is not JSON');
  }
}

const seconds = (date: Date | undefined) => (date === undefined ? undefined : date.getTime() / 1000);
const paging = { maxResults: z.int().min(0).max(1000).default(0), nextToken: z.string().optional() };
const INVALID = 'ValidationException';

function createService(store: {
  readonly create: (machine: StateMachineDefinition) => string;
  readonly start: StateMachines['start'];
  readonly requireMachine: (arn: string) => Known;
  readonly requireRun: (arn: string) => Run;
  readonly machines: ReadonlyMap<string, Known> & Pick<Map<string, Known>, 'delete'>;
  readonly runs: ReadonlyMap<string, Run>;
  readonly stop: (run: Run, error: string | undefined, cause: string | undefined) => Date;
}): ApiService {
  const service = createJsonService('Step Functions', {
    CreateStateMachine: action(
      z.object({ name: z.string().regex(/^[\w-]{1,80}$/), definition: z.string(), roleArn: z.string() }),
      (input, request) => {
        try {
          const { accountId } = request.caller;
          return {
            stateMachineArn: store.create({ ...input, accountId, region: request.region }),
            creationDate: Date.now() / 1000,
          };
        } catch (error) {
          throw error instanceof InvalidDefinition
            ? new AwsError('InvalidDefinition', 400, `Invalid State Machine Definition: '${error.message}'`)
            : error;
        }
      },
      INVALID,
    ),
    DescribeStateMachine: action(
      z.object({ stateMachineArn: z.string() }),
      ({ stateMachineArn }) => {
        const { arn, name, definition, roleArn, created } = store.requireMachine(stateMachineArn);
        return {
          stateMachineArn: arn,
          name,
          definition,
          roleArn,
          status: 'ACTIVE',
          type: 'STANDARD',
          creationDate: seconds(created),
        };
      },
      INVALID,
    ),
    ListStateMachines: action(
      z.object(paging),
      (_input, request) => ({
        stateMachines: [...store.machines.values()]
          .filter(({ accountId, region }) => accountId === request.caller.accountId && region === request.region)
          .map(({ arn, name, created }) => ({
            stateMachineArn: arn,
            name,
            type: 'STANDARD',
            creationDate: seconds(created),
          })),
      }),
      INVALID,
    ),
    DeleteStateMachine: action(
      z.object({ stateMachineArn: z.string() }),
      ({ stateMachineArn }) => {
        store.machines.delete(stateMachineArn);
        return {};
      },
      INVALID,
    ),
    StartExecution: action(
      z.object({
        stateMachineArn: z.string(),
        name: z
          .string()
          .regex(/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/]{1,80}$/)
          .optional(),
        input: z.string().default('{}'),
      }),
      ({ stateMachineArn, name, input }) => {
        const { executionArn, startDate } = store.start(stateMachineArn, input, name);
        return { executionArn, startDate: seconds(startDate) };
      },
      'InvalidName',
    ),
    DescribeExecution: action(
      z.object({ executionArn: z.string() }),
      ({ executionArn }) => {
        const { startDate, stopDate, ...told } = store.requireRun(executionArn).execution;
        return { ...told, startDate: seconds(startDate), stopDate: seconds(stopDate), redriveCount: 0 };
      },
      INVALID,
    ),
    ListExecutions: action(
      z.object({
        ...paging,
        stateMachineArn: z.string().optional(),
        mapRunArn: z.string().optional(),
        statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']).optional(),
      }),
      (input) => {
        const found = [...store.runs.values()]
          .map(({ execution }) => execution)
          .filter(
            (execution) =>
              execution.mapRunArn === input.mapRunArn &&
              (input.stateMachineArn === undefined || execution.stateMachineArn === input.stateMachineArn) &&
              (input.statusFilter === undefined || execution.status === input.statusFilter),
          )
          .toReversed();
        return page(
          input,
          'executions',
          found,
          ({ executionArn, stateMachineArn, name, status, startDate, stopDate, mapRunArn }) => ({
            executionArn,
            stateMachineArn,
            name,
            status,
            startDate: seconds(startDate),
            stopDate: seconds(stopDate),
            mapRunArn,
          }),
        );
      },
      INVALID,
    ),
    GetExecutionHistory: action(
      z.object({ ...paging, executionArn: z.string(), reverseOrder: z.boolean().default(false) }),
      (input) => {
        const { history } = store.requireRun(input.executionArn);
        return page(input, 'events', input.reverseOrder ? history.toReversed() : history, tellEvent);
      },
      INVALID,
    ),
    StopExecution: action(
      z.object({ executionArn: z.string(), error: z.string().optional(), cause: z.string().optional() }),
      ({ executionArn, error, cause }) => ({
        stopDate: seconds(store.stop(store.requireRun(executionArn), error, cause)),
      }),
      INVALID,
    ),
  });
  return async (request: ApiRequest) => {
    const answer = await service(request);
    return { ...answer, headers: { 'content-type': 'application/x-amz-json-1.0' } };
  };
}

/** `TaskStateEntered` has its details in `stateEnteredEventDetails`, `TaskFailed` in `taskFailedEventDetails`, … */
function tellEvent({ id, timestamp, type, details }: HistoryEvent): Readonly<Record<string, unknown>> {
  const kind = /State(Entered|Exited)$/.exec(type)?.[1];
  const member = kind === undefined ? `${type.charAt(0).toLowerCase()}${type.slice(1)}` : `state${kind}`;
  return {
    id,
    previousEventId: id - 1,
    timestamp: seconds(timestamp),
    type,
    ...(details === undefined ? {} : { [`${member}EventDetails`]: details }),
  };
}

const LONGEST_PAGE = 1000;

function page<Item>(
  input: { readonly maxResults: number; readonly nextToken?: string | undefined },
  member: string,
  all: readonly Item[],
  tell: (item: Item) => unknown,
): Readonly<Record<string, unknown>> {
  const from = Number(input.nextToken ?? 0);
  const next = from + (input.maxResults || LONGEST_PAGE);
  return { [member]: all.slice(from, next).map(tell), ...(next < all.length ? { nextToken: String(next) } : {}) };
}
