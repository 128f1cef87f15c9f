import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { execa } from 'execa';

/** A tree of so many files with so many bytes in all, twenty folders to a hundred files each; the same at every run. */
export function makeTree(root: string, files: number, bytes: number): void {
  for (let index = 0; index < files; index++) {
    const path = fileIn(root, index);
    if (index % PER_FOLDER === 0) mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    // From a fifth to nearly twice the mean.
    const size = Math.floor((bytes / files) * (0.2 + (1.6 * ((index * 7919) % 1000)) / 1000));
    writeFileSync(path, sourceText(`file ${index}`, size));
  }
}

/** Changes so many of its files, spread over the tree. @param round makes each change another */
export function changeFiles(root: string, files: number, change: number, round: number): void {
  for (let index = 0; index < change; index++) {
    const path = fileIn(root, Math.floor((index * files) / change));
    writeFileSync(path, sourceText(`round ${round} of ${index}`, 6000));
  }
}

/** One file of so many bytes. */
export function makeBigFile(path: string, bytes: number): void {
  const fd = openSync(path, 'wx');
  try {
    const block = sourceText('big', 1 << 20);
    for (let left = bytes; left > 0; left -= block.length)
      writeSync(fd, block, 0, Math.min(left, block.length));
  } finally {
    closeSync(fd);
  }
}

/** Two branches that differ in so many files; the first is checked out. */
export async function makeBranches(
  root: string,
  files: number,
  differ: number,
  signal: AbortSignal,
): Promise<void> {
  const git = (...args: string[]) =>
    execa('git', ['-C', root, '-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], {
      cancelSignal: signal,
    });
  await git('init', '-q', '-b', 'one');
  await git('add', '-A');
  await git('commit', '-qm', 'one');
  await git('checkout', '-qb', 'two');
  changeFiles(root, files, differ, 0);
  await git('commit', '-qam', 'two');
  await git('checkout', '-q', 'one');
}

const PER_FOLDER = 50;

function fileIn(root: string, index: number): string {
  const folder = Math.floor(index / PER_FOLDER);
  return `${root}/part-${Math.floor(folder / 20)}/lib-${folder % 20}/file-${index}.ts`;
}

/** Bytes that do not repeat from file to file and hardly compress. */
function sourceText(seed: string, size: number): Buffer {
  const digest = createHash('sha512').update(seed).digest();
  const bytes = Buffer.alloc(size);
  for (let at = 0, word = digest.readUInt32LE(0) | 1; at < size; at += 4) {
    word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + at;
    bytes.writeUInt32LE(word >>> 0, Math.min(at, Math.max(0, size - 4)));
    if (size < 4) break;
  }
  return bytes;
}
