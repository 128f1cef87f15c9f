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
    'grep',
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

export interface InitramfsParts {
  init: Uint8Array;
  busybox: Uint8Array;
  /** uncompressed, in load order */
  modules: readonly { name: string; content: Uint8Array }[];
}

/** The start-up archive, not compressed: unpacking would cost more emulated time than reading it does. */
export function initramfs(parts: InitramfsParts): Buffer {
  const folders = ['bin', 'dev', 'modules', 'proc', 'sys', 'sysroot'].map((path) => ({ path, mode: 0o755 }));
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
  if (path.endsWith('.ko')) return { name, content: await readFile(file) };
  if (path.endsWith('.ko.zst')) return { name, content: zstdDecompressSync(await readFile(file)) };
  if (path.endsWith('.ko.xz')) return { name, content: await unxz(file) };
  throw new Fault('build-failed', `${path} is compressed in an unknown way`);
}
