import { randomUUID } from 'node:crypto';
import { chownSync, mkdirSync } from 'node:fs';
import { Fault } from '../../fault/fault.ts';
import { Apply } from './apply.ts';
import { type Item, readItems, writeItems } from './bundle-stream.ts';
import { isGone } from './disk-fault.ts';
import { type Entry, LIMITS, type Limits } from './entry.ts';
import type { FolderWatch } from './folder-watch.ts';
import type { Ignore } from './ignore.ts';
import { type ListingRequest, readPaths, writeListing } from './listing.ts';
import { LookedTree } from './looked-tree.ts';
import { type Owner, removeLeftOvers } from './stage.ts';
import type { SeenTree } from './stamp.ts';

/**
 * The guest's copy of a project as the host reaches it: three requests, each a stream of bytes in and one out, so that
 * neither side holds more than a piece of it.
 */
export interface GuestTree {
  /** → a listing */
  scan(request: ListingRequest): AsyncIterable<Uint8Array>;
  /** paths → items */
  get(paths: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** items → a listing with no entries, of what was refused */
  put(items: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

export interface FolderTreeOptions {
  session: string;
  ignore?: Ignore | undefined;
  limits?: Limits | undefined;
  /** who owns the project in the guest */
  owner?: Owner | undefined;
  settle?: ((folder: string) => Promise<void>) | undefined;
  effect?: ((what: string) => void) | undefined;
  /** what a watcher noticed; without one every scan looks at everything */
  watch?: FolderWatch | undefined;
}

/**
 * The guest's copy as a folder. Keeps what the last scan saw: the next one reads only what changed, and only what is
 * still as it was seen is sent, replaced or removed.
 */
export class FolderTree implements GuestTree {
  readonly #root: string;
  readonly #options: FolderTreeOptions;
  readonly #looked: LookedTree;
  /** the state the last listing told */
  #state: string | undefined;
  #isTidy = false;

  constructor(root: string, options: FolderTreeOptions) {
    this.#root = root;
    this.#options = options;
    this.#looked = new LookedTree(root, options);
  }

  async *scan({ since, noticed }: ListingRequest = {}): AsyncGenerator<Uint8Array> {
    this.#tidy();
    const present = await this.#looked.look({ noticed });
    const { tree, refused } = this.#looked;
    const changed = tree.takeChanged();
    const partial = since !== undefined && since === this.#state;
    // A listing that is cut off is followed by a question from the former state, which then gets everything.
    this.#state = randomUUID();
    const entries = partial ? entriesAt(tree, changed) : entriesOf(tree);
    const removed = partial ? [...changed].filter((path) => !tree.has(path)) : [];
    yield* writeListing(present, entries, refused, { state: this.#state, partial, removed });
  }

  async *get(paths: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const items: Item[] = [];
    for (const path of await readPaths(paths, this.#limits())) {
      const seen = this.#looked.tree.get(path);
      if (seen !== undefined) items.push({ op: 'put', seen });
    }
    yield* writeItems(this.#root, items);
  }

  async *put(items: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#make();
    const { session, owner, settle, effect } = this.#options;
    const apply = new Apply(this.#root, {
      session,
      owner,
      settle,
      effect,
      seen: this.#looked.tree,
      keepTimes: true,
    });
    try {
      await readItems(
        items,
        {
          put: (entry, was, mtime, content) => apply.put(entry, was, mtime, content),
          remove: (was) => apply.remove(was),
          // The host knows that it left it out.
          skip: async () => undefined,
        },
        this.#limits(),
      );
      await apply.finish();
    } finally {
      apply.close();
    }
    yield* writeListing(true, [], apply.refused);
  }

  /** What a former daemon was about to put when it ended. */
  #tidy(): void {
    if (this.#isTidy) return;
    this.#isTidy = true;
    try {
      removeLeftOvers(this.#root);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  #make(): void {
    try {
      const made = mkdirSync(this.#root, { recursive: true });
      const { owner } = this.#options;
      if (made !== undefined && owner !== undefined) chownSync(this.#root, owner.uid, owner.gid);
    } catch (error) {
      throw new Fault('folder-unwritable', `the project folder ${this.#root} cannot be made in the guest`, {
        cause: error,
      });
    }
  }

  #limits(): Limits {
    return this.#options.limits ?? LIMITS;
  }
}

function* entriesOf(tree: SeenTree): Generator<Entry> {
  for (const { entry } of tree.values()) yield entry;
}

function* entriesAt(tree: SeenTree, paths: Iterable<string>): Generator<Entry> {
  for (const path of paths) {
    const seen = tree.get(path);
    if (seen !== undefined) yield seen.entry;
  }
}
