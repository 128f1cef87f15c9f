import { conflictPath } from './conflict-name.ts';
import { type Entry, movedEntry, sameEntry, type Tree } from './shared/entry.ts';
import { below, isWithin, PATH_DEPTH, parentOf } from './shared/path.ts';
import type { Refusal } from './shared/reason.ts';
import { type Node, nodesBelow, nodesOf } from './tree.ts';

/** One entry to be put. */
export interface Put {
  entry: Entry;
  /** where the giving side has it; differs from the entry's path for conflict copies */
  source: string;
  /** what the receiving side has there */
  was: Entry | undefined;
}

export interface Changes {
  /** a folder before what is in it */
  puts: Put[];
  /** what is in a folder before it */
  removals: Entry[];
}

export interface Conflict {
  path: string;
  /** where the guest's version goes, on both sides */
  copy: string;
}

/** What makes both sides the same without losing what only one of them has. */
export interface Plan {
  toHost: Changes;
  /** to be done once `toHost` is: the host then has every version */
  toGuest: Changes;
  conflicts: Conflict[];
  /** what could not be resolved because something that takes no part is in the way */
  refused: Refusal[];
  /** the agreed tree if all of it succeeds */
  agreed: Tree;
}

export interface ReconcileInput {
  /** the last agreed tree; empty when there is none: then nothing is ever removed */
  base: Tree;
  host: Tree;
  guest: Tree;
  /** paths, with all below them, that take no part; nothing is concluded from their absence */
  held: ReadonlySet<string>;
  session: string;
}

/**
 * Three-way, two-way-safe: a change on one side goes to the other, a modification beats a removal, and where both changed
 * the host's version stays and the guest's is kept beside it. A change of type by the guest counts as both changed.
 */
export function reconcile(input: ReconcileInput): Plan {
  return new Reconciliation(input).run();
}

type Nodes = Map<string, Node>;
type Side = 'toHost' | 'toGuest';

/** Whether something remains at a path on each side once the plan is done. */
interface Outcome {
  host: boolean;
  guest: boolean;
}

const NOTHING: Outcome = { host: false, guest: false };
const BOTH: Outcome = { host: true, guest: true };

class Reconciliation {
  readonly #input: ReconcileInput;
  /** the folders above what is held: they cannot go either */
  readonly #holding = new Set<string>();
  readonly #plan: Plan = {
    toHost: { puts: [], removals: [] },
    toGuest: { puts: [], removals: [] },
    conflicts: [],
    refused: [],
    agreed: new Map(),
  };

  constructor(input: ReconcileInput) {
    this.#input = input;
    for (const path of input.held) {
      // The guest may name anything as refused; below this depth nothing takes part.
      const known = path.split('/', PATH_DEPTH + 1).join('/');
      for (let above = parentOf(known); above !== '' && !this.#holding.has(above); above = parentOf(above))
        this.#holding.add(above);
    }
  }

  run(): Plan {
    const { base, host, guest } = this.#input;
    this.#children('', nodesOf(base), nodesOf(host), nodesOf(guest));
    for (const changes of [this.#plan.toHost, this.#plan.toGuest]) {
      // A path sorts before everything below it.
      changes.puts.sort((a, b) => compare(a.entry.path, b.entry.path));
      changes.removals.sort((a, b) => compare(b.path, a.path));
    }
    return this.#plan;
  }

  #children(folder: string, base?: Nodes, host?: Nodes, guest?: Nodes): Outcome {
    const outcome = { ...NOTHING };
    const names = new Set([...(host?.keys() ?? []), ...(guest?.keys() ?? []), ...(base?.keys() ?? [])]);
    for (const name of names) {
      const path = below(folder, name);
      const one = this.#step(path, base?.get(name), host?.get(name), guest?.get(name));
      outcome.host ||= one.host;
      outcome.guest ||= one.guest;
    }
    return outcome;
  }

  #step(path: string, base?: Node, host?: Node, guest?: Node): Outcome {
    if (this.#input.held.has(path)) return this.#hold(base, host, guest);
    if (host !== undefined && guest !== undefined) return this.#both(path, base, host, guest);
    if (host !== undefined) return this.#one(path, base, host, 'toGuest');
    if (guest !== undefined) return this.#one(path, base, guest, 'toHost');
    return NOTHING;
  }

  #both(path: string, base: Node | undefined, host: Node, guest: Node): Outcome {
    const [hosts, guests] = [host.entry, guest.entry];
    if (hosts.type === 'folder' && guests.type === 'folder') {
      this.#agree(hosts);
      this.#children(path, base?.children, host.children, guest.children);
    } else if (hosts.type !== guests.type) {
      if (this.#holding.has(path)) {
        this.#plan.refused.push({ path, reason: 'not-empty' });
        return this.#hold(base, host, guest);
      }
      const isDerived = base !== undefined && sameBelow(base, guest);
      if (!isDerived && hasContent(guest)) this.#copy(path, guest);
      for (const node of nodesBelow(guest)) this.#plan.toGuest.removals.push(node.entry);
      this.#putAll('toGuest', host);
    } else if (sameEntry(hosts, guests)) {
      this.#agree(hosts);
    } else if (sameEntry(base?.entry, hosts)) {
      this.#put('toHost', guests, hosts);
    } else {
      // The same content twice needs no second copy; the host's permission stands.
      if (!sameEntry(base?.entry, guests) && !sameContent(hosts, guests)) this.#copy(path, guest);
      this.#put('toGuest', hosts, guests);
    }
    return BOTH;
  }

  /** Only one side has it: it is new or changed there, or was removed on the other. */
  #one(path: string, base: Node | undefined, node: Node, to: Side): Outcome {
    const { entry } = node;
    if (entry.type !== 'folder') {
      if (sameEntry(base?.entry, entry)) return this.#remove(to, entry);
      return this.#put(to, entry, undefined);
    }
    const baseChildren = base?.children;
    const inner =
      to === 'toGuest'
        ? this.#children(path, baseChildren, node.children, undefined)
        : this.#children(path, baseChildren, undefined, node.children);
    const [here, there] = to === 'toGuest' ? [inner.host, inner.guest] : [inner.guest, inner.host];
    if (there || base?.entry.type !== 'folder') return this.#put(to, entry, undefined);
    if (!here && !this.#holding.has(path)) return this.#remove(to, entry);
    // What is left in it takes no part, so the folder cannot go; it stays agreed for the day that changes.
    this.#agree(entry);
    return to === 'toGuest' ? { host: true, guest: false } : { host: false, guest: true };
  }

  #put(to: Side, entry: Entry, was: Entry | undefined): Outcome {
    this.#plan[to].puts.push({ entry, source: entry.path, was });
    this.#agree(entry);
    return BOTH;
  }

  #putAll(to: Side, node: Node): void {
    for (const { entry } of nodesBelow(node)) this.#put(to, entry, undefined);
  }

  /** The other side removed it, so this one does: the side it is on is the opposite of where a change would go. */
  #remove(to: Side, entry: Entry): Outcome {
    this.#plan[to === 'toGuest' ? 'toHost' : 'toGuest'].removals.push(entry);
    return NOTHING;
  }

  /** Keeps the guest's version beside the host's, on both sides. */
  #copy(path: string, guest: Node): void {
    const { host, guest: guestTree, session } = this.#input;
    const moved = (copy: string) =>
      [...nodesBelow(guest)].map(({ entry }) => ({
        entry: movedEntry(entry, copy + entry.path.slice(path.length)),
        source: entry.path,
      }));
    for (let n = 1; ; n += 1) {
      const copy = conflictPath(path, guest.entry.type === 'file', session, n);
      const wanted = moved(copy);
      const entries = wanted.map(({ entry }) => entry);
      if (this.#isTaken(copy) && !this.#isBegun(copy, entries)) continue;
      this.#plan.conflicts.push({ path, copy });
      for (const { entry, source } of wanted) {
        // What is there already is a new file like any other.
        if (host.has(entry.path) || guestTree.has(entry.path)) continue;
        this.#plan.toHost.puts.push({ entry, source, was: undefined });
        this.#put('toGuest', entry, undefined);
      }
      return;
    }
  }

  #isTaken(path: string): boolean {
    const { base, host, guest, held } = this.#input;
    return host.has(path) || guest.has(path) || base.has(path) || held.has(path);
  }

  /** Whether all there is of a copy is what an interrupted exchange would have left of this one. */
  #isBegun(copy: string, wanted: readonly Entry[]): boolean {
    const { base, host, guest, held } = this.#input;
    if (base.has(copy) || held.has(copy) || this.#holding.has(copy)) return false;
    const byPath = new Map(wanted.map((entry) => [entry.path, entry]));
    const fits = ([path, entry]: [string, Entry]) =>
      !isWithin(path, copy) || sameEntry(byPath.get(path), entry);
    return [...host].every(fits) && [...guest].every(fits);
  }

  #hold(base: Node | undefined, host: Node | undefined, guest: Node | undefined): Outcome {
    if (base !== undefined) for (const { entry } of nodesBelow(base)) this.#agree(entry);
    return { host: host !== undefined, guest: guest !== undefined };
  }

  #agree(entry: Entry): void {
    this.#plan.agreed.set(entry.path, entry);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sameContent(a: Entry, b: Entry): boolean {
  return a.type === 'file' && b.type === 'file' && a.digest === b.digest;
}

/** Folders alone are not worth a copy. */
function hasContent(node: Node): boolean {
  for (const { entry } of nodesBelow(node)) if (entry.type !== 'folder') return true;
  return false;
}

function sameBelow(a: Node, b: Node): boolean {
  if (!sameEntry(a.entry, b.entry) || a.children.size !== b.children.size) return false;
  for (const [name, child] of b.children) {
    const other = a.children.get(name);
    if (other === undefined || !sameBelow(other, child)) return false;
  }
  return true;
}
