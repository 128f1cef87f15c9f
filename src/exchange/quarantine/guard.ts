import type { Entry, Tree } from '../shared/entry.ts';
import { looseName } from '../shared/fold-name.ts';
import { linkDestination } from '../shared/link-target.ts';
import { nameOf, parentOf } from '../shared/path.ts';
import { Aliases } from './aliases.ts';
import type { Quarantine, Quarantined } from './quarantine.ts';

/**
 * Judges a change by the guest: of what it has at a path now, or of its having removed it. Made, changed and removed are
 * one: without its hook a commit is not checked any more.
 * @returns why it waits
 */
export type Guard = (path: string, guest: Entry | undefined) => Quarantined | undefined;

/** The list, applied to two trees: links of either give paths more names, and folders become repositories. */
export function guardOf(quarantine: Quarantine, host: Tree, guest: Tree): Guard {
  if (quarantine.isEmpty) return () => undefined;
  const aliases = new Aliases(
    host,
    guest,
    (link) => (quarantine.reasonOf(link, 'link') ?? quarantine.leadsTo(link)) !== undefined,
  );
  const repositories = bareRepositories(host, guest);

  const ofPath = (path: string, type: Entry['type']): Quarantined | undefined => {
    const names = aliases.namesOf(path);
    if (names === undefined) return CONFUSING;
    const [own, ...others] = names.map((name, index) => quarantine.reasonOf(index === 0 ? path : name, type));
    if (own !== undefined && !own.byContent) return own;
    // By another name it is not the file whose content can be judged.
    const other = others.find((one) => one !== undefined);
    return other === undefined ? own : { ...other, byContent: false };
  };
  const ofLink = (path: string, target: string): Quarantined | undefined => {
    const destination = linkDestination(path, target);
    if (destination === undefined) return CONFUSING;
    // Round in a circle it leads nowhere; a link that opens the circle is judged when it comes.
    const end = aliases.resolve(destination) ?? destination;
    const held =
      (aliases.namesOf(path) ?? [path]).map((name) => quarantine.leadsTo(name)).find(Boolean) ??
      [destination, end].map((to) => ofPath(to, 'link') ?? quarantine.leadsTo(to)).find(Boolean);
    return held && { ...held, byContent: false };
  };

  return (path, entry) => {
    const former = host.get(path);
    const types = new Set([entry, former].flatMap((one) => (one === undefined ? [] : [one.type])));
    for (const type of types) {
      const held = ofPath(path, type);
      if (held !== undefined) return types.size > 1 ? { ...held, byContent: false } : held;
    }
    if (isWithinAny(path, repositories)) return REPOSITORY;
    if (entry?.type === 'link') return ofLink(path, entry.target);
    // Where a link of the host led, something of the guest's own would be.
    return former?.type === 'link' ? ofLink(path, former.target) : undefined;
  };
}

const CONFUSING: Quarantined = {
  rule: 'links',
  reason: 'so many links lead to it that its names cannot be told',
  byContent: false,
};

const REPOSITORY: Quarantined = {
  rule: 'bare repository',
  reason: 'git takes its folder for a repository and runs what its config names',
  byContent: false,
};

/** Folders with `HEAD`, `objects` and `refs`, wherever the three come from: git obeys the config in them. */
function bareRepositories(...trees: readonly Tree[]): Set<string> {
  const parts = new Map<string, Set<string>>();
  for (const tree of trees) {
    for (const path of tree.keys()) {
      const name = nameOf(path).length > LONGEST ? '' : looseName(nameOf(path));
      if (!REPOSITORY_PARTS.has(name)) continue;
      const folder = parentOf(path);
      const found = parts.get(folder);
      if (found === undefined) parts.set(folder, new Set([name]));
      else found.add(name);
    }
  }
  return new Set(
    [...parts].filter(([, found]) => found.size === REPOSITORY_PARTS.size).map(([folder]) => folder),
  );
}

const REPOSITORY_PARTS = new Set(['head', 'objects', 'refs']);
/** Names with that many ignorable characters are nobody's `objects`; folding each of a tree would take long. */
const LONGEST = 40;

function isWithinAny(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false;
  for (let at = parentOf(path); ; at = parentOf(at)) {
    if (folders.has(at)) return true;
    if (at === '') return false;
  }
}
