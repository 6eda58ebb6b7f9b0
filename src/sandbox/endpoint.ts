import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { actionName } from './action-name.ts';
import { type ApiRequest, type ApiResponse, type ApiService, AwsError, type Clock } from './api.ts';
import type { CallLog } from './call-log.ts';
import type { Identities } from './identity.ts';
import { ConnectionLost } from './lambda/connection-lost.ts';
import type { CallFate } from './lambda/faults.ts';
import { internalError, renderError } from './protocol.ts';
import { readScope } from './signature.ts';

/** One HTTP server that serves all AWS services of the sandbox, told apart by what each request is signed for. */
export interface Endpoint {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Ends open connections and stops listening. */
  stop(): Promise<void>;
}

/** The port is taken by another program. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
}

/** What the endpoint serves. */
export interface EndpointOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly identities: Identities;
  readonly calls: CallLog;
  /** Signing name to service. */
  readonly services: ReadonlyMap<string, ApiService>;
  /** How many milliseconds a call of a service waits before it is looked at. */
  readonly latencyOf: (service: string) => number;
  /** Why a call is refused before its service sees it; undefined if it is not. */
  readonly refuse: (request: ApiRequest, call: string) => AwsError | undefined;
  /** What faults do to a call that is not refused; undefined where its service asks by itself. */
  readonly fateOf: (request: ApiRequest, call: string) => CallFate | undefined;
  /** Sees every call after it was answered, with its refusal if it was refused. */
  readonly onCall: (request: ApiRequest, call: string, refusal: AwsError | undefined) => void;
  /** Answers what is asked of the sandbox itself, under `/_sandbox/`. */
  readonly control: (request: ControlRequest) => ApiResponse | Promise<ApiResponse>;
  readonly log: (line: string) => void;
}

/** A request to the sandbox itself. */
export interface ControlRequest {
  readonly method: string;
  /** What follows `/_sandbox/`. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

const CONTROL_PREFIX = '/_sandbox/';
const DEFAULT_REGION = 'us-east-1';
// Lambda's own limit is 70,167,211 bytes; anything above cannot be an AWS call.
const MAXIMUM_BODY_BYTES = 72 * 1024 * 1024;

/**
 * Starts to listen on 127.0.0.1.
 *
 * @throws {PortInUseError} if another program has the port.
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const server = createServer((incoming, outgoing) => {
    serve(options, incoming, outgoing).catch((error: unknown) => {
      options.log(`endpoint: ${incoming.method} ${incoming.url} failed: ${String(error)}`);
      outgoing.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new PortInUseError(
              `port ${options.port} on 127.0.0.1 is taken: end that program, or give another port, or 0 for any`,
            )
          : error,
      );
    });
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(options: EndpointOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const method = incoming.method ?? 'GET';
  const requestId = randomUUID();
  let response: ApiResponse;
  const body = await readBody(incoming);
  if (url.pathname.startsWith(CONTROL_PREFIX)) {
    const name = url.pathname.slice(CONTROL_PREFIX.length);
    response = await answerControl(options, { method, name, query: url.searchParams, body });
  } else {
    const request = toApiRequest(options, incoming, url, body);
    try {
      response = await answer(options, request, requestId);
    } catch (error) {
      if (error instanceof ConnectionLost) {
        outgoing.destroy();
        return;
      }
      throw error;
    }
  }
  const payload = typeof response.body === 'string' ? Buffer.from(response.body) : response.body;
  outgoing.writeHead(response.status, {
    'x-amzn-requestid': requestId,
    ...response.headers,
    'content-length': payload.length,
  });
  outgoing.end(payload);
}

function toApiRequest(options: EndpointOptions, incoming: IncomingMessage, url: URL, body: Buffer): ApiRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) {
      headers[name] = Array.isArray(value) ? value.join(',') : value;
    }
  }
  const path = (incoming.url ?? '/').split('?')[0] ?? '/';
  const traits = { headers, query: url.searchParams, path, body };
  const scope = readScope(traits);
  return {
    ...traits,
    method: incoming.method ?? 'GET',
    service: scope.service ?? 'unknown',
    region: scope.region ?? DEFAULT_REGION,
    caller: options.identities.callerOf(scope.accessKeyId),
  };
}

async function answer(options: EndpointOptions, request: ApiRequest, requestId: string): Promise<ApiResponse> {
  const functionName = options.identities.functionOf(request.caller.accessKeyId);
  const call = actionName(request);
  const end = options.calls.begin({
    time: options.clock.now().toISOString(),
    service: request.service,
    action: call,
    region: request.region,
    account: request.caller.accountId,
    method: request.method,
    path: request.path,
    caller: {
      kind: functionName === undefined ? 'user' : 'function',
      accessKeyId: request.caller.accessKeyId,
      arn: String(request.caller.userIdentity['arn']),
      ...(functionName === undefined ? {} : { functionName }),
    },
    userAgent: request.headers['user-agent'] ?? '',
  });
  const wait = async (milliseconds: number) => {
    if (milliseconds > 0) {
      await new Promise<void>((resolve) => options.clock.after(milliseconds, resolve));
    }
  };
  try {
    await wait(options.latencyOf(request.service));
    const service = options.services.get(request.service);
    if (service === undefined) {
      throw unknownService(request, [...options.services.keys()]);
    }
    const refused = options.refuse(request, call);
    if (refused !== undefined) {
      throw refused;
    }
    const fate = options.fateOf(request, call);
    await wait(fate?.latencyMilliseconds ?? 0);
    if (fate?.error !== undefined) {
      throw fate.error;
    }
    const response = await service(request);
    const errorCode = response.status < 400 ? undefined : errorCodeOf(response);
    if (errorCode === undefined) {
      options.onCall(request, call, undefined);
      if (fate?.loseAnswer === true) {
        throw new ConnectionLost(call);
      }
    }
    end({ status: response.status, ...(errorCode === undefined ? {} : { errorCode }) });
    return response;
  } catch (error) {
    if (error instanceof ConnectionLost) {
      end({ errorCode: 'ConnectionLost' });
      throw error;
    }
    const refusal = error instanceof AwsError ? error : internalError(error);
    if (refusal !== error) {
      options.log(`endpoint: ${request.service} ${actionName(request)} failed: ${describe(error)}`);
    }
    end({ status: refusal.status, errorCode: refusal.code });
    options.onCall(request, call, refusal);
    return renderError(refusal, request, requestId);
  }
}

async function answerControl(options: EndpointOptions, request: ControlRequest): Promise<ApiResponse> {
  try {
    return await options.control(request);
  } catch (error) {
    const refusal = error instanceof AwsError ? error : internalError(error);
    return {
      status: refusal.status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ error: refusal.code, message: refusal.message, ...refusal.members }),
    };
  }
}

function unknownService(request: ApiRequest, served: readonly string[]): AwsError {
  return new AwsError(
    'UnknownOperationException',
    501,
    request.service === 'unknown'
      ? `The sandbox cannot tell which AWS service ${request.method} ${request.path} is meant for: the request is not signed.`
      : `The sandbox has no ${request.service}. It serves: ${served.join(', ')}.`,
  );
}

// The emulators behind some services answer refusals themselves, each in its protocol's form.
function errorCodeOf(response: ApiResponse): string | undefined {
  const text = response.body.toString();
  const code = /"__type":\s*"(?:[^"#]*#)?([^"]+)"/.exec(text) ?? /<Code>([^<]+)<\/Code>/.exec(text);
  return response.headers?.['x-amzn-errortype'] ?? code?.[1];
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    length += bytes.length;
    if (length > MAXIMUM_BODY_BYTES) {
      throw new Error(`the request's body has more than ${MAXIMUM_BODY_BYTES} bytes`);
    }
    chunks.push(bytes);
  }
  const body = Buffer.concat(chunks);
  return incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
