import { describe, expect, it } from 'vitest';
import { type Asked, judgeRequest, type Own } from '../../../src/console/guard.ts';

const own: Own = { port: 4000, base: '/c0ffee/', token: 'the-token', cookieName: 'layerward-4000' };
const cookie = 'other=1; layerward-4000=the-token';

function judge(changes: Partial<Asked> & { readonly headers?: Asked['headers'] } = {}) {
  const { headers, ...rest } = changes;
  return judgeRequest(
    { method: 'GET', url: '/c0ffee/', ...rest, headers: { host: '127.0.0.1:4000', cookie, ...headers } },
    own,
  );
}

describe('the console answers', () => {
  it.each([
    ['its own page', {}],
    ['localhost', { headers: { host: 'localhost:4000' } }],
    ['an address that a person typed', { headers: { 'sec-fetch-site': 'none' } }],
    ['its own page’s requests', { headers: { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:4000' } }],
    ['a client with the token in a header', { headers: { cookie: undefined, authorization: 'Bearer the-token' } }],
  ])('%s', (_, changes) => {
    expect(judge(changes)).toEqual({ kind: 'granted', path: '', query: new URLSearchParams() });
  });

  it('the first address with a cookie, and no other address that has a token in it', () => {
    const headers = { cookie: undefined };
    expect(judge({ url: '/c0ffee/?token=the-token', headers })).toEqual({ kind: 'enter' });
    expect(judge({ url: '/c0ffee/api/report?token=the-token', headers })).toMatchObject({ status: 401 });
    expect(judge({ url: '/?token=the-token', headers })).toMatchObject({ status: 401 });
  });
});

describe('the console refuses', () => {
  it.each([
    ['no token', 401, { headers: { cookie: undefined } }],
    ['a wrong token in the address', 401, { url: '/c0ffee/?token=the-tokem' }],
    ['a wrong token in the cookie', 401, { headers: { cookie: 'layerward-4000=the-tokem' } }],
    ['the cookie of a console on another port', 401, { headers: { cookie: 'layerward-4001=the-token' } }],
    ['a wrong token in a header, whatever the cookie', 401, { headers: { authorization: 'Bearer x' } }],
    ['a name that was made to mean 127.0.0.1', 403, { headers: { host: 'evil.example.com:4000' } }],
    ['another port in Host', 403, { headers: { host: '127.0.0.1:80' } }],
    ['no Host', 403, { headers: { host: undefined } }],
    ['another site that links here', 403, { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['another port of 127.0.0.1', 403, { headers: { 'sec-fetch-site': 'same-site' } }],
    ['a foreign Origin', 403, { headers: { origin: 'http://evil.example.com' } }],
    ['an opaque Origin', 403, { headers: { origin: 'null' } }],
    ['POST', 405, { method: 'POST' }],
    ['OPTIONS, as a browser asks before a foreign call', 405, { method: 'OPTIONS' }],
    ['HEAD', 405, { method: 'HEAD' }],
    ['the root', 404, { url: '/' }],
    ['a way out of its own path', 404, { url: '/../etc/passwd' }],
  ])('%s with %i', (_, status, changes) => {
    expect(judge(changes)).toMatchObject({ kind: 'refused', status });
  });
});
