import type { Tree } from '../shared/entry.ts';
import { looseName } from '../shared/fold-name.ts';
import { linkDestination } from '../shared/link-target.ts';
import { below, isWithin, parentOf } from '../shared/path.ts';

/** Past this a tree of links is made to confuse. */
const MOST = 1000;
/** Linux gives up after as many. */
const HOPS = 40;

interface Link {
  path: string;
  to: string;
}

/**
 * Further names of paths by links: through `.vscode -> config`, which a person may well have, `config/tasks.json` is
 * `.vscode/tasks.json` as well. Paths are loosened: a link may lead where another spelling is meant.
 */
export class Aliases {
  readonly #from = new Map<string, string>();
  /** links that can give a path a name of the list, by where they lead; undefined: too many */
  readonly #to: ReadonlyMap<string, Link[]> | undefined;

  /** @param matters whether a name of a link is one of the list or leads to one */
  constructor(host: Tree, guest: Tree, matters: (path: string) => boolean) {
    const [hosts, guests] = [linksOf(host), linksOf(guest)];
    for (const { path, to } of [...guests, ...hosts]) this.#from.set(path, to);
    // Those of the guest that matter wait themselves.
    this.#to = mattering(
      hosts.filter(({ path }) => matters(path)),
      [...hosts, ...guests],
    );
  }

  /**
   * All names of a path, its own first.
   * @returns undefined when there are too many to tell
   */
  namesOf(path: string): string[] | undefined {
    if (this.#to === undefined) return undefined;
    const own = loosePath(path);
    if (this.#to.size === 0) return [own];
    const names = new Set([own]);
    for (const name of names) {
      for (let top = name; ; top = parentOf(top)) {
        for (const link of this.#to.get(top) ?? []) {
          // Round in a circle a name only grows at its start, where no pattern looks.
          if (isWithin(name, link.path)) continue;
          names.add(top === '' ? below(link.path, name) : link.path + name.slice(top.length));
          if (names.size > MOST) return undefined;
        }
        if (top === '') break;
      }
    }
    return [...names];
  }

  /** Where a path leads through the links on its way; undefined when that has no end. */
  resolve(path: string): string | undefined {
    let at = loosePath(path);
    for (let hop = 0; hop < HOPS; hop += 1) {
      const link = this.#linkOn(at);
      if (link === undefined) return at;
      const to = this.#from.get(link) ?? '';
      const rest = at.slice(link.length + 1);
      at = rest === '' ? to : below(to, rest);
    }
    return undefined;
  }

  #linkOn(path: string): string | undefined {
    let found: string | undefined;
    for (let top = path; top !== ''; top = parentOf(top)) if (this.#from.has(top)) found = top;
    return found;
  }
}

function linksOf(tree: Tree): Link[] {
  const links: Link[] = [];
  for (const entry of tree.values()) {
    if (entry.type !== 'link') continue;
    const to = linkDestination(entry.path, entry.target);
    if (to !== undefined) links.push({ path: loosePath(entry.path), to: loosePath(to) });
  }
  return links;
}

/** These links, and those on the way to them or beyond: a chain is followed link by link. */
function mattering(first: readonly Link[], all: readonly Link[]): Map<string, Link[]> | undefined {
  const chosen = [...first];
  const known = new Set(chosen.map(({ path, to }) => `${path}\0${to}`));
  for (const { to } of chosen) {
    for (const link of all) {
      if (known.has(link.path) || !(isWithin(link.path, to) || to === '' || isWithin(to, link.path)))
        continue;
      known.add(link.path);
      chosen.push(link);
      if (chosen.length > MOST) return undefined;
    }
  }
  return Map.groupBy(chosen, ({ to }) => to);
}

function loosePath(path: string): string {
  return path.split('/').map(looseName).join('/');
}
