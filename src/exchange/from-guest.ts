import { Fault } from '../fault/fault.ts';
import type { ExchangeOptions } from './options.ts';
import type { Plan, Put } from './reconcile.ts';
import { Apply } from './shared/apply.ts';
import { type Content, readItems } from './shared/bundle-stream.ts';
import { type Entry, type Limits, movedEntry, sameEntry } from './shared/entry.ts';
import type { Keeper } from './shared/keeper.ts';
import { writePaths } from './shared/listing.ts';
import type { Refusal } from './shared/reason.ts';
import type { SeenTree } from './shared/stamp.ts';

export interface Carried {
  put: string[];
  removed: string[];
  refused: Refusal[];
  /** planned, but not done */
  undone: string[];
}

interface FetchOptions extends ExchangeOptions {
  seen: SeenTree;
  limits: Limits;
}

/**
 * Carries out the host's half of a plan. Whatever the guest sends is compared with what was asked for; content is checked
 * by its digest before it gets a name. Removals come last, and only if nothing went wrong before: a file the guest has
 * renamed is here under its new name before the old one goes.
 */
export async function fetchFromGuest(plan: Plan, options: FetchOptions): Promise<Carried> {
  const { puts, removals } = plan.toHost;
  if (puts.length === 0 && removals.length === 0) return { put: [], removed: [], refused: [], undone: [] };
  options.progress?.({ type: 'step', step: FETCH });
  const keeper = await options.undo?.open(options.signal);
  try {
    return await fetchKept(plan, options, keeper);
  } finally {
    await keeper?.close();
  }
}

const FETCH = 'copy changes from the guest';

async function fetchKept(plan: Plan, options: FetchOptions, keeper: Keeper | undefined): Promise<Carried> {
  const { root, session, seen, effect, progress } = options;
  const { puts, removals } = plan.toHost;
  const apply = new Apply(root, { session, seen, keeper, effect });
  try {
    await putFolders(apply, puts);
    const missing = await putFiles(apply, puts, options);
    await putLinks(apply, puts);
    await apply.flush();
    const refused = [...apply.refused, ...missing];
    const wait = refused.some(({ reason }) => reason === 'changed');
    if (!wait) for (const was of removals) await apply.remove(was);
    await apply.finish();
    progress?.({ type: 'done', step: FETCH });
    return outcome(plan, [...apply.refused, ...missing], wait);
  } finally {
    apply.close();
  }
}

const NO_CONTENT: Content = { next: async () => undefined };

async function putFolders(apply: Apply, puts: readonly Put[]): Promise<void> {
  for (const { entry, was } of puts)
    if (entry.type === 'folder') await apply.put(entry, was, undefined, NO_CONTENT);
}

async function putLinks(apply: Apply, puts: readonly Put[]): Promise<void> {
  for (const { entry, was } of puts)
    if (entry.type === 'link') await apply.put(entry, was, undefined, NO_CONTENT);
}

/** @returns what the guest did not send as it had announced it */
async function putFiles(
  apply: Apply,
  puts: readonly Put[],
  { guest, limits, signal, progress }: FetchOptions,
): Promise<Refusal[]> {
  const asked = new Map<string, Put>();
  let total = 0;
  for (const put of puts) {
    if (put.entry.type !== 'file') continue;
    asked.set(put.source, put);
    total += put.entry.size;
  }
  if (asked.size === 0) return [];
  const paths = [...asked.keys()];
  const refused: Refusal[] = [];
  let done = 0;
  const take = async (entry: Entry, content: Content) => {
    signal?.throwIfAborted();
    const put = asked.get(entry.path);
    if (put === undefined)
      throw new Fault('protocol-violation', 'the guest sent a file that was not asked for');
    asked.delete(entry.path);
    if (!sameEntry(put.entry, entry)) {
      refused.push({ path: put.entry.path, reason: 'changed' });
      return;
    }
    await apply.put(movedEntry(entry, put.entry.path), put.was, undefined, content);
    if (entry.type === 'file') done += entry.size;
    progress?.({ type: 'amount', step: FETCH, done, total, unit: 'bytes' });
  };
  await readItems(
    guest.get(asAsync(writePaths(paths))),
    {
      put: (entry, _was, _mtime, content) => take(entry, content),
      remove: async () => {
        throw new Fault('protocol-violation', 'the guest sent a removal where files were asked for');
      },
      skip: async () => undefined,
    },
    limits,
  );
  for (const { entry } of asked.values()) refused.push({ path: entry.path, reason: 'changed' });
  return refused;
}

function outcome(plan: Plan, refused: Refusal[], wait: boolean): Carried {
  const failed = new Set(refused.map(({ path }) => path));
  const { puts, removals } = plan.toHost;
  const removed = wait ? [] : removals.filter(({ path }) => !failed.has(path));
  return {
    put: puts.map(({ entry }) => entry.path).filter((path) => !failed.has(path)),
    removed: removed.map(({ path }) => path),
    refused,
    undone: [...failed, ...(wait ? removals.map(({ path }) => path) : [])],
  };
}

async function* asAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
