import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { LayerwardError } from '../domain/errors.ts';
import type { FunctionDetail } from '../service/report-schema.ts';
import type { ReportRecords } from '../service/report-source.ts';
import { type PageDocument, pageDocument } from './document.ts';
import { judgeRequest, type Own } from './guard.ts';
import { createLiveReport, type LiveMessage, type LiveReport } from './live-report.ts';
import { bundlePage } from './page-bundle.ts';

/** How a console is started. */
export interface ConsoleOptions {
  readonly records: ReportRecords;
  /** Any free one if left out. */
  readonly port?: number;
  /** How far back the timeline goes; 30 days if left out. */
  readonly sinceDays?: number;
  /** Milliseconds between two questions for what is new; 1500 if left out. */
  readonly pollEveryMs?: number;
  readonly now?: () => Date;
  /** Says what went wrong and what to do, in a sentence; the error's own words if left out. */
  readonly explain?: (error: unknown) => string;
}

/** A console that takes requests. */
export interface RunningConsole {
  /** The address to open, with its token. */
  readonly url: string;
  readonly port: number;
  /** Ends it: pages that are open hear of it. */
  close(): Promise<void>;
}

/** Somebody listens on the port already, or nobody may. */
export class ConsolePortUnusable extends LayerwardError {
  override readonly name = 'ConsolePortUnusable';
  readonly code = 'port-unusable';
  readonly retryable = false;
}

const heartbeatMs = 15_000;

/** No answer of ours is kept, framed, guessed at or read by another site. */
const strictHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * Starts the console on 127.0.0.1, and nowhere else. It only reads: what it is given are questions to the records.
 * @throws {ConsolePortUnusable} where the port is taken.
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const document = pageDocument(await bundlePage(), { kind: 'live' });
  const server = createServer();
  const port = await listen(server, options.port ?? 0);
  const own: Own = {
    port,
    base: `/${randomBytes(6).toString('hex')}/`,
    token: randomBytes(32).toString('base64url'),
    cookieName: `layerward-${port}`,
  };
  const live = createLiveReport({
    records: options.records,
    now: options.now ?? (() => new Date()),
    sinceDays: options.sinceDays ?? 30,
    pollEveryMs: options.pollEveryMs ?? 1_500,
    explain: options.explain ?? ((error) => (error instanceof Error ? error.message : String(error))),
  });
  const explain = options.explain ?? String;
  server.on('request', (request, response) => {
    answer(request, response, { own, live, document }).catch((error: unknown) => {
      if (!response.headersSent) send(response, 502, 'application/json', JSON.stringify({ message: explain(error) }));
      else response.destroy();
    });
  });
  return {
    url: `http://127.0.0.1:${port}${own.base}?token=${own.token}`,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await live.close();
      await closed;
    },
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken' : `can’t be used (${error.code ?? error.message})`;
      reject(
        new ConsolePortUnusable(`port ${port} ${why}: give another one by --port, or none for any`, { cause: error }),
      );
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

interface Parts {
  readonly own: Own;
  readonly live: LiveReport;
  readonly document: PageDocument;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { own, live, document }: Parts,
): Promise<void> {
  const { method = '', url = '', headers } = request;
  const verdict = judgeRequest({ method, url, headers }, own);
  switch (verdict.kind) {
    case 'refused':
      if (verdict.status === 405) response.setHeader('Allow', 'GET');
      return send(response, verdict.status, 'text/plain', `${verdict.message}\n`);
    case 'enter':
      response.setHeader('Set-Cookie', `${own.cookieName}=${own.token}; Path=${own.base}; HttpOnly; SameSite=Strict`);
      response.setHeader('Location', own.base);
      return send(response, 303, 'text/plain', '');
    case 'granted':
  }
  switch (verdict.path) {
    case '':
      response.setHeader('Content-Security-Policy', `${document.policy}; frame-ancestors 'none'`);
      return send(response, 200, 'text/html', document.html);
    case 'api/report': {
      const json = live.json();
      return json === undefined
        ? send(response, 503, 'application/json', JSON.stringify(live.state()))
        : send(response, 200, 'application/json', json);
    }
    case 'api/function': {
      const detail: FunctionDetail = await live.detail(verdict.query.get('arn') ?? '');
      return send(response, 200, 'application/json', JSON.stringify(detail));
    }
    case 'api/events':
      return stream(response, live);
    default:
      return send(response, 404, 'text/plain', 'There is nothing here.\n');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  setStrictHeaders(response);
  response.writeHead(status, { 'Content-Type': `${type}; charset=utf-8` });
  response.end(body);
}

function setStrictHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(strictHeaders))
    if (!response.hasHeader(name)) response.setHeader(name, value);
}

/** Server-Sent Events: what is new, as it comes. Whoever comes back reads the report anew. */
function stream(response: ServerResponse, live: LiveReport): void {
  setStrictHeaders(response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  const write = ({ event, data }: LiveMessage) => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  response.write('retry: 1000\n\n');
  const unsubscribe = live.subscribe(write);
  const recent = live.recent();
  if (recent.length > 0) write({ event: 'changes', data: recent });
  write({ event: 'state', data: live.state() });
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
  response.on('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
}
