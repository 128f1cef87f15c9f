import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { GitDelivery } from '../../channel/messages/git.ts';

export interface DeliveredFile {
  name: GitDelivery['files'][number]['name'];
  path: string;
  size: number;
}

export async function deliveredFile(name: DeliveredFile['name'], path: string): Promise<DeliveredFile> {
  return { name, path, size: (await stat(path)).size };
}

/** The bytes of a delivery: length of the head (4 bytes, little-endian), head, files. */
export async function* writeDelivery(
  head: Omit<GitDelivery, 'files'>,
  files: readonly DeliveredFile[],
  sent: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const listed = files.map(({ name, size }) => ({ name, size }));
  const text = Buffer.from(JSON.stringify({ ...head, files: listed } satisfies GitDelivery));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  yield Buffer.concat([length, text]);
  for (const { path, size } of files) {
    if (size === 0) continue;
    // The frame size the channel was measured to be fastest with.
    for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024, end: size - 1 })) {
      yield piece as Uint8Array;
      sent((piece as Uint8Array).length);
    }
  }
}
