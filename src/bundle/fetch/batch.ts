import type { Progress } from '../progress.ts';
import { type DownloadRequest, download } from './download.ts';
import type { Reach } from './reach.ts';

/** Few enough to be polite to a mirror, enough to hide the round trips of a hundred small packages. */
const PARALLEL = 4;
const REPORT_EVERY_MS = 100;

export interface BatchOptions {
  step: string;
  downloads: string;
  progress: Progress;
  signal: AbortSignal;
}

/**
 * Downloads all, some at a time, and gives their paths in the order asked for. The first failure stops the rest.
 * @throws whatever `download` throws
 */
export async function downloadAll(
  requests: readonly DownloadRequest[],
  reach: Reach,
  options: BatchOptions,
): Promise<string[]> {
  const { step, downloads, progress } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const paths: string[] = new Array(requests.length);
  const amounts = requests.map(({ size }) => ({ done: 0, total: size }));
  const report = everySoOften(() => progress({ type: 'amount', step, unit: 'bytes', ...sum(amounts) }));
  progress({ type: 'step', step });

  const queue = requests.entries();
  const worker = async () => {
    for (const [index, request] of queue) {
      const onBytes = (done: number, total: number | undefined) => {
        amounts[index] = { done, total };
        report();
      };
      paths[index] = await download(request, downloads, reach, { signal, onBytes });
    }
  };
  const settled = await Promise.allSettled(
    Array.from({ length: PARALLEL }, () =>
      worker().catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    ),
  );
  // The one that failed by itself comes first; the others only say that they were stopped.
  const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length > 0) throw reasons.find((reason) => reason?.code !== 'interrupted') ?? reasons[0];
  progress({ type: 'amount', step, unit: 'bytes', ...sum(amounts) });
  progress({ type: 'done', step });
  return paths;
}

function sum(amounts: readonly { done: number; total: number | undefined }[]) {
  const done = amounts.reduce((all, amount) => all + amount.done, 0);
  const known = amounts.every(({ total }) => total !== undefined);
  return { done, total: known ? amounts.reduce((all, { total }) => all + (total ?? 0), 0) : undefined };
}

function everySoOften(act: () => void): () => void {
  let last = 0;
  return () => {
    const now = Date.now();
    if (now - last < REPORT_EVERY_MS) return;
    last = now;
    act();
  };
}
