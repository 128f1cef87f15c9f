import { freemem } from 'node:os';
import { type Folder, goldenNames, stateNames } from '../bundle/folder.ts';
import { exists } from '../machine/qemu/disk.ts';
import { endLeftMaking, makeGolden } from '../machine/qemu/golden.ts';
import type { MachineRun } from '../machine/qemu/record.ts';
import { keyName, type SnapshotKey } from '../machine/qemu/snapshot/snapshot-key.ts';
import { type ExclusiveLock, tryLock } from '../platform/exclusive-lock.ts';
import { freeSpace } from '../platform/free-space.ts';
import { makePrivateFolder } from '../platform/private-folder.ts';

/** Milliseconds without a session after which the host is taken to be at rest. */
const QUIET = 3000;
/** Bytes that must stay free on the disk beside the snapshot. */
const DISK_LEFT = 2 * 2 ** 30;

type Parts = Parameters<typeof makeGolden>[0];

/** What a maker does to the host, and what it asks it. */
export interface GoldenEffects {
  make: typeof makeGolden;
  endLeft: typeof endLeftMaking;
  /** bytes */
  freeMemory(): number;
  /** bytes */
  freeSpace(path: string): Promise<number>;
}

/** Makes the golden snapshot of this machine's kind when there is none and nobody works: a second guest, at the lowest priority. */
export class GoldenMaker {
  readonly #folder: Folder;
  readonly #parts: Parts;
  readonly #debug: (text: string) => void;
  #quiet: NodeJS.Timeout | undefined;
  #making: { done: Promise<void>; abort: AbortController } | undefined;
  readonly #effects: GoldenEffects;
  #tried = false;

  constructor(
    folder: Folder,
    parts: Parts,
    debug: (text: string) => void,
    effects: GoldenEffects = { make: makeGolden, endLeft: endLeftMaking, freeMemory: freemem, freeSpace },
  ) {
    this.#effects = effects;
    this.#folder = folder;
    this.#parts = parts;
    this.#debug = debug;
  }

  /** Ends what a maker that was killed has left. */
  async clearLeft(): Promise<void> {
    const { golden } = stateNames(this.#folder);
    if (!(await exists(golden))) return;
    const lock = await this.#lock();
    if (lock === undefined) return;
    await this.#effects.endLeft(this.#parts, golden).finally(() => lock.release());
  }

  /** Says what runs now and whether anybody works on it; called whenever that changes. */
  look(run: MachineRun | undefined, isAtRest: boolean): void {
    clearTimeout(this.#quiet);
    const { key } = run ?? {};
    if (!isAtRest || key === undefined || this.#tried) return;
    this.#quiet = setTimeout(() => this.#begin(key), QUIET);
  }

  /** Gives up what is being made. */
  async close(): Promise<void> {
    clearTimeout(this.#quiet);
    this.#tried = true;
    this.#making?.abort.abort();
    await this.#making?.done;
  }

  #begin(key: SnapshotKey): void {
    this.#tried = true;
    const abort = new AbortController();
    const done = this.#make(key, abort.signal).catch((error: unknown) =>
      this.#debug(`no golden snapshot: ${error instanceof Error ? error.message : error}`),
    );
    this.#making = { done, abort };
    done.then(() => {
      this.#making = undefined;
    });
  }

  async #make(key: SnapshotKey, signal: AbortSignal): Promise<void> {
    const kind = keyName(key);
    const names = goldenNames(this.#folder, kind);
    if (await exists(names.snapshot)) return;
    const lock = await this.#lock();
    if (lock === undefined) return;
    try {
      const memory = this.#parts.memory * 2 ** 20;
      if (this.#effects.freeMemory() < memory / 2)
        return this.#debug('no golden snapshot: the host has too little memory free');
      if ((await this.#effects.freeSpace(this.#folder.state)) < memory + DISK_LEFT)
        return this.#debug('no golden snapshot: the disk has too little room');
      const began = Date.now();
      // Of the image this machine has, which need not be the current one.
      const parts = { ...this.#parts, assets: () => this.#parts.assets(key.image) };
      await this.#effects.make(parts, names, kind, signal);
      this.#debug(`made the golden snapshot ${kind} in ${Math.round((Date.now() - began) / 100) / 10} s`);
    } finally {
      lock.release();
    }
  }

  async #lock(): Promise<ExclusiveLock | undefined> {
    await makePrivateFolder(stateNames(this.#folder).golden);
    return tryLock(goldenNames(this.#folder, '').lock);
  }
}
