import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Extent, type MemoryLayout, pageExtents, readLayout } from './mapped-ram.ts';

/** The files of one snapshot. */
export function snapshotFiles(folder: string) {
  return {
    folder,
    /** what QEMU wrote: devices and memory. The memory in it is mapped by the guests that come out of it, so it is never written again. */
    memory: join(folder, 'memory'),
    /** the same stream without the memory: what QEMU reads */
    devices: join(folder, 'devices'),
    record: join(folder, 'snapshot.json'),
  };
}
export type SnapshotFiles = ReturnType<typeof snapshotFiles>;

/** Holes between pages that are read over rather than skipped: one large read costs less than two small ones. */
const JOINED = 256 * 1024;
const CHUNK = 1024 * 1024;
/** What stands behind the guest's memory: firmware, device states. A few MiB. */
const LONGEST_TAIL = 256 * 2 ** 20;

/** Takes the stream without the guest's memory out of what QEMU wrote. Bits of pages that are mapped instead are cleared, so QEMU reads none. */
export async function extractDevices(files: SnapshotFiles): Promise<MemoryLayout> {
  await using source = await open(files.memory, 'r');
  const layout = await readLayout(source);
  const behind = layout.pagesOffset + layout.size;
  const { size: whole } = await source.stat();
  const head = Buffer.alloc(layout.pagesOffset);
  await source.read(head, 0, head.byteLength, 0);
  head.fill(0, layout.bitmapOffset, layout.bitmapOffset + layout.bitmapBytes);
  const tail = Buffer.alloc(Math.min(Math.max(0, whole - behind), LONGEST_TAIL));
  await source.read(tail, 0, tail.byteLength, behind);
  await using target = await open(files.devices, 'wx', 0o600);
  await target.write(head, 0, layout.bitmapOffset + layout.bitmapBytes, 0);
  await target.write(tail, 0, tail.byteLength, behind);
  await target.sync();
  return layout;
}

/** Everything in the memory's file that is not a hole, and how much of it there is. */
export async function memoryExtents(files: Pick<SnapshotFiles, 'memory'>): Promise<Extent[]> {
  await using memory = await open(files.memory, 'r');
  const layout = await readLayout(memory);
  const bitmap = await readBitmap(memory, layout);
  const front = layout.bitmapOffset + layout.bitmapBytes;
  const behind = layout.pagesOffset + layout.size;
  const { size } = await memory.stat();
  return [
    { offset: 0, length: front },
    ...pageExtents(bitmap, layout, 0),
    ...(size > behind ? [{ offset: behind, length: size - behind }] : []),
  ];
}

/** sha256 over everything in both files that is not a hole. */
export async function snapshotDigest(files: SnapshotFiles, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await using memory = await open(files.memory, 'r');
  const layout = await readLayout(memory);
  const bitmap = await readBitmap(memory, layout);
  hash.update(bitmap);
  for (const extent of pageExtents(bitmap, layout, JOINED)) await digest(hash, memory, extent, signal);
  await using devices = await open(files.devices, 'r');
  const behind = layout.pagesOffset + layout.size;
  await digest(hash, devices, { offset: 0, length: layout.bitmapOffset + layout.bitmapBytes }, signal);
  await digest(hash, devices, { offset: behind, length: (await devices.stat()).size - behind }, signal);
  return hash.digest('hex');
}

async function readBitmap(memory: FileHandle, layout: MemoryLayout): Promise<Buffer> {
  const bitmap = Buffer.alloc(layout.bitmapBytes);
  await memory.read(bitmap, 0, bitmap.byteLength, layout.bitmapOffset);
  return bitmap;
}

/** What a file looked like: it changes with every write. */
export async function stampOf(path: string): Promise<FileStamp> {
  const { size, mtimeMs } = await stat(path);
  return { size, mtime: mtimeMs };
}

export interface FileStamp {
  size: number;
  /** milliseconds since 1970, with a fraction */
  mtime: number;
}

async function digest(
  hash: Hash,
  file: FileHandle,
  { offset, length }: Extent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length));
  for (let done = 0; done < length; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(
      buffer,
      0,
      Math.min(buffer.byteLength, length - done),
      offset + done,
    );
    if (bytesRead === 0) return;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
}
