import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { functionEnvironment } from './function-environment.ts';
import { type Measurement, median } from './measurement.ts';

const bundle = join(import.meta.dirname, '../dist/remediate/index.mjs');
const runs = 21;

/** Node's own modules that anything which speaks HTTPS and hashes has to load, and most of the bundle's do. */
const ownModules = ['https', 'crypto', 'stream', 'zlib', 'util', 'fs/promises', 'worker_threads'];

/** What a cold start has to read and run, each time in a process of its own, in turns. */
export function measureColdStart(): Measurement[] {
  const programs = {
    bare: '',
    modules: ownModules.map((name) => `import 'node:${name}';`).join(''),
    bundle: `import ${JSON.stringify(bundle)};`,
  };
  const times = { bare: [] as number[], modules: [] as number[], bundle: [] as number[] };
  for (let run = 0; run < runs; run++)
    for (const [name, program] of Object.entries(programs)) times[name as keyof typeof times].push(timeOf(program));
  const bare = median(times.bare);
  const ofModules = { name: 'Node’s own modules', value: median(times.modules) - bare };
  return [
    { name: 'bundle', value: statSync(bundle).size / 1024, unit: 'KB', goal: 600 },
    { name: 'import, over bare Node', value: median(times.bundle) - bare, unit: 'ms', baseline: ofModules, goal: 100 },
  ];
}

/** Milliseconds from the start of a process to its end. */
function timeOf(program: string): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: functionEnvironment(),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the bundle can't be imported: ${stderr}`);
  return performance.now() - startedAt;
}
