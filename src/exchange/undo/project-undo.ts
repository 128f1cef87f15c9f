import type { Folder } from '../../bundle/folder.ts';
import { readSettings, undoLimit } from '../../bundle/settings.ts';
import type { Undoable } from '../options.ts';
import type { Keeper } from '../shared/keeper.ts';
import { lockProject } from './project-lock.ts';
import { prune } from './prune.ts';
import { recover, recoverLocked } from './recover.ts';
import { SessionKeeper } from './session-keeper.ts';

/** Makes what sessions do to a project's files on the host undoable. */
export class ProjectUndo implements Undoable {
  readonly #folder: Folder;
  readonly #root: string;
  /** the session that changed something last, and the last number of its journal, which need not be read again then */
  #latest: { session: string; last: number } | undefined;
  /** the session at whose beginning older ones were forgotten */
  #hasRoom: string | undefined;

  constructor(folder: Folder, root: string) {
    this.#folder = folder;
    this.#root = root;
  }

  async recover(): Promise<void> {
    await recover(this.#folder, this.#root);
  }

  async open(session: string, signal?: AbortSignal): Promise<Keeper & { close(): Promise<void> }> {
    const [folder, root] = [this.#folder, this.#root];
    const lock = await lockProject(folder, root, { signal });
    try {
      await recoverLocked(folder, root);
      await this.#makeRoom(session);
      const last = this.#latest?.session === session ? this.#latest.last : undefined;
      this.#latest = undefined;
      const closed = (highest: number) => {
        this.#latest = { session, last: highest };
      };
      return await SessionKeeper.open({ folder, session, root, last, closed }, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Once for each session. Its results are brought back even where nothing can be forgotten; the next one tries again. */
  async #makeRoom(session: string): Promise<void> {
    if (this.#hasRoom === session) return;
    this.#hasRoom = session;
    try {
      await prune(this.#folder, undoLimit(await readSettings(this.#folder)));
    } catch {
      // as said
    }
  }
}
