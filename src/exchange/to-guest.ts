import type { Carried } from './from-guest.ts';
import type { ExchangeOptions } from './options.ts';
import type { Plan } from './reconcile.ts';
import { type Item, writeItems } from './shared/bundle-stream.ts';
import type { Limits } from './shared/entry.ts';
import { readListing } from './shared/listing.ts';
import { isWithin } from './shared/path.ts';
import type { Refusal } from './shared/reason.ts';
import type { SeenTree } from './shared/stamp.ts';

interface SendOptions extends ExchangeOptions {
  seen: SeenTree;
  limits: Limits;
  /** the guest has no copy yet: even an empty project gives it one */
  make: boolean;
}

/**
 * Carries out the guest's half of a plan, when the host's is done. Where a conflict copy did not reach the host, the
 * guest's version stays untouched.
 * @param missed what the host could not take
 */
export async function sendToGuest(
  plan: Plan,
  missed: readonly Refusal[],
  options: SendOptions,
): Promise<Carried> {
  const { root, guest, seen, limits, signal, progress } = options;
  const untouchable = plan.conflicts
    .filter(({ copy }) => missed.some(({ path }) => isWithin(path, copy)))
    .flatMap(({ path, copy }) => [path, copy]);
  const undone = new Set(untouchable);
  const isTouchable = (path: string) => !untouchable.some((top) => isWithin(path, top));

  const removals = plan.toGuest.removals.filter(({ path }) => isTouchable(path));
  const items: Item[] = removals.map((was) => ({ op: 'remove', was }));
  const puts: string[] = [];
  let total = 0;
  for (const { entry, was } of plan.toGuest.puts) {
    if (!isTouchable(entry.path)) continue;
    const here = seen.get(entry.path);
    if (here === undefined) undone.add(entry.path);
    else {
      // The plan's entry, not the one on disk: a host without executable bits would send none.
      items.push({ op: 'put', seen: { entry, stamp: here.stamp }, was });
      puts.push(entry.path);
      if (entry.type === 'file') total += entry.size;
    }
  }
  const refused: Refusal[] = [];
  if (items.length > 0 || options.make) {
    progress?.({ type: 'step', step: SEND });
    let done = 0;
    const stream = writeItems(root, items, {
      signal,
      skipped: (path) => refused.push({ path, reason: 'changed' }),
      progress: (bytes) => {
        done += bytes;
        progress?.({ type: 'amount', step: SEND, done, total, unit: 'bytes' });
      },
    });
    options.effect?.('send to the guest');
    refused.push(...(await readListing(guest.put(stream), limits)).refused);
    progress?.({ type: 'done', step: SEND });
  }
  for (const { path } of refused) undone.add(path);
  return {
    put: puts.filter((path) => !undone.has(path)),
    removed: removals.map(({ path }) => path).filter((path) => !undone.has(path)),
    refused,
    undone: [...undone],
  };
}

const SEND = 'copy the project to the guest';
