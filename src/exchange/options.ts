import type { Progress } from '../bundle/progress.ts';
import type { HostTraits } from './host-traits.ts';
import type { Limits } from './shared/entry.ts';
import type { GuestTree } from './shared/guest-tree.ts';
import type { Keeper } from './shared/keeper.ts';
import type { HoldRules, Waiting } from './waiting.ts';

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

/** The two ends of an exchange. */
export interface ExchangePlace {
  /** the project folder, as `refuseUnsuitableRoot` returned it */
  root: string;
  /** file that keeps the last agreed tree of this project and this guest */
  base: string;
  guest: GuestTree;
  /** absolute paths that are never part of the project: the product's own folders */
  skip?: readonly string[] | undefined;
  host: HostTraits;
  limits?: Limits | undefined;
  /** whether one watcher sees the whole project folder on this host */
  recursiveWatch?: boolean | undefined;
}

export interface PassOptions {
  /** names conflict copies; letters, digits, `-` and `_` */
  session: string;
  /** without it, what is replaced or removed on the host is gone */
  undo?: Undoable | undefined;
  /** a session begins: removals are counted anew */
  first?: boolean | undefined;
  /** look only at what the watchers of both sides noticed, where they can */
  noticed?: boolean | undefined;
  /** let the guest's removals rest for a moment first; another pass is to follow then */
  linger?: boolean | undefined;
  /** which changes of the guest wait for a person; default none */
  hold?: HoldRules | undefined;
  /** only find out what waits; nothing is carried over */
  dry?: boolean | undefined;
  /** of what would wait: the paths to let through */
  accept?: ((waiting: readonly Waiting[]) => ReadonlySet<string>) | undefined;
  /** of what would wait: the paths where the host's version replaces the guest's */
  discard?: ((waiting: readonly Waiting[]) => ReadonlySet<string>) | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  /** called before each change; tests fail there */
  effect?: ((what: string) => void) | undefined;
}

export type ExchangeOptions = ExchangePlace & PassOptions;
