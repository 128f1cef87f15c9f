import type { Progress } from '../bundle/progress.ts';
import type { HostTraits } from './host-traits.ts';
import type { Limits } from './shared/entry.ts';
import type { GuestTree } from './shared/guest-tree.ts';

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
  limits?: Limits | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  /** called before each change; tests fail there */
  effect?: ((what: string) => void) | undefined;
}
