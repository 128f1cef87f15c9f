import { relative } from 'node:path';
import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { MOUNT_APP } from '../../channel/messages/guest.ts';
import { call } from '../../channel/methods.ts';
import { appName, plugDisk } from './app-disk.ts';
import type { QmpClient } from './qmp.ts';

/** A guest that is up. */
interface Running {
  qmp: Pick<QmpClient, 'execute'>;
  connection: Connection;
}

/** Makes tools' disks appear in a guest, one after the other: two sessions of one tool must not plug its disk in twice. */
export class ToolDisks {
  readonly #home: string;
  #last: Promise<void> = Promise.resolve();

  /** @param home the machine's folder */
  constructor(home: string) {
    this.#home = home;
  }

  /** @param running the guest as it is when its turn has come; throws where there is none */
  mount(tool: string, disk: string, path: string, running: () => Running): Promise<void> {
    const mine = this.#last
      .catch(() => {})
      .then(async () => {
        const { qmp, connection } = running();
        const target = await plugDisk(qmp, appName(tool, relative(this.#home, disk)), disk);
        await call(connection, MOUNT_APP, { target, path }, z.unknown());
      });
    this.#last = mine;
    return mine;
  }
}
