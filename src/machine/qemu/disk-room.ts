import { setTimeout as sleep } from 'node:timers/promises';
import { freeSpace } from '../../platform/free-space.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';

/** Bytes that must be free before a guest that ran out of disk goes on. */
const ROOM_TO_GO_ON = 64 * 2 ** 20;

/** Lets a guest go on that QEMU has paused instead of failing its write: nothing is lost, it goes on when there is room. */
export class DiskRoom {
  readonly #parts: Pick<GuestParts, 'names' | 'note'>;
  #isAwaited = false;

  constructor(parts: Pick<GuestParts, 'names' | 'note'>) {
    this.#parts = parts;
  }

  /** @param isStill whether this guest is still the one that is held */
  async await({ qmp }: Pick<Held, 'qmp'>, isStill: () => boolean): Promise<void> {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    const { names, note } = this.#parts;
    note(
      `the disk that holds ${names.home} is full: the guest is paused and goes on by itself when there is room`,
    );
    while (isStill() && (await freeSpace(names.home).catch(() => 0)) < ROOM_TO_GO_ON) await sleep(1000);
    this.#isAwaited = false;
    if (!isStill()) return;
    await qmp.execute('cont').catch(() => {});
    note('there is room again: the guest goes on');
  }
}
