import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * AWS Lambda's Runtime API over HTTP, for one function process: what a runtime asks for its next event, and answers to.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface RuntimeApi {
  /** `127.0.0.1:PORT`, the value of `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Hands one event to the runtime; resolves with what the runtime answers. */
  invoke(invocation: Invocation): Promise<RuntimeAnswer>;
  /** Resolves once the runtime asks for its first event, or has reported that it cannot start. */
  readonly started: Promise<{ readonly kind: 'ready' } | { readonly kind: 'init-error'; readonly error: RuntimeError }>;
  stop(): void;
}

/** One event on its way to the handler. */
export interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** JSON. */
  readonly payload: string;
}

/** What went wrong, in the runtime's own words. */
export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: readonly string[];
}

/** A handler's return value as JSON text, or its error. */
export type RuntimeAnswer =
  | { readonly kind: 'response'; readonly payload: string }
  | { readonly kind: 'error'; readonly error: RuntimeError };

const PREFIX = '/2018-06-01/runtime';

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const queue: Invocation[] = [];
  const waiting: ServerResponse[] = [];
  const open = new Map<string, (answer: RuntimeAnswer) => void>();
  const { promise: started, resolve: resolveStarted } = Promise.withResolvers<Awaited<RuntimeApi['started']>>();

  const feed = () => {
    while (queue.length > 0 && waiting.length > 0) {
      const invocation = queue.shift();
      const response = waiting.shift();
      if (invocation !== undefined && response !== undefined) {
        send(response, invocation);
      }
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (request.method === 'GET' && path === `${PREFIX}/invocation/next`) {
      resolveStarted({ kind: 'ready' });
      waiting.push(response);
      feed();
      return;
    }
    const body = await readText(request);
    const [, requestId, outcome] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (request.method === 'POST' && path === `${PREFIX}/init/error`) {
      resolveStarted({ kind: 'init-error', error: readError(body) });
      accept(response);
    } else if (request.method === 'POST' && requestId !== undefined && outcome !== undefined) {
      const answer = open.get(requestId);
      if (answer === undefined) {
        refuse(response, 403, 'InvalidRequestID', `No invocation ${requestId} is waiting for an answer.`);
        return;
      }
      open.delete(requestId);
      accept(response);
      answer(outcome === 'response' ? { kind: 'response', payload: body } : { kind: 'error', error: readError(body) });
    } else {
      refuse(response, 404, 'InvalidPath', `The Runtime API has no ${request.method} ${path}.`);
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  // A runtime waits for its next event as long as it takes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    started,
    invoke: (invocation) =>
      new Promise((resolve) => {
        open.set(invocation.requestId, resolve);
        queue.push(invocation);
        feed();
      }),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(response: ServerResponse, invocation: Invocation): void {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const trace = `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
  response.writeHead(200, {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': invocation.requestId,
    'lambda-runtime-deadline-ms': String(invocation.deadline),
    'lambda-runtime-invoked-function-arn': invocation.functionArn,
    'lambda-runtime-trace-id': trace,
  });
  response.end(invocation.payload);
}

function accept(response: ServerResponse): void {
  response.writeHead(202, { 'content-type': 'application/json' });
  response.end('{"status":"OK"}');
}

function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errorType, errorMessage }));
}

function readError(body: string): RuntimeError {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed) {
      const errorType = 'errorType' in parsed ? String(parsed.errorType) : 'Error';
      const trace = 'stackTrace' in parsed && Array.isArray(parsed.stackTrace) ? parsed.stackTrace.map(String) : [];
      return { errorType, errorMessage: String(parsed.errorMessage), stackTrace: trace };
    }
  } catch {
    // Told below: a runtime may send anything.
  }
  return { errorType: 'Runtime.Unknown', errorMessage: body };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  }
  return Buffer.concat(chunks).toString('utf8');
}
