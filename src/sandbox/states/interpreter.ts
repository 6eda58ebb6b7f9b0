import { setMaxListeners } from 'node:events';
import type { Clock } from '../api.ts';
import { holdsRule } from './choice.ts';
import type {
  ChoiceState,
  FailState,
  Machine,
  MapState,
  ParallelState,
  PassState,
  Retrier,
  State,
  TaskState,
  WaitState,
} from './definition.ts';
import type { IntrinsicSources } from './intrinsic-functions.ts';
import { readPath, writePath } from './json-path.ts';
import { fillTemplate } from './payload-template.ts';
import { StatesError, Stopped } from './states-error.ts';

/** What a running machine needs of the world. */
export interface StatesRuntime extends IntrinsicSources {
  readonly clock: Clock;
  /** How many milliseconds a second of a Wait, a retry or a time-out lasts; 1000 in AWS. */
  readonly secondMilliseconds: number;
  /** Runs a task's resource. @throws {StatesError} for what the state may catch. */
  invoke(resource: string, parameters: unknown): Promise<unknown>;
  /** Runs one item of a distributed map as an execution of its own. @throws {StatesError} as that ended. */
  runChild(child: {
    readonly machine: Machine;
    readonly label: string;
    readonly input: unknown;
    readonly signal: AbortSignal;
  }): Promise<unknown>;
  /** Called before a distributed map starts. @throws {StatesError} where the role may not start its executions. */
  openMapRun(label: string): void;
}

/** One run of a machine, or of a part of it. */
export interface Scope {
  readonly runtime: StatesRuntime;
  readonly signal: AbortSignal;
  /** `$$`, without `State`. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Takes one event of the history, by its type and details. */
  readonly note: (type: string, details?: Readonly<Record<string, unknown>>) => void;
}

/**
 * Runs a machine of the Amazon States Language (JSONPath) from its start to its end.
 * https://states-language.net/spec.html
 *
 * @throws {StatesError} as the machine fails; {Stopped} once its signal is aborted.
 */
export async function runMachine(machine: Machine, input: unknown, scope: Scope): Promise<unknown> {
  let name: string | undefined = machine.StartAt;
  let value = input;
  while (name !== undefined) {
    scope.signal.throwIfAborted();
    const state: State | undefined = machine.States[name];
    if (state === undefined) {
      throw new StatesError('States.Runtime', `There is no state ${name}`);
    }
    const next = await runState(name, state, value, scope);
    value = next.output;
    name = next.name;
  }
  return value;
}

/** Where a run goes on, with what. */
interface Transition {
  readonly name: string | undefined;
  readonly output: unknown;
}

async function runState(name: string, state: State, input: unknown, scope: Scope): Promise<Transition> {
  const retries = new Map<Retrier, number>();
  const entered = scope.runtime.clock.now().toISOString();
  scope.note(`${state.Type}StateEntered`, { name, input: JSON.stringify(input) });
  for (;;) {
    const retryCount = [...retries.values()].reduce((sum, count) => sum + count, 0);
    const context = { ...scope.context, State: { Name: name, EnteredTime: entered, RetryCount: retryCount } };
    try {
      const transition = await attempt(name, state, input, { ...scope, context });
      if (state.Type !== 'Fail') {
        scope.note(`${state.Type}StateExited`, { name, output: JSON.stringify(transition.output) });
      }
      return transition;
    } catch (error) {
      if (!(error instanceof StatesError)) throw error;
      const retrier =
        'Retry' in state ? state.Retry.find(({ ErrorEquals }) => fits(ErrorEquals, error, state)) : undefined;
      const count = retrier === undefined ? 0 : (retries.get(retrier) ?? 0);
      if (retrier !== undefined && count < retrier.MaxAttempts) {
        retries.set(retrier, count + 1);
        await pause(delayOf(retrier, count, scope.runtime), scope);
        continue;
      }
      const catcher =
        'Catch' in state ? state.Catch.find(({ ErrorEquals }) => fits(ErrorEquals, error, state)) : undefined;
      if (catcher === undefined) throw error;
      const told = { Error: error.error, Cause: error.message };
      const output = catcher.ResultPath === null ? input : writePath(catcher.ResultPath, input, told);
      scope.note(`${state.Type}StateExited`, { name, output: JSON.stringify(output) });
      return { name: catcher.Next, output };
    }
  }
}

// A runtime error is a mistake in the machine: nothing but its own name finds it, and AWS gives no other chance.
const NOT_FOR_ALL: ReadonlySet<string> = new Set(['States.Runtime', 'States.DataLimitExceeded']);

function fits(names: readonly string[], { error }: StatesError, state: State): boolean {
  return names.some((wanted) => {
    switch (wanted) {
      case 'States.ALL':
        return !NOT_FOR_ALL.has(error);
      case 'States.TaskFailed':
        return state.Type === 'Task' && error !== 'States.Timeout' && !NOT_FOR_ALL.has(error);
      default:
        return wanted === error && error !== 'States.Runtime';
    }
  });
}

function delayOf(retrier: Retrier, count: number, { random }: StatesRuntime): number {
  const grown = retrier.IntervalSeconds * retrier.BackoffRate ** count;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return retrier.JitterStrategy === 'FULL' ? random() * seconds : seconds;
}

/** What a timer can hold: 24 days. */
export const LONGEST_TIMER = 2_147_483_647;

/** @throws {Stopped} once the scope's signal is aborted. */
function pause(seconds: number, { runtime, signal }: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    const milliseconds = Math.min(seconds * runtime.secondMilliseconds, LONGEST_TIMER);
    const cancel = runtime.clock.after(milliseconds, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    const stop = () => {
      cancel();
      reject(new Stopped());
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

async function attempt(name: string, state: State, input: unknown, scope: Scope): Promise<Transition> {
  switch (state.Type) {
    case 'Succeed': {
      const effective = readIn(state.InputPath, input, scope);
      return { name: undefined, output: readIn(state.OutputPath, effective, scope) };
    }
    case 'Fail':
      throw failure(state, input, scope);
    case 'Choice':
      return choose(state, input, scope);
    case 'Pass':
      return proceed(state, input, passResult(state, input, scope), scope);
    case 'Wait':
      await pause(secondsOf(state, readIn(state.InputPath, input, scope), scope), scope);
      return proceed(state, input, readIn(state.InputPath, input, scope), scope);
    case 'Task':
      return proceed(state, input, await runTask(state, input, scope), scope);
    case 'Parallel':
      return proceed(state, input, await runBranches(state, input, scope), scope);
    case 'Map':
      return proceed(state, input, await runMap(name, state, input, scope), scope);
  }
}

/** `InputPath` or `OutputPath`: null is an empty object, absent is all. */
function readIn(path: string | null | undefined, value: unknown, scope: Scope): unknown {
  return path === null ? {} : readPath(path ?? '$', value, scope.context);
}

/** What the state's result makes of its input, and where the run goes on. */
function proceed(
  state: PassState | WaitState | TaskState | ParallelState | MapState,
  input: unknown,
  result: unknown,
  scope: Scope,
): Transition {
  const selected =
    'ResultSelector' in state && state.ResultSelector !== undefined
      ? fillTemplate(state.ResultSelector, result, scope.context, scope.runtime)
      : result;
  const path = 'ResultPath' in state ? state.ResultPath : undefined;
  const placed =
    state.Type === 'Wait' || path === undefined ? selected : path === null ? input : writePath(path, input, selected);
  return { name: state.Next, output: readIn(state.OutputPath, placed, scope) };
}

/** The state's input after `InputPath` and `Parameters`. */
function effectiveInput(state: TaskState | PassState | ParallelState, input: unknown, scope: Scope): unknown {
  const effective = readIn(state.InputPath, input, scope);
  return state.Parameters === undefined
    ? effective
    : fillTemplate(state.Parameters, effective, scope.context, scope.runtime);
}

function passResult(state: PassState, input: unknown, scope: Scope): unknown {
  return state.Result === undefined ? effectiveInput(state, input, scope) : state.Result;
}

function failure(state: FailState, input: unknown, { context }: Scope): StatesError {
  const read = (path: string | undefined) => (path === undefined ? undefined : String(readPath(path, input, context)));
  return new StatesError(state.Error ?? read(state.ErrorPath) ?? '', state.Cause ?? read(state.CausePath) ?? '');
}

function choose(state: ChoiceState, input: unknown, scope: Scope): Transition {
  const effective = readIn(state.InputPath, input, scope);
  const rule = state.Choices.find((one) => holdsRule(one, effective, scope.context));
  const next = rule === undefined ? state.Default : String(rule['Next']);
  if (next === undefined) {
    throw new StatesError(
      'States.NoChoiceMatched',
      'No choice rule of the Choice state matched, and it has no Default',
    );
  }
  return { name: next, output: readIn(state.OutputPath, effective, scope) };
}

function secondsOf(state: WaitState, input: unknown, { context, runtime }: Scope): number {
  const timestamp =
    state.Timestamp ?? (state.TimestampPath === undefined ? undefined : readPath(state.TimestampPath, input, context));
  if (timestamp !== undefined) {
    return Math.max(0, (Date.parse(String(timestamp)) - runtime.clock.now().getTime()) / 1000);
  }
  const seconds = state.Seconds ?? readPath(state.SecondsPath ?? '$.seconds', input, context);
  return typeof seconds === 'number' ? Math.max(0, seconds) : 0;
}

async function runTask(state: TaskState, input: unknown, scope: Scope): Promise<unknown> {
  const parameters = effectiveInput(state, input, scope);
  const timeout =
    state.TimeoutSecondsPath === undefined
      ? state.TimeoutSeconds
      : Number(readPath(state.TimeoutSecondsPath, input, scope.context));
  const resource = { resourceType: 'lambda', resource: state.Resource };
  scope.note('TaskScheduled', { ...resource, parameters: JSON.stringify(parameters) });
  scope.note('TaskStarted', resource);
  try {
    const result = await limited(scope, timeout, () => scope.runtime.invoke(state.Resource, parameters));
    scope.note('TaskSucceeded', { ...resource, output: JSON.stringify(result) });
    return result;
  } catch (error) {
    if (error instanceof StatesError) {
      const type = error.error === 'States.Timeout' ? 'TaskTimedOut' : 'TaskFailed';
      scope.note(type, { ...resource, error: error.error, cause: error.message });
    }
    throw error;
  }
}

/** A task's work, until it is done, takes too long, or is stopped; what still goes on then is not waited for. */
async function limited<Value>(scope: Scope, seconds: number | undefined, work: () => Promise<Value>): Promise<Value> {
  const ending = new AbortController();
  const signal = AbortSignal.any([scope.signal, ending.signal]);
  const stopped = pause(seconds ?? Number.MAX_SAFE_INTEGER, {
    ...scope,
    signal,
    runtime: seconds === undefined ? { ...scope.runtime, clock: NEVER } : scope.runtime,
  }).then(() => {
    throw new StatesError('States.Timeout', '');
  });
  try {
    return await Promise.race([work(), stopped]);
  } finally {
    stopped.catch(() => {});
    ending.abort();
  }
}

const NEVER: Clock = { now: () => new Date(0), after: () => () => {} };

async function runBranches(state: ParallelState, input: unknown, scope: Scope): Promise<unknown> {
  const effective = effectiveInput(state, input, scope);
  scope.note('ParallelStateStarted');
  try {
    const results = await together(scope, state.Branches, state.Branches.length, (branch, _index, signal) =>
      runMachine(branch, effective, { ...scope, signal }),
    );
    scope.note('ParallelStateSucceeded');
    return results;
  } catch (error) {
    if (error instanceof StatesError) scope.note('ParallelStateFailed');
    throw error;
  }
}

// AWS's own limits: iterations of an inline map, and executions of a distributed one.
const INLINE_CONCURRENCY = 40;
const DISTRIBUTED_CONCURRENCY = 10_000;

async function runMap(name: string, state: MapState, input: unknown, scope: Scope): Promise<unknown> {
  const effective = readIn(state.InputPath, input, scope);
  const items = readPath(state.ItemsPath, effective, scope.context);
  if (!Array.isArray(items)) {
    throw new StatesError(
      'States.Runtime',
      `Reference path "${state.ItemsPath}" must point to array: the Map state ${name} got ${JSON.stringify(items)}`,
    );
  }
  const number = (path: string | undefined, otherwise: number | undefined) =>
    path === undefined ? otherwise : Number(readPath(path, effective, scope.context));
  const concurrency = number(state.MaxConcurrencyPath, state.MaxConcurrency) ?? 0;
  const contextOf = (index: number) => ({
    ...scope.context,
    Map: { Item: { Index: index, Value: items[index] as unknown } },
  });
  const selector = state.ItemSelector ?? state.Parameters;
  const inputOf = (index: number) =>
    selector === undefined
      ? (items[index] as unknown)
      : fillTemplate(selector, effective, contextOf(index), scope.runtime);

  if (state.ItemProcessor.ProcessorConfig.Mode === 'DISTRIBUTED') {
    return runDistributed(state, items, inputOf, {
      scope,
      label: state.Label ?? name,
      concurrency: concurrency || DISTRIBUTED_CONCURRENCY,
      toleratedCount: number(state.ToleratedFailureCountPath, state.ToleratedFailureCount),
      toleratedPercentage: number(state.ToleratedFailurePercentagePath, state.ToleratedFailurePercentage),
    });
  }
  scope.note('MapStateStarted', { length: items.length });
  try {
    const results = await together(scope, items, concurrency || INLINE_CONCURRENCY, async (_item, index, signal) => {
      scope.note('MapIterationStarted', { name, index });
      try {
        const context = contextOf(index);
        const result = await runMachine(state.ItemProcessor, inputOf(index), { ...scope, signal, context });
        scope.note('MapIterationSucceeded', { name, index });
        return result;
      } catch (error) {
        scope.note(error instanceof StatesError ? 'MapIterationFailed' : 'MapIterationAborted', { name, index });
        throw error;
      }
    });
    scope.note('MapStateSucceeded');
    return results;
  } catch (error) {
    if (error instanceof StatesError) scope.note('MapStateFailed');
    throw error;
  }
}

/** Each item an execution of its own; failed ones are left out of the result, as long as they are tolerated. */
async function runDistributed(
  state: MapState,
  items: readonly unknown[],
  inputOf: (index: number) => unknown,
  run: {
    readonly scope: Scope;
    readonly label: string;
    readonly concurrency: number;
    readonly toleratedCount: number | undefined;
    readonly toleratedPercentage: number | undefined;
  },
): Promise<unknown> {
  const { scope, label, concurrency, toleratedCount, toleratedPercentage } = run;
  let failed = 0;
  const isTooMuch = () =>
    toleratedCount === undefined && toleratedPercentage === undefined
      ? failed > 0
      : failed > (toleratedCount ?? Number.POSITIVE_INFINITY) ||
        (failed / items.length) * 100 > (toleratedPercentage ?? Number.POSITIVE_INFINITY);
  scope.runtime.openMapRun(label);
  scope.note('MapRunStarted', { label });
  try {
    const results = await together(scope, items, concurrency, async (_item, index, signal) => {
      try {
        const child = { machine: state.ItemProcessor, label, input: inputOf(index), signal };
        return { output: await scope.runtime.runChild(child) };
      } catch (error) {
        if (!(error instanceof StatesError)) throw error;
        failed += 1;
        if (isTooMuch()) {
          throw new StatesError(
            'States.ExceedToleratedFailureThreshold',
            'The specified tolerated failure threshold was exceeded',
          );
        }
        return undefined;
      }
    });
    scope.note('MapRunSucceeded');
    return results.filter((result) => result !== undefined).map(({ output }) => output);
  } catch (error) {
    if (error instanceof StatesError) scope.note('MapRunFailed', { error: error.error, cause: error.message });
    throw error;
  }
}

/** Works on items, so many at a time. The first failure stops the others, and is what is told. */
async function together<Item, Result>(
  scope: Scope,
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([scope.signal, stopping.signal]);
  // Every item that waits listens to it.
  setMaxListeners(0, signal);
  const results: Result[] = [];
  const entries = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    for (const [index, item] of entries) {
      if (signal.aborted) return;
      try {
        results[index] = await work(item, index, signal);
      } catch (error) {
        failure ??= { error };
        stopping.abort(new Stopped());
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
  scope.signal.throwIfAborted();
  return results;
}
