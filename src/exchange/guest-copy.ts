import { Fault } from '../fault/fault.ts';
import type { Entry, Limits } from './shared/entry.ts';
import type { GuestTree } from './shared/guest-tree.ts';
import { type Listing, NAME_CHARACTERS, readListing, weight } from './shared/listing.ts';
import type { Refusal } from './shared/reason.ts';
import { tooMuch } from './shared/scan.ts';

/** What the guest says it has, kept from listing to listing so that it need tell only what changed. */
export class GuestCopy {
  readonly #tree: GuestTree;
  readonly #limits: Limits;
  readonly #entries = new Map<string, Entry>();
  /** what the entries add up to, whatever number of listings told them */
  #bytes = 0;
  #characters = 0;
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
    if (!partial) this.#clear();
    for (const path of removed) this.#drop(path);
    for (const entry of entries) {
      if (!partial && this.#entries.has(entry.path))
        throw new Fault('protocol-violation', 'the guest listed a path twice');
      this.#drop(entry.path);
      this.#entries.set(entry.path, entry);
      this.#count(entry, 1);
    }
    const { entries: most, bytes } = this.#limits;
    if (this.#entries.size > most) throw tooMuch(`more than ${most} files and folders`, COPY);
    if (this.#bytes > bytes || this.#characters > NAME_CHARACTERS)
      throw tooMuch('more than is exchanged at once', COPY);
  }

  #clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#characters = 0;
  }

  #drop(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#count(entry, -1);
  }

  #count(entry: Entry, sign: 1 | -1): void {
    if (entry.type === 'file') this.#bytes += sign * entry.size;
    this.#characters += sign * weight(entry);
  }
}

const COPY = "the guest's copy of the project";
