import type { BenchSandbox, Call } from './bench-sandbox.ts';

/** Follows the calls that Layerward makes, of which the sandbox remembers only the last 100,000. */
export function followOwnCalls(sandbox: BenchSandbox): () => Promise<readonly Call[]> {
  let after = 0;
  return async () => {
    const calls = await sandbox.calls(`caller=function&after=${after}`);
    const firstInFlight = calls.findIndex(({ inFlight }) => inFlight);
    const ended = firstInFlight === -1 ? calls : calls.slice(0, firstInFlight);
    after = ended.at(-1)?.sequence ?? after;
    return ended;
  };
}

/** The function that a call of Layerward's is about: `/2015-03-31/functions/<ARN>/configuration`. */
export function functionArnOf({ path }: Call): string {
  return decodeURIComponent(path.split('/')[3] ?? '');
}

/** Whether a call took effect; of one whose answer was lost, its caller does not know. */
export function tookEffect({ status, errorCode }: Call): boolean {
  return status === undefined ? errorCode === 'ConnectionLost' : status < 400;
}
