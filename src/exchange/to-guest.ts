import type { Carried } from './from-guest.ts';
import type { ExchangeOptions } from './options.ts';
import type { Plan } from './reconcile.ts';
import { type Item, writeItems } from './shared/bundle-stream.ts';
import type { Limits, Tree } from './shared/entry.ts';
import { writeFill } from './shared/fill-stream.ts';
import { readListing } from './shared/listing.ts';
import { ByDigest } from './shared/local-content.ts';
import type { Part } from './shared/parts.ts';
import { isWithin } from './shared/path.ts';
import type { Refusal } from './shared/reason.ts';
import type { Seen, SeenTree } from './shared/stamp.ts';

interface SendOptions extends ExchangeOptions {
  seen: SeenTree;
  limits: Limits;
  /** what the guest has: content that is there is not sent again */
  there: Tree;
  /** beginnings of files that it has kept */
  parts: readonly Part[];
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
  const holds: Item[] = [];
  const puts: string[] = [];
  const known = new ByDigest(options.there);
  const begun = new Map(options.parts.map(({ digest, bytes }) => [digest, bytes]));
  let total = 0;
  for (const { entry, was } of plan.toGuest.puts) {
    if (!isTouchable(entry.path)) continue;
    const here = seen.get(entry.path);
    if (here === undefined) undone.add(entry.path);
    else {
      const from = was === undefined ? known.find(entry) : undefined;
      const held = from !== undefined && entry.type === 'file';
      if (held) holds.push({ op: 'hold', from, entry, mtime: Math.max(0, Math.floor(here.stamp.mtime)) });
      // The plan's entry, not the one on disk: a host without executable bits would send none.
      const start = entry.type === 'file' ? begun.get(entry.digest) : undefined;
      items.push({ op: 'put', seen: { entry, stamp: here.stamp }, was, held, from: start });
      puts.push(entry.path);
      if (entry.type === 'file' && !held) total += entry.size - (start ?? 0);
    }
  }
  const refused: Refusal[] = [];
  if (items.length > 0 || options.make) {
    progress?.({ type: 'step', step: SEND });
    let done = 0;
    const how = {
      signal,
      skipped: (path: string) => refused.push({ path, reason: 'changed' }),
      progress: (bytes: number) => {
        done += bytes;
        progress?.({ type: 'amount', step: SEND, done, total, unit: 'bytes' });
      },
    };
    options.effect?.('send to the guest');
    const whole = guest.fill !== undefined && options.make && puts.length >= FILL;
    const filled = whole ? items.filter((item) => !isLarge(item)) : [];
    if (guest.fill !== undefined && whole)
      refused.push(...(await readListing(guest.fill(writeFill(root, seenIn(filled), how)), limits)).refused);
    const rest = whole ? items.filter(isLarge) : [...holds, ...items];
    if (!whole || rest.length > 0)
      refused.push(...(await readListing(guest.put(writeItems(root, rest, how)), limits)).refused);
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

/** Below this, starting another program in the guest costs more than it saves. */
const FILL = 30;

/** A first copy begins anew when it is cut off; a file of this size can go on. */
function isLarge(item: Item): boolean {
  return item.op === 'put' && item.seen.entry.type === 'file' && item.seen.entry.size >= 64 * 2 ** 20;
}

function seenIn(items: readonly Item[]): Seen[] {
  return items.flatMap((item) => (item.op === 'put' ? [item.seen] : []));
}

const SEND = 'copy the project to the guest';
