import type { Stats } from 'node:fs';
import type { Entry } from './entry.ts';

/** One change as it is announced: what is at its path and what shall be; undefined is nothing. */
export interface Intent {
  was: Entry | undefined;
  now: Entry | undefined;
  /** permission bits of what is there */
  mode?: number | undefined;
}

/**
 * Keeps what changes take away, so that it can be brought back. The host has one; the guest's copy needs none, because
 * whatever is replaced there is on the host by then.
 */
export interface Keeper {
  /**
   * Makes durable what is about to be done.
   * @returns a number for each, by which it is called from then on
   * @throws Fault `disk-full`, `folder-unwritable`; then nothing may be changed
   */
  announce(intents: readonly Intent[]): Promise<number[]>;
  /**
   * Keeps the content of what is about to go, which stays where it is.
   * @param leaves it will be handed to `take`, so that what can be moved then need not be copied now
   * @returns whether the file itself is kept and not a copy of it: its ctime is a new one then
   * @throws Fault as above; the system's error when the file cannot be read
   */
  keep(number: number, onDisk: string, stats: Stats, leaves: boolean): Promise<boolean>;
  /** Makes durable what was kept since the last call. */
  settle(): Promise<void>;
  /**
   * Moves a file or link away.
   * @returns where to, for one more look at it; undefined when `keep` has its content and it is still in its place
   */
  take(number: number, onDisk: string, stats: Stats): Promise<string | undefined>;
  /** Brings back what `take` moved, unless something else has come in its place. @returns whether it did */
  giveBack(number: number, onDisk: string): boolean;
  /** The change was not made. */
  drop(number: number): void;
  /** All that was announced is done or dropped. */
  done(): void;
}
