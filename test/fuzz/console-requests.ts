import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { startConsole } from '../../src/console/server.ts';
import { createRandom } from '../../src/sandbox/random.ts';
import { createMemoryRecords } from '../fixtures/memory-records.ts';
import { recordOf } from '../unit/console/record.ts';
import { corrupt, hostileTexts, mutateText } from './mutation.ts';
import { hold, type Target, type Verdict } from './target.ts';

/*
 * The console's requests, over sockets of their own: in one piece or in many, whole or half, as browsers send them and as
 * nobody should. What is only known of a running console stands in them as {port}, {base} and {token}.
 */

interface Input {
  readonly request: string;
  /** What becomes of its bytes, if anything. */
  readonly corruption: number | undefined;
  /** In how many pieces it is sent. */
  readonly pieces: number;
  /** Whether the client waits for the answer, hangs up, or stays without saying more. */
  readonly manner: 'waits' | 'hangs up' | 'stays';
}

const either = (...usual: [string, ...string[]]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...hostileTexts) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 40 }) },
  );

const headerLines = fc.array(
  fc.oneof(
    either('http://127.0.0.1:{port}', 'http://evil.example.com', 'null').map((value) => `Origin: ${value}`),
    either('same-origin', 'none', 'cross-site').map((value) => `Sec-Fetch-Site: ${value}`),
    either('0', '5', '-1', '5, 5', '99999999999').map((value) => `Content-Length: ${value}`),
    either('chunked', 'chunked, chunked', 'gzip, chunked', 'identity').map((value) => `Transfer-Encoding: ${value}`),
    either('100-continue', '200-ok').map((value) => `Expect: ${value}`),
    either('close', 'keep-alive', 'Upgrade').map((value) => `Connection: ${value}`),
    either('websocket', 'h2c').map((value) => `Upgrade: ${value}`),
    either('127.0.0.1:{port}', 'evil.example.com').map((value) => `Host: ${value}`),
    fc.tuple(either('X-Forwarded-Host', 'Accept', '__proto__'), either('*/*')).map((pair) => pair.join(': ')),
  ),
  { maxLength: 3 },
);

const request = fc
  .record({
    method: fc.oneof(
      { weight: 12, arbitrary: fc.constant('GET') },
      either('POST', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'get'),
    ),
    path: either(
      ...(['{base}', '{base}api/report', '{base}api/events', '{base}?token={token}', '{base}?token=x', '/'] as const),
      ...['{base}api/function?arn=arn:aws:lambda:us-east-1:111122223333:function:orders', '{base}api/function?arn='],
      ...['{base}api/function?arn=%00%ff', '{base}../../etc/passwd', 'http://127.0.0.1:{port}{base}', '*', '//{base}'],
      `{base}${'a'.repeat(20_000)}`,
    ),
    version: fc.oneof({ weight: 12, arbitrary: fc.constant('HTTP/1.1') }, either('HTTP/1.0', 'HTTP/2.0', 'HTTP/9')),
    host: fc.oneof(
      { weight: 6, arbitrary: fc.constant('Host: 127.0.0.1:{port}') },
      either('localhost:{port}', 'LOCALHOST:{port}', 'evil.example.com:{port}', '127.0.0.1', '[::1]:{port}').map(
        (value) => `Host: ${value}`,
      ),
      fc.constant(''),
    ),
    token: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('Authorization: Bearer {token}', 'Cookie: layerward-{port}={token}') },
      either('Bearer x', 'Bearer {token}x', 'Basic {token}', 'Bearer ').map((value) => `Authorization: ${value}`),
      either('layerward-{port}=x', 'layerward-1={token}', '={token}', ';;;').map((value) => `Cookie: ${value}`),
      fc.constant(''),
    ),
    headers: fc.oneof({ weight: 2, arbitrary: fc.constant<string[]>([]) }, headerLines),
    body: fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      either('{}', '5\r\nhello\r\n0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'),
    ),
  })
  .map(({ method, path, version, host, token, headers, body }) =>
    [`${method} ${path} ${version}`, ...[host, token, ...headers].filter(Boolean), '', body].join('\r\n'),
  );

const whole = 'GET {base}api/report HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n';

const inputs: fc.Arbitrary<Input> = fc.record({
  request: fc.oneof(
    { weight: 3, arbitrary: request },
    {
      weight: 1,
      arbitrary: fc
        .tuple(request, fc.integer({ min: 0, max: 2 ** 32 - 1 }))
        .map(([text, seed]) => mutateText(text, [whole], createRandom(seed))),
    },
  ),
  corruption: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  pieces: fc.constantFrom(1, 1, 1, 2, 5, 40),
  manner: fc.constantFrom<Input['manner']>('waits', 'waits', 'waits', 'waits', 'hangs up', 'stays'),
});

/** What the console answers with, and what Node does where there is no request to be read. */
const ownStatuses = [200, 303, 401, 403, 404, 405];
const nodeStatuses = [400, 408, 413, 417, 431];
/** So many clients stay and say nothing, at a time. */
const mostThatStay = 100;
const askedEvery = 20;

export const consoleRequests: Target<Input> = {
  name: 'console-requests',
  about: 'requests to the console, over sockets of their own',
  inputs,
  async open() {
    const memory = createMemoryRecords();
    await memory.port.save(recordOf());
    const running = await startConsole({ records: memory.port });
    const { searchParams, pathname: base } = new URL(running.url);
    const token = searchParams.get('token') ?? '';
    const places: Readonly<Record<string, string>> = { port: String(running.port), base, token };
    const fill = (text: string) =>
      text.replaceAll(/\{(port|base|token)\}/g, (place, name: string) => places[name] ?? place);
    const staying: Socket[] = [];
    let given = 0;

    const askWell = async (): Promise<number> => {
      const { status, body } = readAnswer(await exchange(running.port, [Buffer.from(fill(whole))]));
      if (status === 200) hold(body.includes('"orders"'), 'a good request got another answer');
      return status ?? 0;
    };
    // The records are being read when it starts.
    for (let status = 0; status !== 200; ) status = await askWell();

    return {
      async give({ request: text, corruption, pieces, manner }) {
        const filled = Buffer.from(fill(text));
        const bytes = corruption === undefined ? filled : corrupt(filled, createRandom(corruption));
        const parts = partsOf(bytes, pieces);
        let verdict: Verdict = 'refused';
        if (manner === 'waits') {
          const answer = readAnswer(await exchange(running.port, parts));
          holdAnswer(answer, bytes.toString('latin1'), token);
          if (answer.status === 200 || answer.status === 303) verdict = 'accepted';
        } else {
          const socket = await sendHalf(running.port, parts, bytes.length);
          if (manner === 'hangs up') socket.destroy();
          else staying.push(socket);
          if (staying.length > mostThatStay) staying.shift()?.destroy();
        }
        if (++given % askedEvery === 0) hold((await askWell()) === 200, 'it does not answer a good request any more');
        return verdict;
      },
      async close() {
        for (const socket of staying) socket.destroy();
        await running.close();
      },
    };
  },
};

function partsOf(bytes: Buffer, pieces: number): Buffer[] {
  const size = Math.max(1, Math.ceil(bytes.length / pieces));
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}

/** Lets what is on its way arrive, so that parts come as parts. */
const aTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject);
      // What the other side does with the connection is what is looked at.
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Sends a request and hears the answer to its end; a stream of events is left once it has begun. */
async function exchange(port: number, parts: readonly Buffer[]): Promise<Buffer> {
  const socket = await open(port);
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (Buffer.concat(chunks).includes('retry: 1000\n\n')) socket.destroy();
    });
    socket.on('close', () => resolve());
  });
  for (const [index, part] of parts.entries()) {
    if (socket.destroyed || !socket.writable) break;
    socket.write(part);
    if (index < parts.length - 1) await aTurn();
  }
  socket.end();
  await ended;
  return Buffer.concat(chunks);
}

/** Sends about the half of a request, and no more. */
async function sendHalf(port: number, parts: readonly Buffer[], length: number): Promise<Socket> {
  const socket = await open(port);
  socket.resume();
  let sent = 0;
  for (const part of parts) {
    if (socket.destroyed || sent > length / 2) break;
    socket.write(part.subarray(0, Math.max(1, Math.floor(length / 2))));
    sent += part.length;
    await aTurn();
  }
  return socket;
}

interface Answer {
  readonly status: number | undefined;
  readonly head: string;
  readonly body: string;
}

/** The first answer of a connection. */
function readAnswer(bytes: Buffer): Answer {
  const [first = '', ...rest] = bytes
    .toString('latin1')
    .replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
    .split('\r\n\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
  return {
    status: status === undefined ? undefined : Number(status),
    head: first.toLowerCase(),
    body: rest.join('\r\n\r\n'),
  };
}

function holdAnswer({ status, head, body }: Answer, sent: string, token: string): void {
  // Where a connection is to be another one, or a request is none, Node may hang up.
  if (status === undefined) return;
  hold([...ownStatuses, ...nodeStatuses].includes(status), `it answered ${status}: ${body.slice(0, 200)}`);
  if (ownStatuses.includes(status)) {
    hold(/^content-security-policy: default-src 'none'/m.test(head), 'an answer without a policy');
    hold(head.includes('cache-control: no-store'), 'an answer that may be kept');
    if (status >= 400 && !/^HEAD /.test(sent)) hold(/\w{3}/.test(body), `${status} without a reason`);
  }
  if (status !== 303) hold(!`${head}${body}`.includes(token), 'it told its token');
  if (status !== 200 && status !== 303) {
    hold(!body.includes('orders') && !body.includes('<html'), `it told of the records with ${status}`);
    return;
  }
  hold(sent.includes(token), `${status} without the token`);
  hold(/^\s*GET /.test(sent), `${status} to something else than GET`);
  hold(/^host:[ \t]*(127\.0\.0\.1|localhost):/im.test(sent), `${status} to another host`);
  hold(
    !/^origin:[ \t]*http:\/\/evil/im.test(sent) && !/^sec-fetch-site:[ \t]*cross-site/im.test(sent),
    `${status} to another site`,
  );
}
