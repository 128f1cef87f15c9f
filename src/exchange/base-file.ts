import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { isFault, systemCode } from '../fault/fault.ts';
import { parseJson } from '../platform/json-file.ts';
import { writeWhole } from '../platform/whole-file.ts';
import { entrySchema, type Tree } from './shared/entry.ts';
import type { SeenTree, Stamp } from './shared/stamp.ts';

/** The last agreed tree, with what the host's files looked like then, so that they need not be read again. */
interface Base {
  tree: Tree;
  seen: SeenTree;
  /** as it is in the file, to know whether anything is new */
  text: string;
}

const schema = z.strictObject({
  format: z.literal(1),
  entries: z.array(
    z.tuple([entrySchema, z.optional(z.tuple([z.number(), z.number(), z.number(), z.number()]))]),
  ),
});

/** A base that is missing or damaged is an empty one: then nothing is removed, and what differs is a conflict. */
export async function readBase(path: string): Promise<Base> {
  const base: Base = { tree: new Map(), seen: new Map(), text: '' };
  try {
    base.text = await readFile(path, 'utf8');
    for (const [entry, stamp] of parseJson(base.text, schema, path).entries) {
      base.tree.set(entry.path, entry);
      if (stamp !== undefined) {
        const [size, mtime, ctime, ino] = stamp;
        base.seen.set(entry.path, { entry, stamp: { size, mtime, ctime, ino, racy: false } });
      }
    }
    return base;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || isFault(error, 'config-invalid'))
      return { tree: new Map(), seen: new Map(), text: '' };
    throw error;
  }
}

/** Written whole, so a crash leaves the old agreement or the new one; not at all when nothing is new. */
export async function writeBase(path: string, tree: Tree, seen: SeenTree, former: Base): Promise<void> {
  const entries = [...tree.values()].map((entry) => {
    const stamp = entry.type === 'file' ? lasting(seen, entry.path, entry.digest) : undefined;
    return stamp === undefined ? [entry] : [entry, [stamp.size, stamp.mtime, stamp.ctime, stamp.ino]];
  });
  const text = JSON.stringify({ format: 1, entries });
  if (text === former.text) return;
  await writeWhole(path, text, { mode: 0o600 });
  former.text = text;
}

function lasting(seen: SeenTree, path: string, digest: string): Stamp | undefined {
  const known = seen.get(path);
  return known?.entry.type === 'file' && known.entry.digest === digest && !known.stamp.racy
    ? known.stamp
    : undefined;
}
