import { isIP } from 'node:net';
import { Fault } from '../fault/fault.ts';

/** One destination a session may reach. */
export interface AllowedHost {
  /** exact name, or `*.suffix` for every name below it; or a literal address */
  name: string;
  port: number;
  /** who named it, for the log: a profile or a flag */
  origin: string;
}

/** The name by which a guest asks for the host's own loopback. Only named ports of it are ever allowed. */
export const HOST_LOOPBACK = 'host.pcoder.internal';

export type Verdict = { allowed: true; rule: string; loopback: boolean } | { allowed: false; reason: string };

/** Decides on name and port alone; the address is checked when the name has been resolved. An empty list allows nothing. */
export function decide(list: readonly AllowedHost[], host: string, port: number): Verdict {
  const name = canonicalName(host);
  if (name === undefined) return { allowed: false, reason: 'not a host name' };
  const rule = list.find((allowed) => allowed.port === port && matches(allowed.name, name));
  if (rule === undefined) return { allowed: false, reason: 'no rule allows it' };
  return {
    allowed: true,
    rule: `${rule.origin}: ${rule.name}:${rule.port}`,
    loopback: name === HOST_LOOPBACK,
  };
}

/** Lower case, no trailing dot; undefined for what no resolver should see. */
export function canonicalName(host: string): string | undefined {
  if (isIP(host) !== 0) return host.toLowerCase();
  const name = host.toLowerCase().replace(/\.$/, '');
  // All-numeric last labels are other spellings of addresses (2130706433, 0x7f.1); names proper never end in one.
  const isName =
    /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(
      name,
    );
  const last = name.split('.').at(-1) ?? '';
  if (!isName || /^(\d+|0x[0-9a-f]*)$/.test(last)) return undefined;
  return name;
}

/**
 * Reads `HOST`, `HOST:PORT` or `*.DOMAIN[:PORT]` of `--allow`; the port defaults to 443.
 * @throws Fault `usage`
 */
export function parseAllowed(text: string, origin: string): AllowedHost {
  const parts = /^(?<host>\[[0-9a-f:.]+\]|[^:]+)(:(?<port>\d{1,5}))?$/i.exec(text)?.groups;
  const bare = parts?.['host']?.replace(/^\[|\]$/g, '') ?? '';
  const port = Number(parts?.['port'] ?? 443);
  const wildcard = bare.startsWith('*.');
  const name = canonicalName(wildcard ? bare.slice(2) : bare);
  if (
    name === undefined ||
    port < 1 ||
    port > 65_535 ||
    (wildcard && (isIP(name) !== 0 || !name.includes('.')))
  ) {
    throw new Fault('usage', `--allow ${text} is no host`, {
      hint: 'use a name, *.domain.name or an address, with :PORT when it is not 443',
    });
  }
  return { name: wildcard ? `*.${name}` : name, port, origin };
}

function matches(rule: string, name: string): boolean {
  return rule.startsWith('*.') ? name.endsWith(rule.slice(1)) : rule === name;
}
