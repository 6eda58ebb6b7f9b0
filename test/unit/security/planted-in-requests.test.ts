import { METHODS, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningConsole, startConsole } from '../../../src/console/server.ts';
import { createMemoryRecords } from '../../fixtures/memory-records.ts';
import { mark } from '../../fixtures/planted.ts';
import { recordOf } from '../console/record.ts';

/*
 * Whatever a request to the console holds, nothing of it comes back: not in the body, not in a header, not in an error.
 * A page of another site could read its own words otherwise, or have the browser run them.
 */

let running: RunningConsole;
beforeAll(async () => {
  const { port } = createMemoryRecords();
  await port.save(recordOf());
  running = await startConsole({ records: port, pollEveryMs: 10 });
});
afterAll(() => running.close());

const base = () => new URL(running.url).pathname;
const token = () => new URL(running.url).searchParams.get('token') ?? '';

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole answer as it came: status, headers and body. */
function ask({ method = 'GET', path = base(), headers = {} }: Asked): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: running.port, method, path, headers }, (answer) => {
      const parts: string[] = [`${answer.statusCode}`, ...answer.rawHeaders];
      answer.on('data', (chunk) => parts.push(String(chunk)));
      answer.on('end', () => resolve(parts.join('\n')));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** What browsers, proxies and attackers send. */
const headerNames = [
  'accept',
  'accept-encoding',
  'accept-language',
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'cache-control',
  'cookie',
  'forwarded',
  'from',
  'host',
  'if-modified-since',
  'if-none-match',
  'last-event-id',
  'origin',
  'proxy-authorization',
  'range',
  'referer',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'user-agent',
  'x-amz-security-token',
  'x-api-key',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-http-method-override',
  'x-original-url',
];
const paths = ['', 'api/report', 'api/function?arn=x', 'nothing', '../api/report'];

describe('a secret that is planted in a request to the console', () => {
  it.each(headerNames)('does not come back from the header %s, with the token or without it', async (name) => {
    for (const path of paths)
      for (const value of [mark, `Bearer ${mark}`, `layerward-${running.port}=${mark}`, `http://${mark}`, `<b>${mark}`])
        for (const known of [{}, { authorization: `Bearer ${token()}` }])
          expect(await ask({ path: base() + path, headers: { ...known, [name]: value } })).not.toContain(mark);
  });

  it('does not come back from the address', async () => {
    const headers = { authorization: `Bearer ${token()}` };
    for (const path of [
      mark,
      `api/${mark}`,
      `?token=${mark}`,
      `?${mark}=1`,
      `api/report?${mark}`,
      `api/function?arn=${mark}`,
      `api/function?arn=arn:aws:lambda:us-east-1:111122223333:function:${mark}`,
      `%3Cscript%3E${mark}`,
      `%0d%0aX-Injected:%20${mark}`,
    ])
      for (const given of [{}, headers]) expect(await ask({ path: base() + path, headers: given })).not.toContain(mark);
    expect(await ask({ path: `/${mark}/`, headers })).not.toContain(mark);
  });

  it('does not come back by any method, and no method but GET is answered', async () => {
    for (const method of METHODS.filter((one) => one !== 'GET' && one !== 'CONNECT')) {
      const answer = await ask({
        method,
        path: `${base()}?token=${mark}`,
        headers: { authorization: `Bearer ${token()}` },
      });
      expect(answer).toMatch(/^405\n/);
      expect(answer).not.toContain(mark);
    }
  });

  it('does not come back, and the token is in no answer but the one that sets its cookie', async () => {
    const entered = await ask({ path: `${base()}?token=${token()}` });
    expect(entered).toMatch(/^303\n/);
    expect(entered.split(token())).toHaveLength(2);
    for (const path of paths)
      expect(await ask({ path: base() + path, headers: { authorization: `Bearer ${token()}` } })).not.toContain(
        token(),
      );
  });
});
