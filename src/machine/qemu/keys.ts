import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BOOT_KEY_BYTES } from '../../channel/handshake.ts';
import { systemCode } from '../../fault/fault.ts';
import { makePrivateFolder } from '../../platform/private-folder.ts';
import { writeWhole } from '../../platform/whole-file.ts';
import { makeOpensshKey } from '../openssh-key.ts';

export interface SshNames {
  ssh: string;
  sshUserKey: string;
  sshHostKey: string;
}

/** A key for one boot, kept so that a new supervisor can continue with a running guest. */
export async function newBootKey(path: string): Promise<Uint8Array> {
  const key = randomBytes(BOOT_KEY_BYTES);
  await writeWhole(path, key, { mode: 0o600 });
  return key;
}

/** While a guest is given another key, the file holds both: nobody knows which of them it goes by. */
export async function writeBootKeys(path: string, ...keys: Uint8Array[]): Promise<void> {
  await writeWhole(path, Buffer.concat(keys), { mode: 0o600 });
}

/** The keys a running guest may go by, the likelier one first; none where the file is not what was written. */
export async function readBootKeys(path: string): Promise<Uint8Array[]> {
  const bytes = (await readOrUndefined(path)) ?? Buffer.alloc(0);
  if (bytes.byteLength % BOOT_KEY_BYTES !== 0) return [];
  return Array.from({ length: bytes.byteLength / BOOT_KEY_BYTES }, (_, index) =>
    bytes.subarray(index * BOOT_KEY_BYTES, (index + 1) * BOOT_KEY_BYTES),
  );
}

export interface SshKeys {
  hostPrivate: string;
  hostPublic: string;
  userPublic: string;
}

/** The machine's ssh keys, made on first use: the guest's host key, known in advance, and the one key that may log in. */
export async function ensureSshKeys(names: SshNames): Promise<SshKeys> {
  await makePrivateFolder(names.ssh);
  const user = await ensurePair(names.sshUserKey, 'pcoder');
  const host = await ensurePair(names.sshHostKey, 'pcoder-guest');
  return { hostPrivate: host.privateKey, hostPublic: host.publicKey, userPublic: user.publicKey };
}

async function ensurePair(path: string, comment: string): Promise<{ privateKey: string; publicKey: string }> {
  const privateKey = await readOrUndefined(path);
  const publicKey = await readOrUndefined(`${path}.pub`);
  // The public half is written last: where it is missing, the pair was never finished.
  if (privateKey !== undefined && publicKey !== undefined)
    return { privateKey: privateKey.toString(), publicKey: publicKey.toString().trim() };
  const pair = makeOpensshKey(comment);
  await writeWhole(path, pair.privateKey, { mode: 0o600 });
  await writeWhole(`${path}.pub`, `${pair.publicKey}\n`);
  return pair;
}

async function readOrUndefined(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
