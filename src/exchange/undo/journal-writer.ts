import { closeSync, fsync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from '../../platform/whole-file.ts';
import type { Line } from './journal.ts';

/** Appends to a session's journal. */
export class JournalWriter {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * @param length where whole lines end; undefined to go on right after what is there
   * @throws the system's error
   */
  static async open(path: string, length: number | undefined): Promise<JournalWriter> {
    const home = dirname(path);
    await mkdir(home, { recursive: true, mode: 0o700 });
    const fd = openSync(path, 'a', 0o600);
    try {
      if (length !== undefined) ftruncateSync(fd, length);
      // Made just now, or it was then that a crash came.
      if (length === 0)
        for (const above of [home, dirname(home), dirname(dirname(home))]) await syncFolder(above);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return new JournalWriter(fd);
  }

  append(lines: readonly Line[]): void {
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
  }

  /** Makes all of it durable. */
  async sync(): Promise<void> {
    await promisify(fsync)(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
