import { readFile } from 'node:fs/promises';
import { writeWhole } from '../../platform/whole-file.ts';
import type { BootImage } from '../machine.ts';
import { bootArchive } from './boot-archive.ts';
import { ensureSshKeys, type SshNames } from './keys.ts';

/** Writes the initrd of one start: the image's, and behind it what this start adds. It holds keys, so it is removed once the guest has read it. */
export async function writeBootInitrd(
  names: SshNames & { bootArchive: string },
  image: BootImage,
  bootKey: Uint8Array,
  agent: Uint8Array,
): Promise<void> {
  const keys = await ensureSshKeys(names);
  const archive = bootArchive({
    agent,
    bootKey,
    sshHostKey: keys.hostPrivate,
    sshAuthorizedKey: keys.userPublic,
  });
  const initrd = await readFile(image.initrd);
  // The kernel unpacks archives one behind the other, each beginning at a multiple of four.
  const gap = Buffer.alloc((4 - (initrd.byteLength % 4)) % 4);
  await writeWhole(names.bootArchive, Buffer.concat([initrd, gap, archive]), { mode: 0o600 });
}
