import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type RunningConsole, startConsole } from '../../../src/console/server.ts';
import { functionDetail, report } from '../../../src/service/report-schema.ts';
import { createMemoryRecords } from '../../fixtures/memory-records.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { recordOf } from './record.ts';

let memory: ReturnType<typeof createMemoryRecords>;
let running: RunningConsole;
beforeEach(async () => {
  memory = createMemoryRecords();
  await memory.port.save(recordOf());
  running = await startConsole({ records: memory.port, pollEveryMs: 10 });
});
afterEach(() => running.close());

const base = () => running.url.replace(/\?.*/, '');
const token = () => new URL(running.url).searchParams.get('token') ?? '';
const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${base()}${path}`, { headers: { authorization: `Bearer ${token()}`, ...headers }, redirect: 'manual' });

/** Asks with a path as it is, which `fetch` would tidy up. */
function askRaw(path: string, headers: Record<string, string>, address = '127.0.0.1'): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request({ host: address, port: running.port, path, headers, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

/** Reads the stream of events until one is of this name. */
async function nextEvent(name: string): Promise<unknown> {
  const answer = await ask('api/events');
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const data = new RegExp(`event: ${name}\\ndata: (.*)\\n\\n`).exec(text)?.[1];
    if (data !== undefined) return JSON.parse(data);
  }
  throw new Error(`no ${name} in ${text}`);
}

async function readReport() {
  return expect
    .poll(async () => (await ask('api/report')).status)
    .toBe(200)
    .then(async () => report.parse(await (await ask('api/report')).json()));
}

describe('the console’s server', () => {
  it('gives the first address a cookie that no script and no other site can use, and an address without the token', async () => {
    const answer = await fetch(running.url, { redirect: 'manual' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(new URL(base()).pathname);
    expect(answer.headers.get('set-cookie')).toBe(
      `layerward-${running.port}=${token()}; Path=${new URL(base()).pathname}; HttpOnly; SameSite=Strict`,
    );
    expect(await answer.text()).toBe('');
  });

  it('sends strict headers with every answer, refusals among them', async () => {
    for (const answer of [await ask(''), await ask('api/report'), await ask('nothing'), await fetch(base())]) {
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
      expect(answer.headers.get('content-security-policy')).not.toMatch(/unsafe|\*|http/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('says nothing of the records without the token', async () => {
    for (const path of ['', 'api/report', 'api/events', 'api/function?arn=x']) {
      const answer = await fetch(`${base()}${path}`);
      expect(answer.status).toBe(401);
      expect(await answer.text()).toBe(
        'The token is missing or of another console: open the address that the console printed when it started.\n',
      );
    }
  });

  it.each(['/../../etc/passwd', '/..%2f..%2fetc%2fpasswd', '//etc/passwd', '/%00', '/api/report'])(
    'has no file behind %s',
    async (path) => {
      const headers = { authorization: `Bearer ${token()}` };
      expect(await askRaw(path, headers)).toBe(404);
      expect(await askRaw(`${new URL(base()).pathname}${path.slice(1)}`, headers)).toBe(
        path === '/api/report' ? 200 : 404,
      );
    },
  );

  it('listens on 127.0.0.1 and on no other address of the machine', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const address of others) expect(await askRaw('/', {}, address)).toBe('ECONNREFUSED');
    expect(await askRaw('/', {})).toBe(401);
  });

  it('answers with the report and with one function’s history', async () => {
    await memory.port.remember(outcomeOf());
    const { functions } = await readReport();
    expect(functions.map(({ name }) => name)).toEqual(['orders']);
    const answer = await ask(`api/function?arn=${encodeURIComponent(recordOf().functionArn)}`);
    const detail = functionDetail.parse(await answer.json());
    expect(detail.function?.attached).toBeDefined();
    expect(detail.history).toHaveLength(1);
    memory.calls.length = 0;
    for (const arn of ['', 'accounts', 'x'.repeat(3_000), `arn:${'x'.repeat(3_000)}`, encodeURIComponent('\0'), '%ff'])
      expect(await (await ask(`api/function?arn=${arn}`)).json()).toEqual({ history: [] });
    // The table takes no such keys.
    expect(memory.calls).toEqual([]);
    const unknown = functionDetail.parse(await (await ask('api/function?arn=nobody')).json());
    expect(unknown).toEqual({ history: [] });
  });

  it('tells whoever listens what is new, once, with the function as it is now', async () => {
    await readReport();
    const told = nextEvent('changes');
    await memory.port.save(recordOf({ version: 2, status: 'blocked', reason: 'layer-limit' }));
    const outcome = outcomeOf({
      status: 'blocked',
      reason: 'layer-limit',
      action: 'none',
      at: new Date().toISOString(),
    });
    await memory.port.remember(outcome);
    const data = z.array(z.looseObject({})).parse(await told);
    expect(data).toMatchObject([
      { outcome: { reason: 'layer-limit' }, function: { status: 'blocked', needsPerson: true } },
    ]);
    const { functions, timeline, totals } = await readReport();
    expect(functions[0]?.status).toBe('blocked');
    expect(timeline).toHaveLength(1);
    expect(totals).toMatchObject({ functions: 1, protected: 0, needPerson: 1 });
  });

  it('tells what sweeps found', async () => {
    await memory.port.saveCoverage({
      sweepId: 'sweep-1',
      at: new Date().toISOString(),
      what: 'account 111122223333',
      counts: {},
      sent: 0,
      repaired: 0,
      problem: 'it is suspended',
    });
    expect(await nextEvent('coverage')).toMatchObject({ problems: [{ problem: 'it is suspended' }] });
  });

  it('says what is wrong where the records can’t be asked, and goes on by itself', async () => {
    await readReport();
    const { drifted } = memory.port;
    const troubled = nextEvent('state');
    await troubled;
    memory.port.drifted = () => {
      throw new Error('the table is gone: deploy it again');
    };
    await expect
      .poll(() => nextEvent('state'))
      .toEqual({ state: 'trouble', message: 'the table is gone: deploy it again' });
    memory.port.drifted = drifted;
    await expect.poll(() => nextEvent('state')).toEqual({ state: 'live', message: '' });
  });

  it('says in a sentence that the port is taken', async () => {
    await expect(startConsole({ records: memory.port, port: running.port })).rejects.toThrow(
      `port ${running.port} is taken: give another one by --port, or none for any`,
    );
  });
});
