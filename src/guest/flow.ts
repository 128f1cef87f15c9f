import type { Readable } from 'node:stream';
import type { Output } from './running.ts';

/** Milliseconds a pipe may stay open, quiet, after its program has ended (a background child holds it), before we stop waiting. */
const STRAGGLER = 500;

/** Carries one pipe, or a terminal, to the host at the host's pace; `finish` waits for what is under way once its program has ended. */
export function flow(source: Readable, lane: number, output: Output) {
  let last = Date.now();
  let sending = false;
  const ended = (async () => {
    for await (const chunk of source) {
      sending = true;
      await output(chunk, lane);
      sending = false;
      last = Date.now();
    }
  })().catch(() => {});
  return {
    async finish(): Promise<void> {
      last = Date.now();
      let open = true;
      ended.finally(() => {
        open = false;
      });
      while (open && (sending || Date.now() - last < STRAGGLER)) {
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))]);
      }
      source.destroy();
    },
  };
}
