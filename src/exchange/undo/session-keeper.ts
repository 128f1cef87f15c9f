import type { Stats } from 'node:fs';
import { type Folder, sessionNames } from '../../bundle/folder.ts';
import type { ExclusiveLock } from '../../platform/exclusive-lock.ts';
import { writeFault } from '../../platform/whole-file.ts';
import type { Intent, Keeper } from '../shared/keeper.ts';
import type { KeptChange, Line } from './journal.ts';
import { JournalWriter } from './journal-writer.ts';
import { keepFault } from './keep-fault.ts';
import { settleJournal, settlePending } from './pending.ts';
import { Trash } from './trash.ts';

interface KeptSession {
  folder: Folder;
  session: string;
  /** the project's folder */
  root: string;
  /** the session that this one undoes, and whether only some of its paths */
  undoes?: { session: string; isPart: boolean } | undefined;
  /** the highest number of the session so far, as `closed` told it: then its journal need not be read again */
  last?: number | undefined;
  /** told of the highest number, once all is in order */
  closed?: ((last: number) => void) | undefined;
}

interface Surroundings extends Pick<KeptSession, 'root' | 'closed'> {
  /** the folder that journal and trash are in */
  home: string;
  lock: ExclusiveLock;
}

const NOTHING = { last: 0, length: 0 };

/**
 * Keeps, in a session's own folder, what the session takes away from a project, and the journal of it. One apply long, in
 * which nobody else changes the project.
 */
export class SessionKeeper implements Keeper {
  readonly #root: string;
  readonly #home: string;
  readonly #journal: JournalWriter;
  readonly #trash: Trash;
  readonly #lock: ExclusiveLock;
  readonly #closed: KeptSession['closed'];
  /** announced and neither done nor dropped */
  readonly #pending = new Map<number, KeptChange>();
  /** of those, the ones that have a copy */
  readonly #copied = new Set<number>();
  /** of those, the ones that are in the trash and nowhere else */
  readonly #taken = new Set<number>();
  #last: number;

  private constructor(
    { root, home, lock, closed }: Surroundings,
    { journal, trash, last }: { journal: JournalWriter; trash: Trash; last: number },
  ) {
    this.#root = root;
    this.#home = home;
    this.#lock = lock;
    this.#closed = closed;
    this.#journal = journal;
    this.#trash = trash;
    this.#last = last;
  }

  /**
   * @param lock the project's; `close` gives it back
   * @throws Fault `disk-full`, `folder-unwritable`
   */
  static async open(
    { folder, session, root, undoes, last, closed }: KeptSession,
    lock: ExclusiveLock,
  ): Promise<SessionKeeper> {
    const names = sessionNames(folder, session);
    try {
      const former = last === undefined ? ((await settleJournal(names, root)) ?? NOTHING) : { last };
      const trash = await Trash.open(names.trash);
      const journal = await JournalWriter.open(names.journal, 'length' in former ? former.length : undefined);
      const keeper = new SessionKeeper(
        { root, home: names.undo, lock, closed },
        { journal, trash, last: former.last },
      );
      const line: Line = { op: 'open', format: 1, project: root, at: new Date().toISOString() };
      keeper.#append(undoes ? { ...line, undoes: undoes.session, isPart: undoes.isPart } : line);
      return keeper;
    } catch (error) {
      throw writeFault(names.undo, keepFault(names.undo, error));
    }
  }

  async announce(intents: readonly Intent[]): Promise<number[]> {
    const changes = intents.map(({ was, now, mode }): KeptChange => {
      this.#last += 1;
      const n = this.#last;
      return {
        op: 'change',
        n,
        ...(was && { was }),
        ...(now && { now }),
        ...(mode !== undefined && { mode }),
      };
    });
    this.#append(...changes);
    await this.#guarded(() => this.#journal.sync());
    for (const change of changes) this.#pending.set(change.n, change);
    return changes.map(({ n }) => n);
  }

  async keep(number: number, onDisk: string, stats: Stats, leaves: boolean): Promise<boolean> {
    // Where a link leads stands in the journal.
    if (stats.isSymbolicLink() || (leaves && this.#trash.canMove(stats))) return false;
    const isItself = await this.#guarded(() => this.#trash.keep(number, onDisk, stats));
    this.#copied.add(number);
    return isItself;
  }

  async settle(): Promise<void> {
    await this.#guarded(() => this.#trash.settle());
  }

  async take(number: number, onDisk: string, stats: Stats): Promise<string | undefined> {
    if (this.#copied.has(number)) return undefined;
    const moved = this.#trash.move(number, onDisk);
    if (moved !== undefined) this.#taken.add(number);
    else if (!stats.isSymbolicLink()) {
      // It could not be moved, against expectation.
      await this.keep(number, onDisk, stats, false);
      await this.settle();
    }
    return moved;
  }

  giveBack(number: number, onDisk: string): boolean {
    return this.#trash.giveBack(number, onDisk) && this.#taken.delete(number);
  }

  drop(number: number): void {
    // What is nowhere else is not dropped, whatever went wrong with it.
    if (this.#taken.has(number) || !this.#pending.delete(number)) return;
    this.#append({ op: 'not', n: number });
    this.#trash.drop(number);
  }

  done(): void {
    for (const numbers of [this.#pending, this.#copied, this.#taken]) numbers.clear();
    this.#append({ op: 'done', n: this.#last });
  }

  /**
   * Ends the apply. What it has left open after an error is looked at and noted.
   * @param isWhole whether it came to its end
   */
  async close(isWhole = true): Promise<void> {
    try {
      const pending = [...this.#pending.values()];
      for (const n of await settlePending(this.#root, pending, this.#trash)) this.drop(n);
      await this.settle();
      if (pending.length > 0) this.done();
      if (isWhole) this.#append({ op: 'close' });
      this.#closed?.(this.#last);
    } finally {
      this.#journal.close();
      this.#lock.release();
    }
  }

  #append(...lines: Line[]): void {
    try {
      this.#journal.append(lines);
    } catch (error) {
      throw keepFault(this.#home, error);
    }
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw keepFault(this.#home, error);
    }
  }
}
