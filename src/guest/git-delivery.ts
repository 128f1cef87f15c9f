import { spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  mkdirSync,
  openSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { DELIVERY_HEAD, GitDelivery } from '../channel/messages/git.ts';
import type { ByteReader } from '../exchange/shared/byte-reader.ts';
import { Fault, systemCode } from '../fault/fault.ts';
import type { RunAs } from './git-program.ts';

/**
 * A folder beside the daemon's own things in which a delivery is put together by root. Nobody else can enter it while that goes on, so no
 * link of the guest user's is ever followed; then it becomes the user's, who moves it into place.
 */
export class Staging implements Disposable {
  readonly folder: string;
  readonly #as: RunAs;

  constructor(folder: string, as: RunAs) {
    this.folder = folder;
    this.#as = as;
    // Whoever may enter a folder below may pass through those above, and no more.
    mkdirSync(dirname(folder), { recursive: true, mode: 0o711 });
    this.#remove();
    mkdirSync(folder, { mode: 0o700 });
  }

  makeFolder(path: string): void {
    mkdirSync(join(this.folder, path));
    if (this.#as !== undefined) chownSync(join(this.folder, path), this.#as.uid, this.#as.gid);
  }

  /** Writes one file, flushed. `time`: its modification time in milliseconds since 1970 */
  async write(path: string, content: AsyncIterable<Uint8Array> | string, time?: number): Promise<void> {
    const fd = openSync(join(this.folder, path), 'wx', 0o644);
    try {
      if (typeof content === 'string') writeSync(fd, content);
      else
        for await (const piece of content)
          for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
      if (this.#as !== undefined) fchownSync(fd, this.#as.uid, this.#as.gid);
      if (time !== undefined) futimesSync(fd, time / 1000, time / 1000);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Nothing is written here after it. */
  handOver(): void {
    if (this.#as !== undefined) chownSync(this.folder, this.#as.uid, this.#as.gid);
  }

  [Symbol.dispose](): void {
    this.#remove();
  }

  /** What the user has put into it meanwhile is not followed by rm, which goes by handles of folders. */
  #remove(): void {
    try {
      rmdirSync(this.folder);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT')
        spawnSync('/bin/rm', ['-rf', '--', this.folder], { stdio: 'ignore' });
    }
  }
}

export async function readDeliveryHead(reader: ByteReader): Promise<GitDelivery> {
  const length = Buffer.from(await reader.exactly(4)).readUInt32LE();
  if (length > DELIVERY_HEAD) throw new Fault('protocol-violation', 'the head of a git delivery is too long');
  const text = Buffer.from(await reader.exactly(length)).toString();
  const parsed = z.safeParse(GitDelivery, JSON.parse(text));
  if (!parsed.success)
    throw new Fault('protocol-violation', `a git delivery does not fit: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** The next so many bytes, in pieces. */
export async function* measured(reader: ByteReader, size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; ) {
    const piece = await reader.some(left);
    left -= piece.length;
    yield piece;
  }
}
