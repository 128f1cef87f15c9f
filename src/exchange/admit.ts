import { Fault } from '../fault/fault.ts';
import { isWindowsName } from './host-name.ts';
import type { HostTraits } from './host-traits.ts';
import type { Entry, Tree } from './shared/entry.ts';
import { foldName, isGitName, looseName } from './shared/fold-name.ts';
import type { Ignore } from './shared/ignore.ts';
import { linkDestination } from './shared/link-target.ts';
import { below, checkPath, nameOf, parentOf } from './shared/path.ts';
import type { Reason, Refusal } from './shared/reason.ts';

/** What of the guest's listing may be acted upon. */
interface Admitted {
  tree: Tree;
  refused: Refusal[];
}

/**
 * Judges every path the guest claims to have. What is refused stays in the guest and takes no part; nothing is concluded
 * from it.
 * @param host the host's tree, for names that meet on its file system
 * @param namesIn the names a folder of the host really holds, with those that take no part
 * @throws Fault `protocol-violation` when a path is listed twice
 */
export function admit(
  claims: { entries: Iterable<Entry>; refused: readonly Refusal[] },
  host: Tree,
  ignore: Ignore,
  traits: HostTraits,
  namesIn: (folder: string) => readonly string[],
): Admitted {
  const tree: Tree = new Map();
  const refused = [...claims.refused];
  const out = new Set(refused.map(({ path }) => path));
  const listed = new Set<string>();
  // A folder sorts before what is in it.
  for (const entry of [...claims.entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const { path } = entry;
    if (listed.has(path)) throw new Fault('protocol-violation', 'the guest listed a path twice');
    listed.add(path);
    const parent = parentOf(path);
    // Its folder was refused, which says it all.
    if (out.has(parent)) out.add(path);
    if (out.has(path)) continue;
    const reason =
      judge(entry, ignore, traits) ??
      (parent === '' || tree.get(parent)?.type === 'folder' ? undefined : 'stray');
    if (reason === undefined) tree.set(path, entry);
    else {
      out.add(path);
      refused.push({ path, reason });
    }
  }
  if (traits.caseInsensitive) {
    const meeting = new Set([...colliding(tree, host), ...meetingOnDisk(tree, host, namesIn)]);
    for (const path of meeting) refused.push({ path, reason: 'collision' });
  }
  return { tree, refused };
}

function judge(entry: Entry, ignore: Ignore, traits: HostTraits): Reason | undefined {
  const name = nameOf(entry.path);
  const reason = checkPath(entry.path);
  if (reason !== undefined) return reason;
  if (isGitName(name)) return 'git';
  if (ignore(entry.path) || (traits.caseInsensitive && ignore(folded(entry.path)))) return 'ignored';
  if (traits.windowsNames && !isWindowsName(name)) return 'host-name';
  if (entry.type === 'link' && !(traits.links && isHarmlessLink(entry.path, entry.target, traits)))
    return 'link';
  return undefined;
}

/**
 * A link into git's folder would be a second, unwatched name for its hooks and configuration, and git itself refuses links
 * for what it reads in the work tree. Windows opens a device by its name wherever a link says so.
 */
function isHarmlessLink(path: string, target: string, { windowsNames }: HostTraits): boolean {
  if (GIT_FILES.test(looseName(nameOf(path)))) return false;
  const destination = linkDestination(path, target);
  if (destination === undefined) return false;
  const names = destination === '' ? [] : destination.split('/');
  return !names.some((name) => isGitName(name) || (windowsNames && !isWindowsName(name)));
}

const GIT_FILES = /^\.(gitmodules|gitattributes|gitignore|mailmap)$/;

function folded(path: string): string {
  return path.split('/').map(foldName).join('/');
}

/** Paths whose name is one with another's in the same folder, except those both sides have just so. */
function colliding(guest: Tree, host: Tree): string[] {
  const groups = new Map<string, Set<string>>();
  for (const path of [...guest.keys(), ...host.keys()]) {
    const key = below(parentOf(path), foldName(nameOf(path)));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, new Set([path]));
    else group.add(path);
  }
  return [...groups.values()]
    .filter((group) => group.size > 1)
    .flatMap((group) => [...group].filter((path) => !(guest.has(path) && host.has(path))));
}

/**
 * Paths new to the host whose name its disk takes for another one that is there: of the installed packages, the program's
 * own folder or something else that is in no tree.
 */
function meetingOnDisk(guest: Tree, host: Tree, namesIn: (folder: string) => readonly string[]): string[] {
  const byFolder = new Map<string, Map<string, string>>();
  return [...guest.keys()].filter((path) => {
    const folder = parentOf(path);
    if (host.has(path) || !(folder === '' || host.has(folder))) return false;
    let names = byFolder.get(folder);
    if (names === undefined) {
      names = new Map(namesIn(folder).map((name) => [foldName(name), name]));
      byFolder.set(folder, names);
    }
    const there = names.get(foldName(nameOf(path)));
    return there !== undefined && there !== nameOf(path);
  });
}
