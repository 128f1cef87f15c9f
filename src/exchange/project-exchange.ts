import { Fault, systemCode } from '../fault/fault.ts';
import { admit } from './admit.ts';
import { agreedAfter, without } from './agreed-after.ts';
import { BaseFile } from './base-file.ts';
import { guestContents, hostContent } from './contents.ts';
import { withKnownExec } from './exec-bits.ts';
import { fetchFromGuest } from './from-guest.ts';
import { GuestCopy } from './guest-copy.ts';
import { HostRules } from './host-rules.ts';
import { Lingering } from './lingering.ts';
import { namesOnDisk } from './names-on-disk.ts';
import type { ExchangePlace, PassOptions } from './options.ts';
import { JUDGED_BYTES, judgeContent } from './quarantine/judge-content.ts';
import { type Plan, reconcile } from './reconcile.ts';
import { nothingDone, type Report, shown, shownConflicts, shownRefusals } from './report.ts';
import { LIMITS, type Limits, type Tree } from './shared/entry.ts';
import { FolderWatch } from './shared/folder-watch.ts';
import { Folders } from './shared/folders.ts';
import type { RulesData } from './shared/ignore-rules.ts';
import { LookedTree } from './shared/looked-tree.ts';
import type { SeenTree } from './shared/stamp.ts';
import { sendToGuest } from './to-guest.ts';
import {
  afterJudging,
  type Found,
  findWaiting,
  HOLD_NOTHING,
  type HoldRules,
  movedAway,
  type RemovedBefore,
  type Waiting,
} from './waiting.ts';

/** What one pass did, and what it left waiting for a person. */
export interface Passed {
  report: Report;
  waiting: Waiting[];
  /** milliseconds until removals that were let rest can go; 0: there are none */
  again: number;
}

/**
 * A project folder of the host and its copy in one guest: makes both the same, pass by pass, without losing what only one
 * side has. Remembers what both looked like, so that a pass reads only what changed. Stopped at any point, the next pass,
 * of this process or another one, goes on from there. One pass at a time is the caller's to see to.
 */
export class ProjectExchange {
  readonly root: string;
  readonly #place: ExchangePlace;
  readonly #limits: Limits;
  readonly #rules: HostRules;
  readonly #guest: GuestCopy;
  readonly #watch: FolderWatch;
  #noticed = () => {};
  readonly #host: LookedTree;
  #base: BaseFile | undefined;
  /** what the guest looked by last */
  #rulesGiven: RulesData | undefined;
  readonly #lingering = new Lingering();
  /** since a session began: a live exchange sees a large removal as many small ones */
  #removed: RemovedBefore = { count: 0, of: 0 };

  constructor(place: ExchangePlace) {
    this.root = place.root;
    this.#place = place;
    this.#limits = place.limits ?? LIMITS;
    this.#rules = new HostRules(place.root, place.skip ?? [], place.host.caseInsensitive);
    this.#guest = new GuestCopy(place.guest, this.#limits);
    this.#watch = new FolderWatch(place.root, {
      recursive: place.recursiveWatch ?? false,
      ignore: this.#rules.ignore,
      noticed: () => this.#noticed(),
    });
    this.#host = new LookedTree(place.root, {
      ignore: this.#rules.ignore,
      rules: this.#rules,
      limits: this.#limits,
      watch: this.#watch,
    });
  }

  /** why changes on the host cannot be noticed, if so */
  get blind(): string | undefined {
    return this.#watch.blind;
  }

  /** From the next pass over everything on, tells once when something changed on the host, until it is looked at. */
  watch(noticed: () => void): void {
    this.#noticed = noticed;
    this.#watch.begin();
  }

  unwatch(): void {
    this.#watch.close();
  }

  /**
   * @throws Fault `exchange-refused` when the project folder was emptied or there is too much; `disk-full`,
   * `folder-unwritable`, `protocol-violation`
   */
  async pass(options: PassOptions): Promise<Passed> {
    const { session, signal, progress, effect } = options;
    if (!/^[\w-]{1,64}$/.test(session)) throw new Error(`not a session name: ${session}`);
    const { root } = this.#place;
    progress?.({ type: 'step', step: COMPARE });
    // Before the look: what is tidied away changes the times of files.
    await options.undo?.recover();
    const file = await this.#openBase();
    await this.#lookAtBoth(options);
    const seen = this.#host.tree;
    const host = treeOf(seen);
    if (!this.#place.host.execBits) withKnownExec(host, file.tree);
    const admitted = admit(
      this.#guest.claims(),
      host,
      this.#rules.ignore,
      this.#place.host,
      namesOnDisk(root),
    );
    const guest = admitted.tree;
    // Without a copy in the guest there is nothing that could have been removed from it.
    const former: Tree = this.#guest.present ? new Map(file.tree) : new Map();
    refuseEmptied(former, host.size + this.#host.refused.length, guest.size, root);
    const held = new Set([...this.#host.refused, ...admitted.refused].map(({ path }) => path));
    if (options.first === true) this.#removed = { count: 0, of: 0 };
    this.#removed.of = Math.max(this.#removed.of, former.size);
    const sides = { base: former, host, guest, held, before: this.#removed };
    const { found, removals } = await this.#findWaiting(sides, options.hold ?? HOLD_NOTHING);
    if (options.dry === true) {
      progress?.({ type: 'done', step: COMPARE });
      return { report: nothingDone(), waiting: found, again: 0 };
    }
    const { waiting, base } = this.#decide(found, former, guest, options);
    for (const { path } of waiting) held.add(path);
    const again = options.linger === true ? this.#lingering.rest(removals, performance.now()) : 0;
    if (again > 0) for (const path of removals) held.add(path);
    const plan = reconcile({ base, host, guest, held, session });
    progress?.({ type: 'done', step: COMPARE });

    const place = { ...this.#place, limits: this.#limits, seen };
    signal?.throwIfAborted();
    const fetched = await fetchFromGuest(plan, { ...options, ...place });
    signal?.throwIfAborted();
    // Cut off in between, an agreement on these would make their absence in the guest look like a removal by it.
    const swapped = swappedInGuest(plan);
    const lasting = without(former, swapped);
    if (swapped.length > 0) {
      effect?.('forget what is swapped');
      await file.agree(lasting, seen);
    }
    const make = !this.#guest.present;
    const there = { there: guest, parts: this.#guest.parts };
    const sent = await sendToGuest(plan, fetched.refused, { ...options, ...place, ...there, make });
    if (options.accept === undefined) this.#removed.count += fetched.removed.length;
    const undone = [...fetched.undone, ...sent.undone];
    effect?.('write the base');
    await file.agree(agreedAfter(plan.agreed, lasting, undone), seen);
    return {
      report: {
        toGuest: shown(sent.put),
        toHost: shown(fetched.put),
        deleted: { onHost: shown(fetched.removed), onGuest: shown(sent.removed) },
        conflicts: shownConflicts(plan.conflicts.filter(({ copy }) => seen.has(copy))),
        refused: shownRefusals([
          ...this.#host.refused,
          ...admitted.refused,
          ...plan.refused,
          ...fetched.refused,
          ...sent.refused,
        ]),
      },
      waiting,
      again,
    };
  }

  async #openBase(): Promise<BaseFile> {
    if (this.#base !== undefined) return this.#base;
    const base = await BaseFile.open(this.#place.base);
    // What is still as it was then need not be read again.
    for (const [path, seen] of base.seen()) this.#host.tree.set(path, seen);
    this.#base = base;
    return base;
  }

  /** Only after the look at the host all rules are known, and the guest must go by the same; mostly they are the last ones. */
  async #lookAtBoth(options: PassOptions): Promise<void> {
    const noticed = options.noticed === true;
    const last = this.#rulesGiven;
    const meanwhile = last && this.#guest.look(noticed, last);
    // Awaited below, once the host was looked at.
    meanwhile?.catch(() => {});
    try {
      await this.#lookAtHost(options);
    } finally {
      await meanwhile?.catch(() => {});
    }
    await meanwhile;
    const rules = this.#rules.data();
    if (last === undefined || JSON.stringify(rules) !== JSON.stringify(last))
      await this.#guest.look(noticed, rules);
    this.#rulesGiven = rules;
  }

  async #lookAtHost({ noticed, signal }: PassOptions): Promise<void> {
    const { root } = this.#place;
    if (await this.#rules.refresh()) this.#host.judgeAnew();
    const isThere = await this.#host.look({ noticed, signal }).catch((error: unknown) => {
      if (systemCode(error) === 'ENOTDIR') return false;
      throw error;
    });
    if (isThere) return;
    throw new Fault('project-unusable', `the project folder ${root} is gone`, {
      hint: 'bring it back, or name another with --project',
    });
  }

  async #findWaiting(
    sides: Parameters<typeof findWaiting>[0],
    rules: HoldRules,
  ): Promise<{ found: Waiting[]; removals: string[] }> {
    const found = findWaiting(sides, rules);
    const waiting = await this.#judge(found, rules);
    const moved = movedAway(waiting, found.removals, sides.host);
    const held = new Set(moved.map(({ path }) => path));
    return {
      found: [...waiting, ...moved].sort((a, b) => (a.path < b.path ? -1 : 1)),
      removals: found.removals.filter((path) => !held.has(path)),
    };
  }

  async #judge(found: Found, rules: HoldRules): Promise<Waiting[]> {
    if (found.judged.length === 0) return found.waiting;
    const { guest, root } = this.#place;
    const contents = await guestContents(
      guest,
      found.judged.map((change) => change.guest),
      JUDGED_BYTES,
    );
    const folders = new Folders(root);
    try {
      return afterJudging(
        found,
        ({ path, host }) => {
          const after = contents.get(path);
          // Not sent as it was announced: then it waits for the next look.
          if (after === undefined) return 'it changed while it was looked at';
          const before = host?.type === 'file' ? hostContent(folders, path, JUDGED_BYTES) : undefined;
          return judgeContent(path, before, after);
        },
        rules,
      );
    } finally {
      folders.close();
    }
  }

  /** Lets through what was accepted and takes the host's side where the guest's is discarded; the rest waits. */
  #decide(
    found: readonly Waiting[],
    former: Tree,
    guest: Tree,
    { accept, discard }: PassOptions,
  ): { waiting: Waiting[]; base: Tree } {
    if (accept === undefined && discard === undefined) return { waiting: [...found], base: former };
    const accepted = accept?.(found) ?? new Set();
    const discarded = discard?.(found) ?? new Set();
    const base = new Map(former);
    for (const path of discarded) {
      // As if the guest's version had been agreed on: then the host's is a change to it.
      const theirs = guest.get(path);
      if (theirs === undefined) base.delete(path);
      else base.set(path, theirs);
    }
    const decided = new Set([...accepted, ...discarded]);
    return { waiting: found.filter(({ path }) => !decided.has(path)), base };
  }
}

const COMPARE = 'compare the project with the copy in the guest';

function treeOf(seen: SeenTree): Tree {
  const tree: Tree = new Map();
  for (const { entry } of seen.values()) tree.set(entry.path, entry);
  return tree;
}

/** What the guest has to remove before it can put something of another type there. */
function swappedInGuest({ toGuest }: Plan): string[] {
  const removed = new Set(toGuest.removals.map(({ path }) => path));
  return toGuest.puts.map(({ entry }) => entry.path).filter((path) => removed.has(path));
}

/** One entry may well have been removed on purpose; everything is more likely an unmounted disk. */
function refuseEmptied(base: Tree, host: number, guest: number, root: string): void {
  // Emptied on both sides there is nothing to lose.
  if (base.size < 2 || host > 0 || guest === 0) return;
  throw new Fault(
    'exchange-refused',
    `the project folder ${root} was emptied; the guest's copy of the project is left as it is`,
    {
      hint: 'is a disk missing? If it was meant, put any file there; to work without exchanging, use --exchange none',
    },
  );
}
