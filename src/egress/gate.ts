import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { duplexOf } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import type { EgressRequest } from '../channel/messages/egress.ts';
import { Fault } from '../fault/fault.ts';
import { visible } from '../fault/visible.ts';
import { isInternal } from './address.ts';
import { type AllowedHost, canonicalName, decide } from './allow-list.ts';
import type { AuditLog } from './audit-log.ts';

/** What one session may reach, and where its decisions are written. */
export interface EgressGrant {
  /** proves to the gate that a connection belongs to this session */
  token: string;
  allowed: readonly AllowedHost[];
  log: AuditLog;
}

export interface Network {
  resolve(name: string): Promise<string[]>;
  connect(address: string, port: number): Socket;
  now(): number;
}

export const realNetwork: Network = {
  resolve: async (name) => (await lookup(name, { all: true })).map((entry) => entry.address),
  connect: (address, port) => connect({ host: address, port }),
  now: Date.now,
};

/** Milliseconds for one address to accept a connection. */
const CONNECT_WITHIN = 15_000;

/** The only way out of the guest: decides on the name, then on every resolved address, then connects to the address it has checked. */
export class EgressGate {
  readonly #grants = new Map<string, EgressGrant>();
  readonly #network: Network;

  constructor(network: Network = realNetwork) {
    this.#network = network;
  }

  grant(session: string, grant: EgressGrant): void {
    this.#grants.set(session, grant);
  }

  revoke(session: string): void {
    this.#grants.delete(session);
  }

  /** Serves one `egress` stream. @throws Fault `egress-refused`, which the guest's program sees as the proxy's answer */
  async serve(request: EgressRequest, stream: ChannelStream): Promise<void> {
    const grant = this.#grants.get(request.session);
    if (grant === undefined || grant.token !== request.token) {
      throw new Fault('egress-refused', 'this connection belongs to no running session', {
        hint: 'programs reach the network through the proxy of their own session',
      });
    }
    const host = visible(request.host, 253);
    const started = this.#network.now();
    const record = { host, port: request.port };
    const note = (entry: Omit<Parameters<AuditLog['write']>[0], 'time' | 'host' | 'port'>) =>
      grant.log.write({ time: new Date(this.#network.now()).toISOString(), ...record, ...entry });
    const verdict = decide(grant.allowed, request.host, request.port);
    if (!verdict.allowed) {
      note({ verdict: 'refused', reason: verdict.reason });
      throw refused(host, request.port, verdict.reason);
    }
    const checked = await this.#addresses(request.host, verdict.loopback);
    if ('reason' in checked) {
      note({ verdict: 'refused', rule: verdict.rule, reason: checked.reason });
      throw refused(host, request.port, checked.reason);
    }
    const socket = await this.#connect(checked.addresses, request.port).catch((error: unknown) => {
      note({ verdict: 'failed', rule: verdict.rule, reason: String(error) });
      throw new Fault('guest-unreachable', `${host}:${request.port} did not accept the connection`, {
        cause: error,
      });
    });
    note({ verdict: 'allowed', rule: verdict.rule, address: socket.remoteAddress ?? '' });
    socket.on('close', () =>
      note({
        verdict: 'closed',
        sent: socket.bytesWritten,
        received: socket.bytesRead,
        milliseconds: this.#network.now() - started,
      }),
    );
    stream.send({ type: 'connected' });
    splice(stream, socket);
  }

  async #addresses(host: string, loopback: boolean): Promise<{ addresses: string[] } | { reason: string }> {
    if (loopback) return { addresses: ['127.0.0.1'] };
    const name = canonicalName(host) ?? '';
    // A literal address that a rule names exactly was named on purpose, internal or not.
    if (isIP(name) !== 0) return { addresses: [name] };
    let found: string[];
    try {
      found = await this.#network.resolve(name);
    } catch {
      return { reason: 'the name does not resolve' };
    }
    const internal = found.find(isInternal);
    if (internal !== undefined) return { reason: `the name resolves to the internal address ${internal}` };
    return found.length === 0 ? { reason: 'the name has no address' } : { addresses: found };
  }

  /** The first of the checked addresses that accepts. */
  async #connect(addresses: string[], port: number): Promise<Socket> {
    let last: unknown;
    for (const address of addresses.slice(0, 4)) {
      const socket = this.#network.connect(address, port);
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_WITHIN) });
        return socket;
      } catch (error) {
        last = error;
        socket.destroy();
      }
    }
    throw last;
  }
}

function refused(host: string, port: number, reason: string): Fault {
  return new Fault('egress-refused', `${host}:${port} is not allowed: ${reason}`, {
    hint: `start the session with --allow ${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
  });
}

function splice(stream: ChannelStream, socket: Socket): void {
  const wire = duplexOf(stream);
  socket.setNoDelay(true);
  wire.on('error', () => socket.destroy());
  socket.on('error', () => wire.destroy());
  socket.on('close', () => wire.destroyed || wire.end());
  wire.on('close', () => socket.destroy());
  wire.pipe(socket);
  socket.pipe(wire);
}
