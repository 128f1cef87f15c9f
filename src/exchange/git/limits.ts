/** What either side takes from the other. Generous for real repositories, and far below what would hurt the host. */
export interface GitLimits {
  /** refs that go into the guest */
  refs: number;
  /** bytes of history and of one pack that go into the guest; above it only the newest commit goes */
  sent: number;
  /** bytes of new objects one session may bring back */
  received: number;
  /** objects one session may bring back */
  objects: number;
  /** refs one session may bring back */
  landed: number;
  /** bytes of memory git may ask for at once while it looks at what the guest sent */
  allocation: number;
  /** milliseconds one program of git may take over a question */
  question: number;
  /** milliseconds one program of git may take over a pack */
  work: number;
}

export const GIT_LIMITS: GitLimits = {
  refs: 20_000,
  sent: 2 * 2 ** 30,
  received: 2 ** 30,
  objects: 500_000,
  landed: 200,
  allocation: 512 * 2 ** 20,
  question: 60_000,
  work: 10 * 60_000,
};
