/** Pause before attempt number `attempt` (1 is the first repetition), in milliseconds: 0.5, 1, 2, 4, then 8 s. */
export function backoff(attempt: number): number {
  return 500 * 2 ** Math.min(attempt - 1, 4);
}

/** Whether asking again cannot help: an answer of the 4xx kind, other than "later" (408, 425, 429) and a bad range (416). */
export function isPermanent(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('status' in error) || typeof error.status !== 'number')
    return false;
  return error.status >= 400 && error.status < 500 && ![408, 416, 425, 429].includes(error.status);
}

export const retryHint =
  'check the network (HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured) and run the same command again; it goes on where it stopped';
