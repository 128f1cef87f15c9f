import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { BOOT_KEY_BYTES } from '../../channel/handshake.ts';
import { IDENTIFY, type Identity, RENEW, type Renewal } from '../../channel/messages/renewal.ts';
import { call } from '../../channel/methods.ts';
import type { SshKeys } from './keys.ts';

/** Milliseconds a resumed guest gets: nothing of it has to start. */
const WITHIN = 15_000;

/**
 * Gives a guest that came out of a snapshot randomness, time and keys of its own.
 * @returns the boot key it goes by from now on
 */
export async function renewGuest(connection: Connection, ssh: SshKeys): Promise<Uint8Array> {
  const bootKey = randomBytes(BOOT_KEY_BYTES);
  const renewal: Renewal = {
    now: Date.now(),
    entropy: randomBytes(64).toString('hex'),
    bootKey: bootKey.toString('hex'),
    sshHostKey: ssh.hostPrivate,
    sshAuthorizedKey: ssh.userPublic,
  };
  await call(connection, RENEW, renewal, z.unknown(), { timeout: WITHIN });
  return bootKey;
}

/** Names a guest whose disk was another machine's. */
export async function identifyGuest(connection: Connection, machine: string): Promise<void> {
  const identity: Identity = { machineId: randomBytes(16).toString('hex'), hostname: hostname(machine) };
  await call(connection, IDENTIFY, identity, z.unknown(), { timeout: WITHIN });
}

function hostname(machine: string): string {
  return machine === 'default' ? 'pcoder' : `pcoder-${machine}`;
}
