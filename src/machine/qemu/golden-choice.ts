import { readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Progress } from '../../bundle/progress.ts';
import { freeSpace } from '../../platform/free-space.ts';
import { makePrivateFolder } from '../../platform/private-folder.ts';
import { exists, LEAST_FREE } from './disk.ts';
import type { GuestParts } from './guest-parts.ts';
import { readShipped, unpackShipped } from './shipped.ts';
import { difference, keyName } from './snapshot/snapshot-key.ts';
import { findSnapshot, type Usable } from './snapshot/usable.ts';
import type { StartPlan } from './start-plan.ts';
import { waitForLock } from './unattended.ts';

/** Milliseconds another machine's start may unpack the same snapshot, or a maker be at work. */
const TURN_WITHIN = 5000;

/** A golden snapshot that a new machine can start from. */
export interface Golden {
  usable: Usable;
  /** its disk, under the one the machine will write */
  disk: string;
  kind: string;
}

/** The golden snapshot for a new machine: the one that was made on this host, else the one that came with the image. Says why one is not used. */
export async function chooseGolden(
  parts: Pick<GuestParts, 'golden' | 'shipped' | 'note'>,
  { key, image }: Pick<StartPlan, 'key' | 'image'>,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<Golden | undefined> {
  const kind = keyName(key);
  const golden = parts.golden(kind);
  if (golden === undefined) return undefined;
  const shipped = parts.shipped(image.id, kind);
  if (shipped !== undefined && !(await exists(golden.snapshot))) {
    const why = (await exists(shipped.home))
      ? await unpack(shipped, golden, key, progress, signal)
      : await whyNoneFits(shipped, key);
    if (why !== undefined) parts.note(`the snapshot that came with the image cannot be used: ${why}`);
  }
  const found = await findSnapshot(golden.snapshot, key, golden.snapshot);
  if (found === undefined) return undefined;
  if ('files' in found) return { usable: found, disk: golden.disk, kind };
  await rm(golden.snapshot, { recursive: true, force: true });
  parts.note(`the golden snapshot cannot be used: ${found.reason}; it is made anew`);
  return undefined;
}

async function unpack(
  shipped: NonNullable<ReturnType<GuestParts['shipped']>>,
  golden: NonNullable<ReturnType<GuestParts['golden']>>,
  key: StartPlan['key'],
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const folder = dirname(golden.snapshot);
  await makePrivateFolder(folder);
  const lock = await waitForLock(golden.lock, TURN_WITHIN);
  if (lock === undefined) return 'another machine’s snapshot is being made';
  try {
    // Somebody else has done it meanwhile.
    if (await exists(golden.snapshot)) return undefined;
    const needed = ((await readShipped(shipped).catch(() => undefined))?.unpacked ?? 0) + LEAST_FREE;
    if ((await freeSpace(folder)) < needed)
      return `less than ${Math.ceil(needed / 2 ** 20)} MiB are free for it`;
    const step = 'unpacking the snapshot that came with the image';
    progress({ type: 'step', step });
    const why = await unpackShipped(shipped, golden, key, signal);
    if (why === undefined) progress({ type: 'done', step });
    return why;
  } finally {
    lock.release();
  }
}

/** Of those for guests of this size; that there is none for a size somebody has chosen is nothing to speak of. */
async function whyNoneFits(
  { home }: NonNullable<ReturnType<GuestParts['shipped']>>,
  key: StartPlan['key'],
): Promise<string | undefined> {
  const folder = dirname(home);
  for (const kind of await readdir(folder).catch(() => [])) {
    const manifest = await readShipped({ manifest: `${folder}/${kind}/golden.json` }).catch(() => undefined);
    const other = manifest?.snapshot.key;
    const isOfSize =
      other?.accelerator === key.accelerator && other.memory === key.memory && other.cpus === key.cpus;
    if (other !== undefined && isOfSize) return difference(other, key);
  }
  return undefined;
}
