import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { systemCode } from '../fault/fault.ts';
import { writeFault, writeWhole } from '../platform/whole-file.ts';
import { type Entry, entrySchema, sameEntry, type Tree } from './shared/entry.ts';
import type { Seen, SeenTree, Stamp } from './shared/stamp.ts';

/**
 * The last agreed tree on disk, with what the host's files looked like then, so that they need not be read again. A file
 * of lines: what is newly agreed is appended, so that a live exchange of a large project writes only what changed.
 */
export class BaseFile {
  readonly tree: Tree;
  readonly #path: string;
  readonly #stamps: Map<string, Stamp>;
  /** lines in the file; 0 when it must be written anew */
  #lines: number;

  private constructor(path: string, tree: Tree, stamps: Map<string, Stamp>, lines: number) {
    this.#path = path;
    this.tree = tree;
    this.#stamps = stamps;
    this.#lines = lines;
  }

  /** A base that is missing or damaged is an empty one: then nothing is removed, and what differs is a conflict. */
  static async open(path: string): Promise<BaseFile> {
    const tree: Tree = new Map();
    const stamps = new Map<string, Stamp>();
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return '';
      throw error;
    });
    // What a crash tore is the last line: that agreement was not recorded.
    const lines = text.split('\n').slice(0, -1);
    if (lines.shift() !== HEADER) return new BaseFile(path, tree, stamps, 0);
    for (const line of lines) {
      const change = lineOf(line);
      if (change === undefined) return new BaseFile(path, new Map(), new Map(), 0);
      if ('gone' in change) {
        tree.delete(change.gone);
        stamps.delete(change.gone);
        continue;
      }
      tree.set(change.entry.path, change.entry);
      if (change.stamp === undefined) stamps.delete(change.entry.path);
      else {
        const [size, mtime, ctime, ino] = change.stamp;
        stamps.set(change.entry.path, { size, mtime, ctime, ino, racy: false });
      }
    }
    return new BaseFile(path, tree, stamps, text.endsWith('\n') ? lines.length + 1 : 0);
  }

  /** What the host's files looked like when they were last agreed on. */
  *seen(): Generator<[string, Seen]> {
    for (const [path, stamp] of this.#stamps) {
      const entry = this.tree.get(path);
      if (entry !== undefined) yield [path, { entry, stamp }];
    }
  }

  /**
   * Records an agreement, durably. A crash leaves the former one or this one, or a beginning of this one: each is an
   * ancestor of both sides.
   * @param seen the host's tree
   * @throws Fault `disk-full`, `folder-unwritable`
   */
  async agree(agreed: Tree, seen: SeenTree): Promise<void> {
    const lines: string[] = [];
    for (const path of [...this.tree.keys()]) {
      if (agreed.has(path)) continue;
      this.tree.delete(path);
      this.#stamps.delete(path);
      lines.push(JSON.stringify({ gone: path }));
    }
    for (const [path, entry] of agreed) {
      const stamp = entry.type === 'file' ? lasting(seen, path, entry.digest) : undefined;
      const known = this.#stamps.get(path);
      if (sameEntry(this.tree.get(path), entry) && (stamp === undefined || isSame(stamp, known))) continue;
      this.tree.set(path, entry);
      if (stamp === undefined) this.#stamps.delete(path);
      else this.#stamps.set(path, stamp);
      lines.push(line(entry, stamp));
    }
    if (lines.length === 0) return;
    if (this.#lines === 0 || this.#lines + lines.length > 2 * this.tree.size + SPARE_LINES)
      await this.#writeAll();
    else await this.#append(lines);
  }

  async #writeAll(): Promise<void> {
    this.#lines = 0;
    const lines = [HEADER];
    for (const entry of this.tree.values()) lines.push(line(entry, this.#stamps.get(entry.path)));
    await writeWhole(this.#path, `${lines.join('\n')}\n`, { mode: 0o600 });
    this.#lines = lines.length;
  }

  async #append(lines: readonly string[]): Promise<void> {
    const before = this.#lines;
    // Should this fail half-way, only writing it anew is sure to leave whole lines.
    this.#lines = 0;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      const file = await open(this.#path, 'a', 0o600);
      try {
        // A fork shares the file as it was.
        if ((await file.stat()).nlink > 1) return await this.#writeAll();
        await file.appendFile(`${lines.join('\n')}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw writeFault(this.#path, error);
    }
    this.#lines = before + lines.length;
  }
}

const HEADER = JSON.stringify({ format: 2 });
/** Lines that changed an entry again; once there are more of them than of entries, the file is written anew. */
const SPARE_LINES = 1000;

const lineSchema = z.union([
  z.strictObject({
    entry: entrySchema,
    stamp: z.optional(z.tuple([z.number(), z.number(), z.number(), z.number()])),
  }),
  z.strictObject({ gone: z.string() }),
]);

function lineOf(text: string): z.infer<typeof lineSchema> | undefined {
  try {
    return z.parse(lineSchema, JSON.parse(text));
  } catch {
    return undefined;
  }
}

function line(entry: Entry, stamp: Stamp | undefined): string {
  return JSON.stringify(
    stamp === undefined ? { entry } : { entry, stamp: [stamp.size, stamp.mtime, stamp.ctime, stamp.ino] },
  );
}

function lasting(seen: SeenTree, path: string, digest: string): Stamp | undefined {
  const known = seen.get(path);
  return known?.entry.type === 'file' && known.entry.digest === digest && !known.stamp.racy
    ? known.stamp
    : undefined;
}

function isSame(a: Stamp, b: Stamp | undefined): boolean {
  return (
    b !== undefined && a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime && a.ino === b.ino
  );
}
