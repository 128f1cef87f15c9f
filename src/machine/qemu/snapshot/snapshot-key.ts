import { createHash } from 'node:crypto';
import * as z from 'zod/mini';

const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** Everything a snapshot depends on: memory of one of these fits no other (fast-and-safe.md §2.3). */
export const SnapshotKey = z.object({
  format: z.literal(1),
  /** over all files of the QEMU */
  qemu: digest,
  accelerator: z.string().check(z.maxLength(64)),
  cpu: z.string().check(z.maxLength(200)),
  /** MiB */
  memory: z.int(),
  cpus: z.int(),
  image: z.string().check(z.maxLength(200)),
  kernel: z.string().check(z.maxLength(64)),
  /** the image's root disk: one that is built again has the same name and may have other content */
  root: z.optional(z.string().check(z.maxLength(64))),
  /** the agent daemon and the script that starts it */
  agent: digest,
  /** machine type, devices and kernel command line, without paths */
  arguments: digest,
});
export type SnapshotKey = z.infer<typeof SnapshotKey>;

/** What is not the same, for people; undefined when the snapshot fits. */
export function difference(snapshot: SnapshotKey, now: SnapshotKey): string | undefined {
  const names = (Object.keys(NAMES) as (keyof SnapshotKey)[]).filter((name) => snapshot[name] !== now[name]);
  return names.length === 0
    ? undefined
    : `it was taken with another ${names.map((name) => NAMES[name]).join(', ')}`;
}

/** A short name for a folder. */
export function keyName(key: SnapshotKey): string {
  return sha256(JSON.stringify(SnapshotKey.parse(key))).slice(0, 16);
}

const NAMES = {
  format: 'format of snapshots',
  qemu: 'QEMU',
  accelerator: 'accelerator',
  cpu: 'processor model',
  memory: 'memory size',
  cpus: 'number of processors',
  image: 'image',
  kernel: 'kernel',
  root: 'root disk',
  agent: 'agent daemon',
  arguments: 'set of devices or kernel settings',
} as const satisfies Record<keyof SnapshotKey, string>;

/** Lower-case hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
