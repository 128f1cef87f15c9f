import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, isFault } from '../../fault/fault.ts';
import { writeJson } from '../../platform/json-file.ts';
import { type App, loadApp } from '../assets/app.ts';
import { type AppPin, pinOf } from '../assets/app-pins.ts';
import type { QemuInstall } from '../assets/qemu.ts';
import { pinFile } from '../assets/verify.ts';
import { appNames, type Folder, stateNames } from '../folder.ts';
import type { Progress } from '../progress.ts';
import { downloadAll } from './batch.ts';
import { npmRegistry, npmRequest } from './npm.ts';
import { ensureQemu } from './qemu.ts';
import { type Reach, realReach } from './reach.ts';
import { replaceFolder } from './replace-folder.ts';
import { takeTurn } from './turn.ts';

/**
 * The pinned build of a tool: verified if it is here, else fetched from the npm registry and made a disk.
 * @throws Fault `tool-unknown`, `asset-corrupt`, `fetch-failed`, `prerequisite-missing`, `disk-full`, `interrupted`
 */
export async function ensureApp(
  folder: Folder,
  tool: string,
  progress: Progress,
  signal: AbortSignal,
  reach: Reach = realReach,
): Promise<App> {
  const pin = pinOf(tool);
  const here = await loadIfPresent(folder, tool, pin);
  if (here !== undefined) return here;
  // It also brings mke2fs.
  const qemu = await ensureQemu(folder, progress, signal, reach);
  using _turn = await takeTurn(folder, `app-${tool}`, progress, signal, reach);
  const meanwhile = await loadIfPresent(folder, tool, pin);
  if (meanwhile !== undefined) return meanwhile;
  await fetchApp(folder, tool, pin, qemu, progress, signal, reach);
  return await loadApp(folder, tool, pin);
}

async function loadIfPresent(folder: Folder, tool: string, pin: AppPin): Promise<App | undefined> {
  try {
    return await loadApp(folder, tool, pin);
  } catch (error) {
    if (isFault(error, 'asset-missing')) return undefined;
    throw error;
  }
}

async function fetchApp(
  folder: Folder,
  tool: string,
  pin: AppPin,
  qemu: QemuInstall,
  progress: Progress,
  signal: AbortSignal,
  reach: Reach,
): Promise<void> {
  const { downloads } = stateNames(folder);
  const request = npmRequest(await npmRegistry(reach, signal), {
    name: pin.package,
    version: pin.npmVersion,
    integrity: pin.integrity,
  });
  const [tarball = ''] = await downloadAll([request], reach, {
    step: `${tool} ${pin.version}`,
    downloads,
    progress,
    signal,
  });
  const step = `preparing ${tool}`;
  progress({ type: 'step', step });
  await replaceFolder(appNames(folder, tool, pin.version).app, async (fresh) => {
    const tree = join(fresh, 'tree');
    const tar = join(fresh, 'app.tar');
    await mkdir(tree);
    await reach.run('tar', ['-xzf', tarball, '-C', tree, '--strip-components=1', '--no-same-owner'], {
      signal,
    });
    if (!(await stat(join(tree, pin.program)).catch(() => undefined))) {
      throw new Fault('build-failed', `${request.label} holds no ${pin.program}`);
    }
    // Through a tar file, whose owners and modes can be set without being root.
    const like = [
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--sort=name',
      '--mtime=@0',
      '--mode=u+rwX,go+rX,go-w',
    ];
    await reach.run('tar', [...like, '-C', tree, '-cf', tar, '.'], { signal });
    await makeDisk(tar, join(fresh, 'app.img'), await diskSize(tree), qemu, reach, signal);
    await rm(tree, { recursive: true });
    await rm(tar);
    const files = { 'app.img': await pinFile(join(fresh, 'app.img')) };
    await writeJson(join(fresh, 'app.json'), { format: 1, tool, pin, files });
  });
  progress({ type: 'done', step });
}

interface DiskSize {
  kibibytes: number;
  inodes: number;
}

async function diskSize(tree: string): Promise<DiskSize> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size + 4096;
  }
  // 1 % and 4 MiB for the file system's own blocks; inodes 0–11 are its own too.
  return { kibibytes: Math.ceil((bytes * 1.01) / 1024 / 4) * 4 + 4096, inodes: entries.length + 32 };
}

/** Never written to, so without a journal and without room to grow. */
async function makeDisk(
  tar: string,
  to: string,
  size: DiskSize,
  qemu: QemuInstall,
  reach: Reach,
  signal: AbortSignal,
): Promise<void> {
  const { file, args, env } = qemu.command('mke2fs');
  const shape = [
    '-O',
    '^has_journal,^resize_inode',
    '-b',
    '4096',
    '-m',
    '0',
    '-N',
    String(size.inodes),
    '-E',
    'assume_storage_prezeroed=1',
  ];
  await reach.run(file, [...args, '-q', '-F', '-t', 'ext4', ...shape, '-d', tar, to, `${size.kibibytes}k`], {
    env,
    signal,
  });
}
