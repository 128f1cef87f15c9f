import * as z from 'zod/mini';
import { readJson, writeJson } from '../../../platform/json-file.ts';
import { SnapshotKey } from './snapshot-key.ts';

const Stamp = z.object({ size: z.int(), mtime: z.number() });
const fileName = z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,100}$/));

/** A tool's disk that was plugged in when the snapshot was taken. */
const PluggedApp = z.object({
  /** tool and version, as the disk was plugged */
  name: z.string().check(z.maxLength(200)),
  disk: z.string().check(z.maxLength(4096)),
  target: z.int().check(z.minimum(1), z.maximum(255)),
});
export type PluggedApp = z.infer<typeof PluggedApp>;

/** `snapshot.json`, written last: a snapshot without it is none. */
export const SnapshotRecord = z.object({
  version: z.literal(1),
  key: SnapshotKey,
  taken: z.string(),
  /** the host it was taken on (`hostFingerprint`): another one's processor may count time at another rate */
  host: z.optional(z.string().check(z.maxLength(64))),
  /** proves host and guest to each other once more; renewed right after the resume */
  bootKey: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  apps: z.array(PluggedApp).check(z.maxLength(64)),
  memory: z.object({
    /** bytes, and where they begin in the file */
    size: z.int(),
    offset: z.int(),
    sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  }),
  /** what the files looked like when they were last hashed; holds for this boot of the host */
  stamps: z.object({ hostBoot: z.string(), memory: Stamp, devices: Stamp }),
  /** the disk the memory belongs to: the layer that was written, as it was when the guest stopped. With a digest where it is shared with others. */
  disk: z.object({
    file: fileName,
    stamp: Stamp,
    sha256: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
  }),
});
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;

export function readSnapshotRecord(path: string): Promise<SnapshotRecord | undefined> {
  return readJson(path, SnapshotRecord);
}

export async function writeSnapshotRecord(path: string, record: SnapshotRecord): Promise<void> {
  await writeJson(path, record, { mode: 0o600 });
}
