import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Measurement, median } from './measurement.ts';

const sandbox = join(import.meta.dirname, '../src/sandbox/main.ts');
const runs = 3;

/** How long it takes from the start of the sandbox's process until it takes calls, with Layerward deployed in it. */
export async function measureSandbox(): Promise<Measurement[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await timeUntilReady());
  return [{ name: 'sandbox, until it is ready', value: median(times), unit: 'ms', goal: 2000 }];
}

async function timeUntilReady(): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [sandbox, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    for await (const line of createInterface(child.stdout))
      if (line.startsWith('ready ')) return performance.now() - startedAt;
    throw new Error('the sandbox ended before it was ready');
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}
