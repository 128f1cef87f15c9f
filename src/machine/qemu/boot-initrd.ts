import { readFile, rm, writeFile } from 'node:fs/promises';
import type { AgentProgram } from '../../bundle/agent-build.ts';
import { writeFault } from '../../platform/whole-file.ts';
import type { BootImage } from '../machine.ts';
import { bootArchive } from './boot-archive.ts';
import { ensureSshKeys, type SshNames } from './keys.ts';

/** Writes the initrd of one start: the image's, and behind it what this start adds. It holds keys, so it is removed once the guest has read it. */
export async function writeBootInitrd(
  names: SshNames & { bootArchive: string },
  image: BootImage,
  bootKey: Uint8Array,
  agent: AgentProgram,
): Promise<void> {
  const keys = await ensureSshKeys(names);
  const archive = bootArchive({
    agent: agent.module,
    agentSnapshot: agent.snapshot,
    bootKey,
    sshHostKey: keys.hostPrivate,
    sshAuthorizedKey: keys.userPublic,
  });
  const initrd = await readFile(image.initrd);
  // The kernel unpacks archives one behind the other, each beginning at a multiple of four.
  const gap = Buffer.alloc((4 - (initrd.byteLength % 4)) % 4);
  // Nobody reads it after this start, so it need not reach the disk: that took 20 ms of each start.
  await rm(names.bootArchive, { force: true });
  await writeFile(names.bootArchive, [initrd, gap, archive], { mode: 0o600, flag: 'wx' }).catch((error) => {
    throw writeFault(names.bootArchive, error);
  });
}
