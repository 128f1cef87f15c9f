import { randomFillSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Through the channel: large enough that starting the command does not count. */
export const STREAM_BYTES = 256 * 2 ** 20;
/** Through the exchange and through scp. */
export const FILE_BYTES = 100e6;

/** Random bytes, which nothing on the way can make smaller. */
export interface Payload {
  /** of this run, removed at its end */
  folder: string;
  /** `STREAM_BYTES` long */
  stream: string;
  /** `FILE_BYTES` long */
  file: string;
}

export async function withPayload<T>(scratch: string, work: (payload: Payload) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(scratch, 'payload-'));
  const payload = { folder, stream: join(folder, 'stream.bin'), file: join(folder, 'file.bin') };
  try {
    await fill(payload.stream, STREAM_BYTES);
    await fill(payload.file, FILE_BYTES);
    return await work(payload);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As many bytes out of one random block; ssh, the channel and the exchange do not compress, so it may repeat. */
export function* blocks(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= BLOCK.byteLength)
    yield BLOCK.subarray(0, Math.min(left, BLOCK.byteLength));
}

const BLOCK = randomFillSync(new Uint8Array(1 << 18));

async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const block of blocks(bytes)) await file.write(block);
  } finally {
    await file.close();
  }
}
