import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Lambda's Runtime API, which a runtime asks for events and gives its answers to. */
export interface RuntimeApi {
  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  readonly address: string;
  /** Hands the runtime an event; resolves to what the handler answered. Rejects if it threw, or could not start. */
  invoke(event: unknown): Promise<unknown>;
  /** Ends what waits with this error. */
  fail(error: Error): void;
  stop(): Promise<void>;
}

const base = '/2018-06-01/runtime';
const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:layerward-remediate';

/** Starts a Runtime API on a free port of 127.0.0.1. */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const events: { readonly id: string; readonly event: unknown }[] = [];
  const answers = new Map<string, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let asking: ServerResponse | undefined;
  let count = 0;
  let failure: Error | undefined;

  const handOver = () => {
    const next = asking && events.shift();
    if (!asking || !next) return;
    asking.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': String(Date.now() + 60_000),
      'lambda-runtime-invoked-function-arn': functionArn,
      'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
    });
    asking.end(JSON.stringify(next.event));
    asking = undefined;
  };
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of answers.values()) reject(error);
    answers.clear();
  };

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (path === `${base}/invocation/next`) {
      asking = response;
      return handOver();
    }
    const body = await text(request);
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    if (path === `${base}/init/error`) return fail(new Error(`the function could not start: ${body}`));
    const [, id = '', what] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const answer = answers.get(id);
    answers.delete(id);
    if (what === 'response') answer?.resolve(JSON.parse(body));
    else answer?.reject(new Error(`the handler threw: ${body}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    invoke: (event) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        const id = `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
        answers.set(id, { resolve, reject });
        events.push({ id, event });
        handOver();
      }),
    fail,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
