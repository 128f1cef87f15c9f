/** The start of one proxied connection, as a program in the guest sent it. */
export type ProxyHead =
  | { kind: 'connect'; host: string; port: number; credentials: ProxyCredentials | undefined }
  /** a plain request; `head` is what the origin gets: origin form, no proxy headers, one request only */
  | { kind: 'plain'; host: string; port: number; head: string; credentials: ProxyCredentials | undefined };

export interface ProxyCredentials {
  session: string;
  token: string;
}

/** Bytes a request's head may have. */
export const MAX_HEAD = 64 * 1024;

/** Reads a head up to and without its empty line; undefined when it is none a proxy can serve (RFC 9112 §3.2). */
export function parseProxyHead(text: string): ProxyHead | undefined {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [, method = '', target = '', version = ''] =
    /^([A-Z]+) (\S+) (HTTP\/1\.[01])$/.exec(requestLine) ?? [];
  const headers = lines.map((line) => ({
    line,
    name: line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase(),
  }));
  if (method === '' || headers.some(({ name }) => !/^[!#$%&'*+.^_`|~\w-]+$/.test(name))) return undefined;
  const credentials = credentialsOf(headers.find(({ name }) => name === 'proxy-authorization')?.line);
  const url = URL.parse(method === 'CONNECT' ? `connect://${target}` : target);
  if (url === null) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (method === 'CONNECT')
    return url.port === '' ? undefined : { kind: 'connect', host, port: Number(url.port), credentials };
  if (url.protocol !== 'http:') return undefined;
  const kept = headers.filter(({ name }) => !DROPPED.has(name)).map(({ line }) => line);
  const head = [
    `${method} ${url.pathname}${url.search} ${version}`,
    `Host: ${url.host}`,
    ...kept,
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  return { kind: 'plain', host, port: url.port === '' ? 80 : Number(url.port), head, credentials };
}

/** Meant for the proxy, or replaced by it. */
const DROPPED = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'upgrade',
  'te',
]);

function credentialsOf(line: string | undefined): ProxyCredentials | undefined {
  const encoded = /^[^:]+:\s*Basic\s+(\S+)\s*$/i.exec(line ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [session = '', token = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return { session, token };
}
