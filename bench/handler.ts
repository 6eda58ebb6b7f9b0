import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionEnvironment } from './function-environment.ts';
import type { HandlerFigures } from './handler-process.ts';
import type { Measurement } from './measurement.ts';

/** How fast the built handler works events off while AWS answers at once, and what it keeps in memory. */
export async function measureHandler(): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'layerward-bench-'));
  try {
    const output = join(folder, 'figures.json');
    await runProcess(['--expose-gc', join(import.meta.dirname, 'handler-process.ts'), output]);
    const figures: HandlerFigures = JSON.parse(readFileSync(output, 'utf8'));
    const baseline = { name: 'only JSON.parse', value: figures.parsing };
    const calling = { name: 'only GetFunction', value: figures.calling };
    const megabyte = 1024 * 1024;
    return [
      { name: 'handler, function not opted in', value: figures.plain, unit: 'events/s', baseline },
      { name: 'handler, the same, over the SDK', value: figures.plain, unit: 'events/s', baseline: calling },
      { name: 'handler, protected function', value: figures.protected, unit: 'events/s', baseline },
      {
        name: 'heap after 10,000 events',
        value: figures.heapAfter10000 / megabyte,
        unit: 'MB',
        baseline: { name: 'after 1,000', value: figures.heapAfter1000 / megabyte },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runProcess(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { env: functionEnvironment(), stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`the handler's process ended with exit code ${code}`)),
    );
  });
}
