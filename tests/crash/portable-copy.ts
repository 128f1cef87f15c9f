import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../e2e/scene.ts';

/** A second portable folder: the program copied, the large files shared by hard links, so that it costs no space and no time. */
export async function copyFolder(target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const name of [
    'src',
    'image',
    'profiles',
    'demo',
    'scripts',
    'package.json',
    'package-lock.json',
    'pcoder',
  ]) {
    await cp(join(ROOT, name), join(target, name), { recursive: true });
  }
  for (const name of ['runtime', 'apps', 'node_modules'])
    await execa('cp', ['-al', join(ROOT, name), join(target, name)]);
}

/** Replaces a hard-linked file by a copy of its own, so that it can be damaged. */
export async function ownCopy(path: string): Promise<void> {
  await cp(path, `${path}.own`);
  await rm(path);
  await cp(`${path}.own`, path);
  await rm(`${path}.own`);
}
