import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** A command that ended badly; the message has the end of what it printed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

export interface CommandOptions {
  /** Where it runs; the root of the repository if left out. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What it gets on its standard input. */
  readonly input?: string;
}

/** Enough of a long output to see what is wrong. */
const keptCharacters = 6_000;

/**
 * Runs a command to its end. Answers what it wrote to its standard output.
 * @throws {CommandFailed} if it can't be started or does not end with 0.
 */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.folder ?? root,
    env: { ...offlineEnvironment(), ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    all = (all + text).slice(-keptCharacters);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all = (all + text).slice(-keptCharacters);
  });
  // A command that ends without reading its input says why by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const ended = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`),
    );
  });
  if (ended !== undefined)
    throw new CommandFailed(`${[command, ...args].join(' ').slice(0, 300)} ${ended}\n${all.trim()}`);
  return out;
}

/**
 * This process's environment, with the pinned Node in front of the machine's own, and without a way to a real account:
 * no credentials, no profile, a region that nothing depends on.
 */
export function offlineEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
    value === undefined || name.startsWith('AWS_') || name.startsWith('LAYERWARD_') ? [] : [[name, value]],
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    SAM_CLI_TELEMETRY: '0',
    SAM_CLI_BETA_FEATURES: '0',
    DDB_LOCAL_TELEMETRY: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    NO_COLOR: '1',
  };
}
