import { setMaxListeners } from 'node:events';
import * as z from 'zod';
import { parseDefinition } from '../../src/sandbox/states/definition.ts';
import { runMachine, type StatesRuntime } from '../../src/sandbox/states/interpreter.ts';
import { StatesError } from '../../src/sandbox/states/states-error.ts';
import { readSweepDefinition } from '../fixtures/sweep-definition.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { Ending } from './run.ts';
import type { Script } from './script.ts';

/** Invokes a function of the state machine; `answered` hears how that ended. */
export type InvokeFunction = (
  functionName: string,
  payload: unknown,
  answered: (ending: Ending<unknown>) => void,
) => void;

/** The state machine of sweeps, as infra/sweep.asl.json defines it, on virtual time. */
export interface SweepMachine {
  /** Starts an execution; `ended` hears its output, or its error. */
  start(name: string, input: unknown, ended: (output: unknown) => void): void;
}

const definition = parseDefinition(readSweepDefinition());
const invocation = z.object({ FunctionName: z.string(), Payload: z.unknown() });

export function createSweepMachine(scheduler: Scheduler, script: Script, invokeFunction: InvokeFunction): SweepMachine {
  const clock = { now: () => new Date(scheduler.now()), after: scheduler.after };
  const invoke = (_: string, parameters: unknown): Promise<unknown> => {
    const { FunctionName, Payload } = invocation.parse(parameters);
    return new Promise((resolve, reject) =>
      invokeFunction(FunctionName, JSON.parse(JSON.stringify(Payload)), (ending) => {
        if ('value' in ending) resolve({ StatusCode: 200, Payload: JSON.parse(JSON.stringify(ending.value ?? null)) });
        else if ('killed' in ending) reject(new StatesError('Sandbox.Timedout', 'Task timed out'));
        else reject(new StatesError(nameOf(ending.error), String(ending.error)));
      }),
    );
  };
  return {
    start(name, input, ended) {
      const random = script.of(`execution ${name}`);
      const { signal } = new AbortController();
      setMaxListeners(0, signal);
      const context = { Execution: { Name: name, StartTime: clock.now().toISOString() } };
      const runtime: StatesRuntime = {
        clock,
        secondMilliseconds: 1_000,
        random: random.next,
        uuid: () => `uuid-${random.next()}`,
        invoke,
        openMapRun: () => {},
        runChild: (child) =>
          runMachine(child.machine, child.input, { runtime, signal: child.signal, context, note: () => {} }),
      };
      runMachine(definition, input, { runtime, signal, context, note: () => {} }).then(ended, (error: unknown) => {
        if (!(error instanceof StatesError)) throw error;
        ended({ error: error.error, cause: error.message });
      });
    },
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Lambda.Unknown';
}
