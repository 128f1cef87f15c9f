import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { link, remove, write } from '../scene.ts';

/** One thing done on one side, which an exchange then does on the other. */
export interface Operation {
  kind: Kind;
  /** which of several of its kind; each has its own paths */
  nth: number;
}

export const KINDS = ['new', 'replace', 'remove', 'type', 'link', 'folder'] as const;
export type Kind = (typeof KINDS)[number];

/** Every selection of one to four operations, order aside: an exchange sorts them anyway. */
export function* selections(most = 4): Generator<Operation[]> {
  const pick = function* (from: number, left: number): Generator<Kind[]> {
    yield [];
    if (left === 0) return;
    for (const [index, kind] of KINDS.entries())
      if (index >= from) for (const rest of pick(index, left - 1)) yield [kind, ...rest];
  };
  for (const kinds of pick(0, most)) {
    if (kinds.length === 0) continue;
    yield kinds.map((kind, index) => ({
      kind,
      nth: kinds.slice(0, index).filter((each) => each === kind).length,
    }));
  }
}

/**
 * Every operation alone is tried, and so many selections of two to four, chosen by `PCODER_SEED`. `PCODER_CRASHES=all` tries
 * every one of the 209, which takes half an hour.
 */
const CHOSEN = process.env['PCODER_CRASHES'] ?? '1';
const SEED = Number(process.env['PCODER_SEED'] ?? 1);

/** Those to try now. */
export function chosenSelections(): Operation[][] {
  const all = [...selections()];
  if (CHOSEN === 'all') return all;
  const one = all.filter(({ length }) => length === 1);
  const rest = all.filter(({ length }) => length > 1);
  let state = SEED;
  const next = () => {
    // Numerical Recipes' generator is random enough to choose by.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  const some = Array.from({ length: Number(CHOSEN) }, () => rest[next() % rest.length] ?? []);
  return [...one, ...some];
}

/** What must be there before the operation, on both sides. */
export function prepare(root: string, { kind, nth }: Operation): void {
  switch (kind) {
    case 'replace':
      return write(root, `deep/replace-${nth}`, `old ${nth}`, 0o640);
    case 'remove':
      write(root, `remove-${nth}/inner`, `old ${nth}`);
      return nth % 2 === 0 ? link(root, `remove-${nth}/link`, '../untouched') : undefined;
    case 'type':
      return write(root, nth % 2 === 0 ? `type-${nth}` : `type-${nth}/inner`, `old ${nth}`);
    case 'link':
      return link(root, `link-${nth}`, 'untouched');
    case 'new':
    case 'folder':
  }
}

export function perform(root: string, { kind, nth }: Operation): void {
  switch (kind) {
    case 'new':
      return write(root, `deep/new-${nth}`, `new ${nth}`, nth === 1 ? 0o755 : 0o644);
    case 'replace':
      write(root, `deep/replace-${nth}`, `new ${nth}, and longer`);
      return nth === 1 ? chmodSync(join(root, `deep/replace-${nth}`), 0o755) : undefined;
    case 'remove':
      return remove(root, `remove-${nth}`);
    case 'type':
      remove(root, `type-${nth}`);
      if (nth % 2 === 0) return write(root, `type-${nth}/inner`, `new ${nth}`);
      return write(root, `type-${nth}`, `new ${nth}`);
    case 'link':
      remove(root, `link-${nth}`);
      return link(root, `link-${nth}`, nth % 2 === 0 ? 'deep' : 'deep/untouched');
    case 'folder':
      return write(root, `folder-${nth}/inner/file`, `new ${nth}`);
  }
}
