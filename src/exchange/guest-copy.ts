import { Fault } from '../fault/fault.ts';
import type { Entry, Limits } from './shared/entry.ts';
import type { GuestTree } from './shared/guest-tree.ts';
import { type Listing, readListing } from './shared/listing.ts';
import type { Refusal } from './shared/reason.ts';
import { tooMuch } from './shared/scan.ts';

/** What the guest says it has, kept from listing to listing so that it need tell only what changed. */
export class GuestCopy {
  readonly #tree: GuestTree;
  readonly #limits: Limits;
  readonly #entries = new Map<string, Entry>();
  #refused: Refusal[] = [];
  #state: string | undefined;
  #present = false;

  constructor(tree: GuestTree, limits: Limits) {
    this.#tree = tree;
    this.#limits = limits;
  }

  /** false when there is no copy at all, which is not the same as an empty one */
  get present(): boolean {
    return this.#present;
  }

  /** Claims of the guest, to be admitted. */
  claims(): { entries: Iterable<Entry>; refused: readonly Refusal[] } {
    return { entries: this.#entries.values(), refused: this.#refused };
  }

  /**
   * @param noticed look only at what the guest's watcher noticed
   * @throws Fault `protocol-violation`; `exchange-refused` past the limits
   */
  async look(noticed: boolean): Promise<void> {
    const since = this.#state;
    // Cut off on the way, this would be no state of the guest.
    this.#state = undefined;
    const listing = await readListing(this.#tree.scan({ since, noticed }), this.#limits);
    if (listing.partial && since === undefined)
      throw new Fault('protocol-violation', 'the guest told changes of a state nobody knows');
    this.#take(listing);
    this.#present = listing.present;
    this.#refused = listing.refused;
    this.#state = listing.state;
  }

  #take({ partial, entries, removed }: Listing): void {
    if (!partial) this.#entries.clear();
    for (const path of removed) this.#entries.delete(path);
    for (const entry of entries) {
      if (!partial && this.#entries.has(entry.path))
        throw new Fault('protocol-violation', 'the guest listed a path twice');
      this.#entries.set(entry.path, entry);
    }
    const { entries: most } = this.#limits;
    if (this.#entries.size > most)
      throw tooMuch(`more than ${most} files and folders`, "the guest's copy of the project");
  }
}
