import type { FunctionMemory, FunctionProcess, InvocationResult } from './function-process.ts';

/** The execution environments of one function, as many as are busy at the same time. */
export interface FunctionPool {
  /** Invokes the function in an idle process, a new one, or as soon as one of the allowed number is free. */
  invoke(event: unknown): Promise<InvocationResult>;
  /** What each running process holds. */
  memory(): Promise<readonly FunctionMemory[]>;
  /** Ends idle processes now and busy ones after their invocation, so that later invocations start afresh. */
  recycle(): Promise<void>;
  /** Ends all processes; what runs in them or waits for one is answered with an error, and so is what comes later. */
  stop(): Promise<void>;
}

/** @param maximum how many processes may run at the same time, asked whenever another one is wanted. */
export function createFunctionPool(create: () => FunctionProcess, maximum: () => number): FunctionPool {
  const idle: FunctionProcess[] = [];
  const all = new Set<FunctionProcess>();
  const outdated = new Set<FunctionProcess>();
  const waiting: ((process: FunctionProcess | undefined) => void)[] = [];
  let isStopped = false;

  /** Undefined once the pool is stopped. */
  const take = async (): Promise<FunctionProcess | undefined> => {
    if (isStopped) {
      return undefined;
    }
    const ready = idle.pop();
    if (ready !== undefined) {
      return ready;
    }
    if (all.size < maximum()) {
      const process = create();
      all.add(process);
      return process;
    }
    return new Promise((resolve) => waiting.push(resolve));
  };

  const giveBack = async (process: FunctionProcess): Promise<void> => {
    if (outdated.delete(process)) {
      await process.stop();
    }
    const next = waiting.shift();
    if (next === undefined) {
      idle.push(process);
    } else {
      next(process);
    }
  };

  return {
    invoke: async (event) => {
      const process = await take();
      if (process === undefined) {
        return { kind: 'error', error: STOPPED };
      }
      try {
        return await process.invoke(event);
      } finally {
        await giveBack(process);
      }
    },
    memory: async () => {
      const held = await Promise.all([...all].map((process) => process.memory()));
      return held.filter((one) => one !== undefined);
    },
    recycle: async () => {
      for (const process of all) {
        if (!idle.includes(process)) {
          outdated.add(process);
        }
      }
      await Promise.all(idle.map((process) => process.stop()));
    },
    stop: async () => {
      isStopped = true;
      for (const turnAway of waiting.splice(0)) {
        turnAway(undefined);
      }
      await Promise.all([...all].map((process) => process.stop()));
    },
  };
}

const STOPPED = {
  errorType: 'Sandbox.Stopped',
  errorMessage: 'The function was ended before the event could be served',
};
