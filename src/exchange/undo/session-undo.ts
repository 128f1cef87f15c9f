import type { Folder } from '../../bundle/folder.ts';
import { readSettings, undoLimit } from '../../bundle/settings.ts';
import type { Undoable } from '../options.ts';
import { lockProject } from './project-lock.ts';
import { prune } from './prune.ts';
import { recover, recoverLocked } from './recover.ts';
import { SessionKeeper } from './session-keeper.ts';

/** Makes what one session does to a project's files on the host undoable. */
export class SessionUndo implements Undoable {
  readonly #folder: Folder;
  readonly #session: string;
  readonly #root: string;
  #isFirst = true;

  constructor(folder: Folder, session: string, root: string) {
    this.#folder = folder;
    this.#session = session;
    this.#root = root;
  }

  async recover(): Promise<void> {
    await recover(this.#folder, this.#root);
  }

  async open(signal?: AbortSignal): Promise<SessionKeeper> {
    const lock = await lockProject(this.#folder, this.#root, { signal });
    try {
      await recoverLocked(this.#folder, this.#root);
      if (this.#isFirst) await this.#makeRoom();
      this.#isFirst = false;
      return await SessionKeeper.open(
        { folder: this.#folder, session: this.#session, root: this.#root },
        lock,
      );
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Results are brought back even where nothing can be forgotten; the next session tries again. */
  async #makeRoom(): Promise<void> {
    try {
      await prune(this.#folder, undoLimit(await readSettings(this.#folder)));
    } catch {
      // as said
    }
  }
}
