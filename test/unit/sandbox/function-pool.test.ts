import { describe, expect, it } from 'vitest';
import { createFunctionPool } from '../../../src/sandbox/function-pool.ts';
import type { InvocationResult } from '../../../src/sandbox/function-process.ts';

/** A pool of processes that end their invocations when they are ended, or when the test says so. */
function create(maximum: number) {
  const invocations: ((result: InvocationResult) => void)[] = [];
  const killed: InvocationResult = { kind: 'error', error: { errorType: 'Killed', errorMessage: 'killed' } };
  const pool = createFunctionPool(
    () => {
      let running: PromiseWithResolvers<InvocationResult> | undefined;
      return {
        invoke: () => {
          running = Promise.withResolvers();
          invocations.push(running.resolve);
          return running.promise;
        },
        memory: async () => undefined,
        stop: async () => running?.resolve(killed),
      };
    },
    () => maximum,
  );
  return { pool, invocations };
}

describe('a pool of processes', () => {
  it('lets events wait for one that is free', async () => {
    const { pool, invocations } = create(1);
    const results = [pool.invoke('first'), pool.invoke('second')];
    await Promise.resolve();
    expect(invocations).toHaveLength(1);
    invocations[0]?.({ kind: 'success', payload: 1 });
    await results[0];
    await new Promise((resolve) => setImmediate(resolve));
    invocations[1]?.({ kind: 'success', payload: 2 });
    expect(await results[1]).toEqual({ kind: 'success', payload: 2 });
  });

  it('that is stopped answers all events, also those that waited and those that come later', async () => {
    const { pool, invocations } = create(1);
    const results = [pool.invoke('runs'), pool.invoke('waits')];
    await Promise.resolve();
    await pool.stop();
    expect(await Promise.all([...results, pool.invoke('late')])).toMatchObject([
      { kind: 'error', error: { errorType: 'Killed' } },
      { kind: 'error', error: { errorType: 'Sandbox.Stopped' } },
      { kind: 'error', error: { errorType: 'Sandbox.Stopped' } },
    ]);
    expect(invocations).toHaveLength(1);
  });
});
