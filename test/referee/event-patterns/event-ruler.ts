import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { offlineEnvironment } from '../../../scripts/verify/command.ts';
import type { Question } from './arbitrary-pattern.ts';

/** What a matcher says: whether the event matches, or that it does not take the pattern. */
export type Verdict = 'matches' | 'differs' | 'refused';

/** Amazon's event-ruler in a JVM of its own. */
export interface EventRuler {
  ask(question: Question): Promise<Verdict>;
  stop(): Promise<void>;
}

/** Starts Amazon's event-ruler. @param jars the folder of its jars */
export function startEventRuler(jars: string): EventRuler {
  const program = join(import.meta.dirname, '../event-ruler/EventRuler.java');
  // Questions are small and the JVM is short-lived: the first compiler is enough.
  const args = ['-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, program];
  const child = spawn('java', args, { env: offlineEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-6_000);
  });
  const waiting: { resolve: (verdict: Verdict) => void; reject: (error: Error) => void }[] = [];
  let ended: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended = new Error(`event-ruler ${how}\n${complaints.trim()}`);
      for (const { reject } of waiting.splice(0)) reject(ended);
      resolve();
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('close', (code) => end(`ended with exit code ${code}`));
  });
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting.shift()?.resolve(line === 'true' ? 'matches' : line === 'false' ? 'differs' : 'refused');
  });
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(question)}\n`);
      }),
    async stop() {
      child.stdin.end();
      await closed;
    },
  };
}
