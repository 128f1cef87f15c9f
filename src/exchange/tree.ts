import type { Entry, Tree } from './shared/entry.ts';
import { nameOf, parentOf } from './shared/path.ts';

/** A tree as it is walked: one path with what is in it. */
export interface Node {
  entry: Entry;
  /** by name; empty for what is no folder */
  children: Map<string, Node>;
}

/** Nodes by name at the root. Entries whose folder is missing or is none are left out. */
export function nodesOf(tree: Tree): Map<string, Node> {
  const top = new Map<string, Node>();
  const all = new Map<string, Node>();
  for (const path of [...tree.keys()].sort()) {
    const entry = tree.get(path);
    if (entry === undefined) continue;
    const parent = parentOf(path);
    const siblings = parent === '' ? top : folderChildren(all.get(parent));
    if (siblings === undefined) continue;
    // One empty map for all files: they are most of a tree.
    const node = { entry, children: entry.type === 'folder' ? new Map<string, Node>() : NONE };
    siblings.set(nameOf(path), node);
    all.set(path, node);
  }
  return top;
}

/** A node and everything below it, a folder before its content. */
export function* nodesBelow(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children.values()) yield* nodesBelow(child);
}

const NONE: Map<string, Node> = new Map();

function folderChildren(node: Node | undefined): Map<string, Node> | undefined {
  return node?.entry.type === 'folder' ? node.children : undefined;
}
