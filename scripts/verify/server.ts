import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { CommandFailed, offlineEnvironment, root } from './command.ts';

/** A server that runs for as long as a referee needs it. */
export interface Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** The longest that a server may take to start; a Java one on a busy machine takes some seconds. */
const startTimeoutMs = 60_000;

/**
 * Starts a server and waits until it has printed its port.
 *
 * @param portPattern finds the port, as its first group, in what the server prints.
 * @throws {CommandFailed} with what it printed, if it ends before that.
 */
export async function startServer(command: string, args: readonly string[], portPattern: RegExp): Promise<Server> {
  const child = spawn(command, args, { cwd: root, env: offlineEnvironment(), stdio: 'pipe' });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await portOf(child, `${command} ${args[0] ?? ''}`, portPattern).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      child.stdin.end();
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function portOf(child: ChildProcessWithoutNullStreams, name: string, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const timer = setTimeout(() => fail(`printed no port within ${startTimeoutMs / 1000} s`), startTimeoutMs);
    const fail = (what: string) => {
      clearTimeout(timer);
      reject(new CommandFailed(`${name} ${what}\n${printed.trim()}`));
    };
    const read = (text: string) => {
      printed = (printed + text).slice(-6_000);
      const port = pattern.exec(printed)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(port);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code) => fail(`ended with exit code ${code}`));
  });
}
