import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Folder, sessionNames } from '../../../src/bundle/folder.ts';
import type { ExchangeOptions } from '../../../src/exchange/options.ts';
import type { Report } from '../../../src/exchange/report.ts';
import { SessionUndo } from '../../../src/exchange/undo/session-undo.ts';
import { type Undone, undoSession } from '../../../src/exchange/undo/undo-session.ts';
import { Scene } from '../scene.ts';

/** A project whose sessions can be undone. */
export class UndoScene extends Scene {
  readonly folder: Folder;
  #undone = 0;

  /** @param state where what is kept goes; on another file system it has to be copied */
  constructor(state?: string) {
    super();
    this.folder = { root: this.home, state: state ?? join(this.home, 'state') };
    mkdirSync(this.folder.state, { recursive: true });
  }

  /** One exchange of a session. */
  async pass(session: string, more: Partial<ExchangeOptions> = {}): Promise<Report> {
    return await this.exchange({ session, undo: new SessionUndo(this.folder, session, this.host), ...more });
  }

  async undo(
    session: string,
    more: { as?: string; isChosen?: (path: string) => boolean; effect?: (what: string) => void } = {},
  ): Promise<Undone> {
    this.#undone += 1;
    return await undoSession({
      folder: this.folder,
      root: this.host,
      session,
      as: `undo-${this.#undone}`,
      ...more,
    });
  }

  names(session: string) {
    return sessionNames(this.folder, session);
  }
}
