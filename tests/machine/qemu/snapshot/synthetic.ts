import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { extractDevices, snapshotFiles } from '../../../../src/machine/qemu/snapshot/snapshot-files.ts';
import type { SnapshotKey } from '../../../../src/machine/qemu/snapshot/snapshot-key.ts';
import { completeSnapshot } from '../../../../src/machine/qemu/snapshot/take.ts';

export const PAGE = 4096;

/** A folder of a test's own, removed at its end. */
export class Scratch implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'snapshot-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export interface HeadFields {
  size: bigint;
  version: number;
  pageSize: bigint;
  bitmapOffset: bigint;
  pagesOffset: bigint;
}

/** What QEMU writes in front of the bitmap, as far as it is read. */
export function head({ size, version, pageSize, bitmapOffset, pagesOffset }: HeadFields): Buffer {
  const fields = Buffer.alloc(36);
  fields.writeBigUInt64BE(size, 0);
  fields.writeUInt32BE(version, 8);
  fields.writeBigUInt64BE(pageSize, 12);
  fields.writeBigUInt64BE(bitmapOffset, 20);
  fields.writeBigUInt64BE(pagesOffset, 28);
  return Buffer.concat([Buffer.from('QEVM some header'), Buffer.from('\u0006pc.ram'), fields]);
}

export const BITMAP_AT = 4096;
export const PAGES_AT = 64 * 1024;

/** A file as QEMU writes it: only the given pages are not zero. */
export async function writeMemory(
  path: string,
  pages: number,
  used: readonly number[],
  tail = 'devices',
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(path, 'wx');
  const size = pages * PAGE;
  const fields = {
    size: BigInt(size),
    version: 1,
    pageSize: 4096n,
    bitmapOffset: BigInt(BITMAP_AT),
    pagesOffset: BigInt(PAGES_AT),
  };
  await file.write(head(fields), 0, undefined, 0);
  await file.write(bitmapOf(pages, used), 0, undefined, BITMAP_AT);
  for (const page of used)
    await file.write(Buffer.alloc(PAGE, (page % 255) + 1), 0, PAGE, PAGES_AT + page * PAGE);
  await file.write(Buffer.from(tail), 0, undefined, PAGES_AT + size);
}

export function bitmapOf(pages: number, used: Iterable<number>): Buffer {
  const bitmap = Buffer.alloc(Math.ceil(pages / 64) * 8);
  for (const page of used) bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
  return bitmap;
}

export const KEY: SnapshotKey = {
  format: 1,
  qemu: 'a'.repeat(64),
  accelerator: 'tcg',
  cpu: 'max',
  memory: 1024,
  cpus: 2,
  image: 'debian-13-1',
  kernel: 'b'.repeat(64),
  agent: 'c'.repeat(64),
  arguments: 'd'.repeat(64),
};

/** A complete snapshot in `<home>/suspended` of a machine whose disk is `<home>/overlay.qcow2`. */
export async function completeIn(home: string, of: { diskDigest?: string; key?: SnapshotKey } = {}) {
  const disk = join(home, 'overlay.qcow2');
  await writeFile(disk, 'the disk');
  const taking = snapshotFiles(join(home, 'suspending.tmp'));
  await writeMemory(taking.memory, 300, [0, 1, 7, 8, 130, 299]);
  const { size, pagesOffset } = await extractDevices(taking);
  const lasting = join(home, 'suspended');
  await completeSnapshot(
    { files: taking, memory: { size, offset: pagesOffset } },
    { key: KEY, bootKey: Buffer.alloc(32, 7), apps: [], disk, ...of },
    lasting,
  );
  return snapshotFiles(lasting);
}
