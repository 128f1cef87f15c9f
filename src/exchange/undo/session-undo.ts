import type { Folder } from '../../bundle/folder.ts';
import { readSettings, undoLimit } from '../../bundle/settings.ts';
import type { Undoable } from '../options.ts';
import type { Keeper } from '../shared/keeper.ts';
import { lockProject } from './project-lock.ts';
import { prune } from './prune.ts';
import { recover, recoverLocked } from './recover.ts';
import { SessionKeeper } from './session-keeper.ts';

/** Makes what one session does to a project's files on the host undoable. */
export class SessionUndo implements Undoable {
  readonly #folder: Folder;
  readonly #session: string;
  readonly #root: string;
  /** the last number of the journal; undefined when it has to be read to know */
  #last: number | undefined;
  #hasRoom = false;

  constructor(folder: Folder, session: string, root: string) {
    this.#folder = folder;
    this.#session = session;
    this.#root = root;
  }

  async recover(): Promise<void> {
    await recover(this.#folder, this.#root);
  }

  async open(signal?: AbortSignal): Promise<Keeper & { close(): Promise<void> }> {
    const [folder, session, root] = [this.#folder, this.#session, this.#root];
    const lock = await lockProject(folder, root, { signal });
    try {
      await recoverLocked(folder, root);
      await this.#makeRoom();
      const last = this.#last;
      this.#last = undefined;
      const closed = (highest: number) => {
        this.#last = highest;
      };
      return await SessionKeeper.open({ folder, session, root, last, closed }, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Once for each session. Its results are brought back even where nothing can be forgotten; the next one tries again. */
  async #makeRoom(): Promise<void> {
    if (this.#hasRoom) return;
    this.#hasRoom = true;
    try {
      await prune(this.#folder, undoLimit(await readSettings(this.#folder)));
    } catch {
      // as said
    }
  }
}
