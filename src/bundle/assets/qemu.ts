import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '../../fault/fault.ts';
import { type Folder, runtimeNames, verifiedStamps } from '../folder.ts';
import { loadChecked } from './checked-manifest.ts';
import { type QemuManifest, qemuManifest } from './qemu-manifest.ts';

const PROGRAMS = {
  'qemu-system-x86_64': 'usr/bin/qemu-system-x86_64',
  'qemu-img': 'usr/bin/qemu-img',
  mke2fs: 'usr/sbin/mke2fs',
  e2fsck: 'usr/sbin/e2fsck',
  debugfs: 'usr/sbin/debugfs',
} as const;

export type QemuProgram = keyof typeof PROGRAMS;

export interface QemuCommand {
  file: string;
  /** come before the program's own arguments */
  args: string[];
  env: Record<string, string>;
}

/** The pinned QEMU (and the file system tools that came with it), checked and ready to be started. Paths are absolute. */
export interface QemuInstall {
  /** Debian's version without the epoch, e.g. `10.0.13+ds-0+deb13u1` */
  version: string;
  /** over the digests of all its files: another value is another QEMU */
  qemuHash: string;
  command(program: QemuProgram): QemuCommand;
  /** where QEMU finds its firmware: `-L …` pairs */
  dataArgs: string[];
  /** a static busybox for initramfs archives */
  busybox: string;
}

/**
 * The QEMU under `runtime/qemu`, verified.
 * @throws Fault `asset-missing` when there is none or a file is gone, `asset-corrupt`, `config-invalid`
 */
export async function loadQemu(folder: Folder, options: { full?: boolean } = {}): Promise<QemuInstall> {
  const { qemu, qemuManifest: path } = runtimeNames(folder);
  const hint = `remove ${qemu} and run the same command again; it is fetched anew`;
  const stamps = verifiedStamps(folder, 'qemu');
  const manifest = await loadChecked(path, qemuManifest, { base: qemu, stamps, hint, ...options });
  if (manifest === undefined) throw new Fault('asset-missing', `there is no QEMU in ${qemu}`, { hint });
  return qemuInstall(qemu, manifest);
}

/** Programs are started through their own dynamic loader: the host's C library may be older than theirs. */
export function qemuInstall(home: string, manifest: QemuManifest): QemuInstall {
  const libraries = join(home, 'usr/lib/x86_64-linux-gnu');
  const share = join(home, 'usr/share');
  return {
    version: manifest.version,
    qemuHash: contentHash(manifest),
    command(program) {
      const path = join(home, PROGRAMS[program]);
      return {
        file: join(libraries, 'ld-linux-x86-64.so.2'),
        args: ['--argv0', program, '--library-path', libraries, path],
        env: { MKE2FS_CONFIG: join(home, 'etc/mke2fs.conf'), QEMU_MODULE_DIR: join(libraries, 'qemu') },
      };
    },
    dataArgs: ['-L', join(share, 'qemu'), '-L', join(share, 'seabios')],
    busybox: join(home, 'usr/bin/busybox'),
  };
}

function contentHash(manifest: QemuManifest): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(manifest.files).sort())
    hash.update(`${name} ${manifest.files[name]?.sha256}\n`);
  return hash.digest('hex');
}
