import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { type CpioEntry, cpioArchive } from '../bundle/cpio.ts';
import { Fault } from '../fault/fault.ts';
import { moduleName } from './modules.ts';

/** The busybox programs init.sh calls. */
const APPLETS = [
  ...[
    'sh',
    'mount',
    'cut',
    'sleep',
    'usleep',
    'insmod',
    'cp',
    'chmod',
    'sync',
    'reboot',
    'switch_root',
    'echo',
    '[',
  ],
  // not called, but what one wants when a start has to be looked into by hand
  ...['cat', 'ls', 'dmesg', 'poweroff', 'umount'],
];

const START_MOUNTS = `proc /proc proc defaults
devtmpfs /dev devtmpfs defaults
`;

/** noinit_itable: no background writes into a disk that was just made of zeros. /proc is moved last: mount reads it. */
const ROOT_MOUNTS = `/dev/vda /sysroot ext4 rw,noatime,noinit_itable
sysfs /sysroot/sys sysfs defaults
tmpfs /sysroot/run tmpfs mode=755,nosuid,nodev
/dev /sysroot/dev none move
/proc /sysroot/proc none move
`;

export interface InitramfsParts {
  init: Uint8Array;
  busybox: Uint8Array;
  /** uncompressed, in load order */
  modules: readonly { name: string; content: Uint8Array }[];
}

/** The start-up archive, not compressed: unpacking would cost more emulated time than reading it does. */
export function initramfs(parts: InitramfsParts): Buffer {
  const folders = ['bin', 'dev', 'fstab', 'modules', 'proc', 'sys', 'sysroot'].map((path) => ({
    path,
    mode: 0o755,
  }));
  const links = APPLETS.map((name) => ({ path: `bin/${name}`, mode: 0o777, target: 'busybox' }));
  const modules = parts.modules.map(({ name, content }) => ({
    path: `modules/${name}.ko`,
    mode: 0o644,
    content,
  }));
  const order = parts.modules.map(({ name }) => `${name}.ko\n`).join('');
  const entries: CpioEntry[] = [
    ...folders,
    { path: 'init', mode: 0o755, content: parts.init },
    { path: 'bin/busybox', mode: 0o755, content: parts.busybox },
    ...links,
    ...modules,
    { path: 'modules/order', mode: 0o644, content: Buffer.from(order) },
    { path: 'fstab/start', mode: 0o644, content: Buffer.from(START_MOUNTS) },
    { path: 'fstab/root', mode: 0o644, content: Buffer.from(ROOT_MOUNTS) },
  ];
  return cpioArchive(entries);
}

/**
 * Reads one module of a kernel's module folder and unpacks it; `unxz` gives the plain content of an .xz file.
 * @throws Fault `build-failed` for a compression no kernel of ours uses
 */
export async function readModule(home: string, path: string, unxz: (file: string) => Promise<Uint8Array>) {
  const file = join(home, path);
  const name = moduleName(path);
  if (path.endsWith('.ko')) return { name, content: withoutSignature(await readFile(file)) };
  if (path.endsWith('.ko.zst'))
    return { name, content: withoutSignature(zstdDecompressSync(await readFile(file))) };
  if (path.endsWith('.ko.xz')) return { name, content: withoutSignature(await unxz(file)) };
  throw new Fault('build-failed', `${path} is compressed in an unknown way`);
}

const SIGNED = '~Module signature appended~\n';

/**
 * A module as it was before it was signed: no start of ours asks for signatures, and checking one is emulated RSA. Before the mark are the
 * lengths of signer, key and signature (kernel, include/linux/module_signature.h).
 */
function withoutSignature(content: Uint8Array): Uint8Array {
  const module = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const head = module.length - SIGNED.length - 12;
  if (head < 0 || module.toString('latin1', head + 12) !== SIGNED) return content;
  const end = head - module.readUInt8(head + 3) - module.readUInt8(head + 4) - module.readUInt32BE(head + 8);
  return end > 0 ? module.subarray(0, end) : content;
}
