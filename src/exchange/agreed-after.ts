import type { Tree } from './shared/entry.ts';

/**
 * The tree both sides have agreed on once a plan was carried out except for `undone`. There, and below, the former
 * agreement goes on: it is an ancestor of both versions, which is all that the next reconciliation needs.
 */
export function agreedAfter(planned: Tree, former: Tree, undone: readonly string[]): Tree {
  if (undone.length === 0) return planned;
  const again = new Set(undone);
  const tree: Tree = new Map();
  for (const [path, entry] of planned) if (!isBelowAny(path, again)) tree.set(path, entry);
  for (const [path, entry] of former) if (isBelowAny(path, again)) tree.set(path, entry);
  return tree;
}

/** A tree without these paths and all below them. */
export function without(tree: Tree, paths: readonly string[]): Tree {
  if (paths.length === 0) return tree;
  const tops = new Set(paths);
  return new Map([...tree].filter(([path]) => !isBelowAny(path, tops)));
}

function isBelowAny(path: string, tops: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (tops.has(path.slice(0, end))) return true;
  }
  return false;
}
