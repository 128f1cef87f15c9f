import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { BOOT_KEY_BYTES } from '../../channel/handshake.ts';
import { IDENTIFY, type Identity, RENEW, type Renewal } from '../../channel/messages/renewal.ts';
import { call } from '../../channel/methods.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';
import { ensureSshKeys, type SshKeys, writeBootKeys } from './keys.ts';
import { readRecord, writeRecord } from './record.ts';

/** Milliseconds a resumed guest gets: nothing of it has to start. */
const WITHIN = 15_000;

/**
 * Gives a guest that came out of a snapshot randomness, time and keys of its own.
 * @param bootKey what it goes by from now on; kept on the disk already, beside the one before
 */
export async function renew(
  names: GuestParts['names'],
  held: Held,
  connection: Connection,
  bootKey: Uint8Array,
  ssh: SshKeys,
): Promise<void> {
  await renewGuest(connection, bootKey, ssh, held.run.moved === true);
  held.bootKey = bootKey;
  await writeBootKeys(names.bootKey, bootKey);
}

/** The same for a guest whose supervisor fell right after its resume and may not have come to it; a second time does no harm. */
export async function renewAdopted(
  names: GuestParts['names'],
  held: Held,
  connection: Connection,
): Promise<void> {
  const bootKey = randomBytes(BOOT_KEY_BYTES);
  await writeBootKeys(names.bootKey, held.bootKey, bootKey);
  await renew(names, held, connection, bootKey, await ensureSshKeys(names));
}

/** Names a guest whose disk was another machine's, once. */
export async function nameIfNeeded(
  { names, name }: Pick<GuestParts, 'names' | 'name'>,
  connection: Connection,
): Promise<void> {
  const record = await readRecord(names.record);
  if (record?.unnamed !== true) return;
  await identifyGuest(connection, name);
  const { unnamed: _, ...named } = record;
  await writeRecord(names.record, named);
}

async function renewGuest(
  connection: Connection,
  bootKey: Uint8Array,
  ssh: SshKeys,
  isMoved: boolean,
): Promise<void> {
  const renewal: Renewal = {
    now: Date.now(),
    entropy: randomBytes(64).toString('hex'),
    bootKey: Buffer.from(bootKey).toString('hex'),
    sshHostKey: ssh.hostPrivate,
    sshAuthorizedKey: ssh.userPublic,
    steadyClock: isMoved,
  };
  await call(connection, RENEW, renewal, z.unknown(), { timeout: WITHIN });
}

async function identifyGuest(connection: Connection, machine: string): Promise<void> {
  const identity: Identity = { machineId: randomBytes(16).toString('hex'), hostname: hostname(machine) };
  await call(connection, IDENTIFY, identity, z.unknown(), { timeout: WITHIN });
}

function hostname(machine: string): string {
  return machine === 'default' ? 'pcoder' : `pcoder-${machine}`;
}
