import { setTimeout as sleep } from 'node:timers/promises';
import { type RunProgram, runProgram } from '../run-program.ts';

/** How fetching reaches the world. Tests pass their own. */
export interface Reach {
  fetch: typeof globalThis.fetch;
  run: RunProgram;
  env: Readonly<Record<string, string | undefined>>;
  sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

export const realReach: Reach = {
  fetch: globalThis.fetch,
  run: runProgram,
  env: process.env,
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
};
