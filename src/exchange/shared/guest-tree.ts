import { chownSync, mkdirSync } from 'node:fs';
import { Fault, systemCode } from '../../fault/fault.ts';
import { Apply } from './apply.ts';
import { type Item, readItems, writeItems } from './bundle-stream.ts';
import type { Limits } from './entry.ts';
import { LIMITS } from './entry.ts';
import { fill } from './fill.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { readPaths, writeListing } from './listing.ts';
import { Parts } from './parts.ts';
import { readRules } from './rules-record.ts';
import { scan } from './scan.ts';
import type { Owner } from './stage.ts';
import type { SeenTree } from './stamp.ts';

/**
 * The guest's copy of a project as the host reaches it: three requests, each a stream of bytes in and one out, so that
 * neither side holds more than a piece of it.
 */
export interface GuestTree {
  /** rules → a listing */
  scan(rules: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** paths → items */
  get(paths: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** items → a listing with no entries, of what was refused */
  put(items: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** a whole tree, for a guest without a copy → the same; where it is missing, `put` does */
  fill?(tree: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

export interface FolderTreeOptions {
  session: string;
  limits?: Limits | undefined;
  /** who owns the project in the guest */
  owner?: Owner | undefined;
  settle?: ((folder: string) => Promise<void>) | undefined;
  effect?: ((what: string) => void) | undefined;
}

/**
 * The guest's copy as a folder. Keeps what the last scan saw: the next one reads only what changed, and only what is
 * still as it was seen is sent, replaced or removed.
 */
export class FolderTree implements GuestTree {
  readonly #root: string;
  readonly #options: FolderTreeOptions;
  #seen: SeenTree = new Map();
  readonly #parts: Parts;
  /** those of the last scan */
  #rules = '';

  constructor(root: string, options: FolderTreeOptions) {
    this.#root = root;
    this.#parts = new Parts(root);
    this.#options = options;
  }

  async *scan(given: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const rules = await readRules(given, this.#limits());
    const key = JSON.stringify(rules);
    const scanned = await scan(this.#root, {
      ignore: IgnoreRules.from(rules).ignore,
      sameRules: key === this.#rules,
      limits: this.#limits(),
      previous: this.#seen,
    }).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    this.#rules = key;
    this.#seen = scanned?.seen ?? new Map();
    yield* writeListing(
      scanned !== undefined,
      entriesOf(this.#seen),
      scanned?.refused ?? [],
      this.#parts.list(),
    );
  }

  async *get(paths: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const items: Item[] = [];
    for (const path of await readPaths(paths, this.#limits())) {
      const seen = this.#seen.get(path);
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
      seen: this.#seen,
      keepTimes: true,
      keepPart: (entry, onDisk) => this.#parts.keep(entry, onDisk),
    });
    try {
      await readItems(
        items,
        {
          put: (entry, was, mtime, content) => apply.put(entry, was, mtime, content),
          resume: (entry, rest) => this.#parts.before(entry, rest),
          hold: (from, entry, mtime) => apply.hold(from, entry, mtime),
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

  async *fill(tree: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { owner, settle } = this.#options;
    const { seen, refused } = await fill(this.#root, tree, { owner, settle, limits: this.#limits() });
    this.#seen = seen;
    yield* writeListing(true, [], refused);
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

function* entriesOf(seen: SeenTree) {
  for (const { entry } of seen.values()) yield entry;
}
