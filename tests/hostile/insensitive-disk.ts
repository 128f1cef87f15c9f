import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryFolder } from './memory-folder.ts';

/** A folder on a file system that ignores case. */
export interface InsensitiveDisk extends Disposable {
  folder: string;
  kind: string;
}

/**
 * Makes a small file system that ignores case, by way of a loop device: ext4 with casefold, vfat, or exfat through FUSE.
 * Disposing of it leaves no mount and no loop device.
 * @returns why there can be none here, as a sentence
 */
export function insensitiveDisk(): InsensitiveDisk | string {
  if (process.getuid?.() !== 0) return 'mounting a file system that ignores case needs root';
  const home = mkdtempSync(join(memoryFolder(), 'insensitive-'));
  const failures: string[] = [];
  for (const kind of KINDS) {
    try {
      return mounted(home, kind);
    } catch (error) {
      failures.push(`${kind.name}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    }
  }
  rmSync(home, { recursive: true });
  return `no file system that ignores case can be mounted (apt install exfat-fuse exfatprogs): ${failures.join('; ')}`;
}

interface Kind {
  name: string;
  make: readonly string[];
  mount: (device: string, folder: string) => readonly string[];
  /** makes a folder of it ignore case */
  prepare?: (folder: string) => readonly string[];
}

const KINDS: readonly Kind[] = [
  {
    name: 'ext4 with casefold',
    make: ['mkfs.ext4', '-q', '-O', 'casefold', '-E', 'encoding=utf8'],
    mount: (device, folder) => ['mount', '-t', 'ext4', device, folder],
    prepare: (folder) => ['chattr', '+F', folder],
  },
  {
    name: 'vfat',
    make: ['mkfs.vfat'],
    mount: (device, folder) => ['mount', '-t', 'vfat', '-o', 'utf8', device, folder],
  },
  {
    name: 'exfat',
    make: ['mkfs.exfat'],
    mount: (device, folder) => ['mount.exfat-fuse', device, folder],
  },
];

/** @throws when one of the programs fails; then nothing is left behind */
function mounted(home: string, kind: Kind): InsensitiveDisk {
  const [image, mount] = [join(home, 'image'), join(home, 'mount')];
  writeFileSync(image, '');
  truncateSync(image, 48 * 2 ** 20);
  mkdirSync(mount, { recursive: true });
  run([...kind.make, image]);
  const device = run(['losetup', '--find', '--show', image]).trim();
  try {
    run(kind.mount(device, mount));
    try {
      const folder = join(mount, 'project');
      mkdirSync(folder);
      if (kind.prepare !== undefined) run(kind.prepare(folder));
      writeFileSync(join(folder, 'a'), '');
      if (!existsSync(join(folder, 'A'))) throw new Error('it does not ignore case');
      rmSync(join(folder, 'a'));
    } catch (error) {
      run(['umount', mount]);
      throw error;
    }
  } catch (error) {
    run(['losetup', '--detach', device]);
    throw error;
  }
  return {
    folder: join(mount, 'project'),
    kind: kind.name,
    [Symbol.dispose]() {
      run(['umount', mount]);
      run(['losetup', '--detach', device]);
      rmSync(home, { recursive: true });
    },
  };
}

function run([program = '', ...words]: readonly string[]): string {
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return execFileSync(program, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH },
  });
}
