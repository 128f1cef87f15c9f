import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { BOOT_KEY_BYTES } from '../../channel/handshake.ts';
import { IDENTIFY, type Identity, RENEW, type Renewal } from '../../channel/messages/renewal.ts';
import { call } from '../../channel/methods.ts';
import { writeWhole } from '../../platform/whole-file.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';
import { ensureSshKeys, type SshKeys } from './keys.ts';
import { readRecord, writeRecord } from './record.ts';

/** Milliseconds a resumed guest gets: nothing of it has to start. */
const WITHIN = 15_000;

/** Gives a guest that came out of a snapshot randomness, time and keys of its own, and keeps the boot key it goes by from now on. */
export async function keepRenewed(
  names: GuestParts['names'],
  held: Held,
  connection: Connection,
  ssh = ensureSshKeys(names),
): Promise<void> {
  held.bootKey = await renewGuest(connection, await ssh);
  await writeWhole(names.bootKey, held.bootKey, { mode: 0o600 });
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

async function renewGuest(connection: Connection, ssh: SshKeys): Promise<Uint8Array> {
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

async function identifyGuest(connection: Connection, machine: string): Promise<void> {
  const identity: Identity = { machineId: randomBytes(16).toString('hex'), hostname: hostname(machine) };
  await call(connection, IDENTIFY, identity, z.unknown(), { timeout: WITHIN });
}

function hostname(machine: string): string {
  return machine === 'default' ? 'pcoder' : `pcoder-${machine}`;
}
