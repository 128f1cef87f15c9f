import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../../../fault/fault.ts';

/** QEMU's name for the guest's memory on a PC. */
const MAIN_MEMORY = 'pc.ram';
/** The block list stands at the beginning; it names a few blocks. */
const HEAD = 64 * 1024;
/** A guest's memory, at most 1 TiB in pages of 4 KiB, has a bitmap of 32 MiB. */
const LARGEST_BITMAP = 32 * 2 ** 20;
/** The pages begin at the next whole MiB behind the bitmap; what is in front of them is read at once. */
const FURTHEST_PAGES = 2 * LARGEST_BITMAP;

/** Where a file of `migrate file:` with `mapped-ram` keeps the guest's memory (QEMU docs/devel/migration/mapped-ram.rst). */
export interface MemoryLayout {
  /** bytes of guest memory */
  size: number;
  pageSize: number;
  /** one bit a page, set where the page is not all zeros */
  bitmapOffset: number;
  bitmapBytes: number;
  /** where page 0 is; page n is n pages further, so the file maps as the memory itself */
  pagesOffset: number;
}

/** A piece of a file. */
export interface Extent {
  offset: number;
  length: number;
}

/** @throws Fault `snapshot-unusable` for a file that is not what QEMU writes */
export async function readLayout(file: FileHandle): Promise<MemoryLayout> {
  const head = Buffer.alloc(HEAD);
  const { bytesRead } = await file.read(head, 0, HEAD, 0);
  const name = Buffer.concat([Buffer.from([MAIN_MEMORY.length]), Buffer.from(MAIN_MEMORY)]);
  const at = head.subarray(0, bytesRead).indexOf(name);
  // After the name: its length, then version, page size and the two offsets, all big-endian.
  const start = at + name.length;
  if (at < 0 || start + 36 > bytesRead) throw unusable('it names no guest memory');
  const size = number(head, start);
  const version = head.readUInt32BE(start + 8);
  const pageSize = number(head, start + 12);
  const bitmapOffset = number(head, start + 20);
  const pagesOffset = number(head, start + 28);
  const bitmapBytes = Math.ceil(size / pageSize / 64) * 8;
  const isSound =
    version === 1 &&
    pageSize === 4096 &&
    size > 0 &&
    size % pageSize === 0 &&
    bitmapBytes <= LARGEST_BITMAP &&
    bitmapOffset + bitmapBytes <= pagesOffset &&
    pagesOffset <= FURTHEST_PAGES &&
    pagesOffset % pageSize === 0;
  if (!isSound) throw unusable('its layout is of another QEMU');
  return { size, pageSize, bitmapOffset, bitmapBytes, pagesOffset };
}

/** The pieces of the file that hold pages which are not all zeros. Holes of up to `join` bytes between two are read with them. */
export function pageExtents(bitmap: Uint8Array, layout: MemoryLayout, join: number): Extent[] {
  const { pageSize, pagesOffset, size } = layout;
  const extents: Extent[] = [];
  let last: Extent | undefined;
  const pages = size / pageSize;
  for (let page = 0; page < pages; page++) {
    const byte = bitmap[page >> 3] ?? 0;
    if (byte === 0 && (page & 7) === 0) {
      page += 7;
      continue;
    }
    if ((byte & (1 << (page & 7))) === 0) continue;
    const offset = pagesOffset + page * pageSize;
    if (last !== undefined && offset - (last.offset + last.length) <= join) {
      last.length = offset + pageSize - last.offset;
    } else {
      last = { offset, length: pageSize };
      extents.push(last);
    }
  }
  return extents;
}

function number(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at));
}

function unusable(why: string): Fault {
  return new Fault('snapshot-unusable', `the snapshot cannot be used: ${why}`);
}
