import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { RoleSession } from './identity.ts';
import { type RuntimeAnswer, type RuntimeApi, type RuntimeError, startRuntimeApi } from './runtime-api.ts';

/** A function as it is deployed. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  /** Folder with the bundle. */
  readonly codePath: string;
  /** `index.handler`. */
  readonly handler: string;
  /** `nodejs24.x`. */
  readonly runtime: string;
  readonly timeoutSeconds: number;
  readonly memorySize: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly roleArn: string;
  readonly logGroup: string;
  readonly logFormat: 'Text' | 'JSON';
  /** `ReservedConcurrentExecutions`. */
  readonly reservedConcurrency?: number | undefined;
}

/** How one invocation ended. `error` is a handler that threw, a time-out, a crash, or a start that failed. */
export type InvocationResult =
  | { readonly kind: 'success'; readonly payload: unknown }
  | { readonly kind: 'error'; readonly error: RuntimeError };

const functionMemory = z.object({ residentBytes: z.number(), heapBytes: z.number() });
/** What a function's process holds: all of it, and on its heap. */
export type FunctionMemory = z.output<typeof functionMemory>;

/** One execution environment: a child process that serves one event at a time, started anew after it died. */
export interface FunctionProcess {
  /** Invokes the handler; never rejects. Not to be called again before it has answered. */
  invoke(event: unknown): Promise<InvocationResult>;
  /** What the child holds, after it has collected its garbage; undefined where none runs. */
  memory(): Promise<FunctionMemory | undefined>;
  /** Ends the child. */
  stop(): Promise<void>;
}

/** What a process needs of the sandbox. */
export interface FunctionProcessOptions {
  readonly definition: FunctionDefinition;
  /** `http://127.0.0.1:PORT`: stands for the network that a function reaches AWS by. */
  readonly endpoint: string;
  readonly openSession: () => RoleSession;
  /** Takes one line of what the function or its platform printed. */
  readonly print: (stream: string, line: string) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly api: RuntimeApi;
  readonly stream: string;
  readonly exited: Promise<string>;
  readonly began: number;
  isWarm: boolean;
}

const BOOTSTRAP = fileURLToPath(new URL('bootstrap.mjs', import.meta.url));
// Lambda's own limit for everything outside of the handler.
const INIT_TIMEOUT_MILLISECONDS = 10_000;

export function createFunctionProcess(options: FunctionProcessOptions): FunctionProcess {
  const { definition } = options;
  let running: Running | undefined;
  let starting: Promise<Running> | undefined;

  const start = async (): Promise<Running> => {
    const api = await startRuntimeApi();
    const stream = logStreamName();
    const child = spawn(process.execPath, [BOOTSTRAP], {
      cwd: definition.codePath,
      env: functionEnvironment(options, api.address, stream),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const drained = Promise.all([printLines(child.stdout), printLines(child.stderr)]);
    const { promise: exited, resolve } = Promise.withResolvers<string>();
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      drained.then(() => resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`));
    });
    return { child, api, stream, exited, began: performance.now(), isWarm: false };

    async function printLines(source: Readable | null): Promise<void> {
      if (source !== null) {
        for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
          options.print(stream, line);
        }
      }
    }
  };

  const end = async (): Promise<void> => {
    // One that is about to run must not outlive its end either.
    const ending = running ?? (await starting);
    running = undefined;
    if (ending !== undefined) {
      ending.child.kill('SIGKILL');
      ending.api.stop();
      await ending.exited;
    }
  };

  const waitUntilStarted = async (process: Running): Promise<RuntimeError | undefined> => {
    if (process.isWarm) {
      return undefined;
    }
    const started = await Promise.race([
      process.api.started,
      process.exited.then((reason) => ({ kind: 'exited' as const, reason })),
      timer(INIT_TIMEOUT_MILLISECONDS).then(() => ({ kind: 'slow' as const })),
    ]);
    switch (started.kind) {
      case 'ready':
        process.isWarm = true;
        return undefined;
      case 'init-error':
        return started.error;
      case 'exited':
        return { errorType: 'Runtime.ExitError', errorMessage: `Error: Runtime exited with error: ${started.reason}` };
      case 'slow':
        return { errorType: 'Sandbox.Timedout', errorMessage: 'Error: The start took longer than 10 seconds' };
    }
  };

  return {
    invoke: async (event) => {
      const requestId = randomUUID();
      if (running !== undefined && running.child.exitCode !== null) {
        await end();
      }
      if (running === undefined) {
        starting = start();
        try {
          running = await starting;
        } finally {
          starting = undefined;
        }
      }
      const current = running;
      const wasWarm = current.isWarm;
      const platform = createPlatformLog(definition, requestId, (line) => options.print(current.stream, line));
      const failure = await waitUntilStarted(current);
      if (failure !== undefined) {
        platform.initFailed(failure, performance.now() - current.began);
        await end();
        return { kind: 'error', error: failure };
      }
      const initMilliseconds = wasWarm ? undefined : performance.now() - current.began;
      platform.start();
      const began = performance.now();
      const outcome = await race(current, definition, requestId, JSON.stringify(event));
      const duration = performance.now() - began;
      switch (outcome.kind) {
        case 'response':
          platform.end('success', duration, initMilliseconds);
          return readPayload(outcome.payload);
        case 'error':
          platform.end('error', duration, initMilliseconds);
          return outcome;
        case 'timeout': {
          const message = `Task timed out after ${definition.timeoutSeconds.toFixed(2)} seconds`;
          platform.timedOut(message, duration, initMilliseconds);
          await end();
          return {
            kind: 'error',
            error: { errorType: 'Sandbox.Timedout', errorMessage: `RequestId: ${requestId} Error: ${message}` },
          };
        }
        case 'exited': {
          const message = `Error: Runtime exited with error: ${outcome.reason}`;
          platform.crashed(message, duration, initMilliseconds);
          await end();
          return {
            kind: 'error',
            error: { errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${requestId} ${message}` },
          };
        }
      }
    },
    memory: async () => {
      if (running === undefined || !running.child.connected) {
        return undefined;
      }
      const { child, exited } = running;
      const answer = once(child, 'message').then(([message]) => functionMemory.parse(message));
      // Where it has just ended, that is the answer.
      child.send('memory', () => {});
      return Promise.race([answer, exited.then(() => undefined)]);
    },
    stop: end,
  };
}

type Outcome = RuntimeAnswer | { readonly kind: 'timeout' } | { readonly kind: 'exited'; readonly reason: string };

async function race(
  current: Running,
  definition: FunctionDefinition,
  requestId: string,
  payload: string,
): Promise<Outcome> {
  const limit = definition.timeoutSeconds * 1000;
  const timeout = new AbortController();
  try {
    return await Promise.race<Outcome>([
      current.api.invoke({ requestId, functionArn: definition.arn, deadline: Date.now() + limit, payload }),
      current.exited.then((reason) => ({ kind: 'exited', reason })),
      timer(limit, timeout.signal).then(() => ({ kind: 'timeout' })),
    ]);
  } finally {
    timeout.abort();
  }
}

function readPayload(payload: string): InvocationResult {
  try {
    return { kind: 'success', payload: JSON.parse(payload) };
  } catch (error) {
    return { kind: 'error', error: { errorType: 'Runtime.InvalidResponse', errorMessage: String(error) } };
  }
}

/** Only what the template gives, and what Lambda itself adds; nothing of the environment that the sandbox runs in. */
function functionEnvironment(
  { definition, endpoint, openSession }: FunctionProcessOptions,
  runtimeApi: string,
  stream: string,
): NodeJS.ProcessEnv {
  const { credentials } = openSession();
  return {
    ...definition.variables,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: definition.region,
    AWS_DEFAULT_REGION: definition.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: stream,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    LAMBDA_TASK_ROOT: definition.codePath,
    _HANDLER: definition.handler,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/usr/local/bin:/usr/bin:/bin',
  };
}

function logStreamName(): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
}

/** The lines that Lambda itself writes around an invocation, in the function's log format. */
function createPlatformLog(definition: FunctionDefinition, requestId: string, print: (line: string) => void) {
  const isJson = definition.logFormat === 'JSON';
  const event = (type: string, record: Readonly<Record<string, unknown>>) =>
    print(JSON.stringify({ time: new Date().toISOString(), type, record: { requestId, ...record } }));
  const round = (milliseconds: number) => Math.round(milliseconds * 100) / 100;

  const report = (status: string, duration: number, init: number | undefined) => {
    const billed = Math.ceil(duration + (init ?? 0));
    if (isJson) {
      const metrics = {
        durationMs: round(duration),
        billedDurationMs: billed,
        memorySizeMB: definition.memorySize,
        ...(init === undefined ? {} : { initDurationMs: round(init) }),
      };
      event('platform.report', { metrics, status });
      return;
    }
    print(`END RequestId: ${requestId}`);
    const parts = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${round(duration)} ms`,
      `Billed Duration: ${billed} ms`,
      `Memory Size: ${definition.memorySize} MB`,
      ...(init === undefined ? [] : [`Init Duration: ${round(init)} ms`]),
      ...(status === 'success' ? [] : [`Status: ${status}`]),
    ];
    print(parts.join('\t'));
  };

  return {
    start: () =>
      isJson
        ? event('platform.start', { version: '$LATEST' })
        : print(`START RequestId: ${requestId} Version: $LATEST`),
    end: report,
    timedOut: (message: string, duration: number, init: number | undefined) => {
      print(`${new Date().toISOString()} ${requestId} ${message}`);
      report('timeout', duration, init);
    },
    crashed: (message: string, duration: number, init: number | undefined) => {
      print(`RequestId: ${requestId} ${message}`);
      report('error', duration, init);
    },
    initFailed: ({ errorType, errorMessage }: RuntimeError, duration: number) => {
      print(`INIT_REPORT Init Duration: ${round(duration)} ms\tPhase: init\tStatus: error\tError Type: ${errorType}`);
      print(`RequestId: ${requestId} ${errorType}: ${errorMessage}`);
    },
  };
}

function timer(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const handle = setTimeout(resolve, milliseconds);
    handle.unref();
    signal?.addEventListener('abort', () => clearTimeout(handle), { once: true });
  });
}
