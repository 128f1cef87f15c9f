import type { GitBrought, GitState } from '../../channel/messages/git.ts';

/** The guest's half of git, as the host reaches it. Nothing it says is believed. */
export interface GuestGit {
  state(): Promise<GitState>;
  /** → lines `object name`; `@ name` is the branch HEAD is, `object shallow` a commit at which history ends */
  refs(of: 'all' | 'changed'): AsyncIterable<Uint8Array>;
  /** a delivery → what could not be taken over as it was */
  bring(delivery: AsyncIterable<Uint8Array>): Promise<GitBrought>;
  /** lines `object` wanted and `^object` there → a pack */
  pack(asked: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
