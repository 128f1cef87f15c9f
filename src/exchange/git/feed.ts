import type { Writable } from 'node:stream';

/**
 * Carries a flow of bytes into a program's stdin. A program that ends early leaves the flow where it is, and a flow that stalls does not
 * hold up the program's end: whoever sends it may be hostile.
 */
export function feed(source: AsyncIterable<Uint8Array>, stdin: Writable): { end(): Promise<void> } {
  const over = Promise.withResolvers<undefined>();
  stdin.on('error', () => over.resolve(undefined));
  stdin.on('close', () => over.resolve(undefined));
  const pieces = source[Symbol.asyncIterator]();
  const carried = (async () => {
    try {
      for (;;) {
        const next = await Promise.race([pieces.next(), over.promise]);
        if (next === undefined || next.done === true) return;
        // Its memory is the sender's again after this.
        await Promise.race([new Promise((resolve) => stdin.write(next.value, resolve)), over.promise]);
      }
    } finally {
      stdin.end();
      // Not waited for: it may be in the middle of waiting for the guest.
      pieces.return?.().catch(() => {});
    }
  })();
  carried.catch(() => {});
  return {
    /** @throws what the source threw */
    async end() {
      over.resolve(undefined);
      await carried;
    },
  };
}
