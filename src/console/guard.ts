import { timingSafeEqual } from 'node:crypto';

/** What of a request tells whether it may be answered. Header names in lower case, as Node has them. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What the console knows of itself. */
export interface Own {
  readonly port: number;
  /** A path of its own, `/…/`: cookies know no ports, and this one is sent to no other server of 127.0.0.1. */
  readonly base: string;
  readonly token: string;
  readonly cookieName: string;
}

/** Why a request is refused, or what is asked for. */
export type Verdict =
  | { readonly kind: 'refused'; readonly status: 401 | 403 | 404 | 405; readonly message: string }
  /** The first address, with the token in it: the browser gets its cookie, and an address without it. */
  | { readonly kind: 'enter' }
  /** @property path what comes after the base */
  | { readonly kind: 'granted'; readonly path: string; readonly query: URLSearchParams };

/**
 * Whether a request may be answered. A page of another site can send the browser here, and a name of another site can be
 * made to mean 127.0.0.1: so Host, Origin and Sec-Fetch-Site have to be ours, and nothing is said without the token.
 */
export function judgeRequest({ method, url, headers }: Asked, own: Own): Verdict {
  const refused = (status: 401 | 403 | 404 | 405, message: string): Verdict => ({ kind: 'refused', status, message });
  const host = single(headers['host']);
  const hosts = ['127.0.0.1', 'localhost'].map((name) => `${name}:${own.port}`);
  if (host === undefined || !hosts.includes(host.toLowerCase()))
    return refused(403, 'The console answers to 127.0.0.1 and localhost only.');
  if (method !== 'GET') return refused(405, 'The console only shows things: it answers to GET.');
  const origin = single(headers['origin']);
  const site = single(headers['sec-fetch-site']);
  if ((origin !== undefined && origin !== `http://${host}`) || !isOwnSite(site))
    return refused(403, 'Another site led here: paste the console’s address into the address bar.');
  const [path = '', search = ''] = splitOnce(url, '?');
  const query = new URLSearchParams(search);
  const given = query.get('token');
  if (path === own.base && given !== null) return isSame(given, own.token) ? { kind: 'enter' } : refused(401, lacking);
  const bearer = /^Bearer (.+)$/.exec(single(headers['authorization']) ?? '')?.[1];
  const token = bearer ?? cookieOf(single(headers['cookie']) ?? '', own.cookieName);
  if (token === undefined || !isSame(token, own.token)) return refused(401, lacking);
  if (!path.startsWith(own.base)) return refused(404, 'There is nothing here.');
  return { kind: 'granted', path: path.slice(own.base.length), query };
}

const lacking =
  'The token is missing or of another console: open the address that the console printed when it started.';

/** `none` is an address that a person typed or a program opened. Clients that are no browsers say nothing. */
function isOwnSite(site: string | undefined): boolean {
  return site === undefined || site === 'same-origin' || site === 'none';
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function cookieOf(header: string, name: string): string | undefined {
  const prefix = `${name}=`;
  return header
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(prefix))
    ?.slice(prefix.length);
}

/** Takes as long whichever character is wrong. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
