import type { Progress } from '../bundle/progress.ts';
import type { HostTraits } from './host-traits.ts';
import type { Limits } from './shared/entry.ts';
import type { GuestTree } from './shared/guest-tree.ts';
import type { Keeper } from './shared/keeper.ts';

/** What makes changes of the host's files undoable. */
export interface Undoable {
  /** Completes what an apply that was cut off has left. */
  recover(): Promise<void>;
  /**
   * For one apply, while nobody else changes the project's files.
   * @throws Fault `project-busy`, `interrupted`, `disk-full`, `folder-unwritable`
   */
  open(signal?: AbortSignal): Promise<Keeper & { close(): Promise<void> }>;
}

export interface ExchangeOptions {
  /** the project folder, as `refuseUnsuitableRoot` returned it */
  root: string;
  /** file that keeps the last agreed tree of this project and this guest */
  base: string;
  guest: GuestTree;
  /** names conflict copies; letters, digits, `-` and `_` */
  session: string;
  /** absolute paths that are never part of the project: the product's own folders */
  skip?: readonly string[] | undefined;
  host: HostTraits;
  /** without it, what is replaced or removed on the host is gone */
  undo?: Undoable | undefined;
  limits?: Limits | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  /** called before each change; tests fail there */
  effect?: ((what: string) => void) | undefined;
}
