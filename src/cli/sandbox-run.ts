import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LayerwardError } from '../domain/errors.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { repositoryRoot } from './init-template.ts';
import { tell } from './printing.ts';
import { readPort } from './report-options.ts';
import type { SandboxOptions } from './sandbox.ts';

/** What the sandbox deploys can't be built; the build's own words are on standard error. */
class BuildFailed extends LayerwardError {
  override readonly name = 'BuildFailed';
  readonly code = 'build-failed';
  readonly retryable = false;
}

/** Runs the sandbox in a process of its own until it ends, and answers how it did. */
export async function runSandbox({ port, service, organization }: SandboxOptions): Promise<ExitCode> {
  readPort(port);
  if (service && !existsSync(join(repositoryRoot, 'dist/template.yaml'))) build();
  const args = [
    join(repositoryRoot, 'src/sandbox/main.ts'),
    '--port',
    port,
    ...(service ? [] : ['--no-service']),
    ...(organization ? ['--organization'] : []),
  ];
  let isAskedToEnd = false;
  // Ctrl-C on a terminal reaches both processes. It is handed on as SIGTERM, so that the sandbox gets no signal twice.
  const end = () => {
    isAskedToEnd = true;
    child.kill('SIGTERM');
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', end).off('SIGTERM', end);
      // Node listens to signals neither while it starts nor at its very end: it ends by them then.
      if (code === 0 || (isAskedToEnd && signal === 'SIGTERM')) resolve(exitCode.done);
      else resolve(code === exitCode.usedWrongly ? exitCode.usedWrongly : exitCode.failed);
    });
  });
}

/** @throws {BuildFailed} */
function build(): void {
  tell('building what is deployed into it');
  const script = join(repositoryRoot, 'scripts/build.ts');
  const { status } = spawnSync(process.execPath, [script, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new BuildFailed('the build failed, for the reason above: run npm ci and npm run build');
}
