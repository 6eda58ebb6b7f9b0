import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type * as z from 'zod';

/** A process of a benchmark's own, made of a file of this folder. */
export interface BenchProcess {
  /** The next message that it sends. @throws if it ends before. */
  answer<Schema extends z.ZodType>(schema: Schema): Promise<z.output<Schema>>;
  /** Ends it, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts a file with an argument, which travels as JSON. Its standard output is left unread. */
export function startProcess(
  file: string,
  argument: unknown,
  env: Readonly<Record<string, string>> = {},
): BenchProcess {
  const child: ChildProcess = fork(join(import.meta.dirname, file), [JSON.stringify(argument)], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  return {
    async answer(schema) {
      const { promise: failed, reject } = Promise.withResolvers<never>();
      const onExit = (code: number | null) => reject(new Error(`bench/${file} ended with exit code ${code}`));
      child.once('exit', onExit);
      child.once('error', reject);
      try {
        const [message] = await Promise.race([once(child, 'message'), failed]);
        return schema.parse(message);
      } finally {
        child.off('exit', onExit);
        child.off('error', reject);
      }
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}
