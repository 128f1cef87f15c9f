import { stat } from 'node:fs/promises';
import { machineNames } from '../bundle/folder.ts';
import type { Connection } from '../channel/connection.ts';
import { Fault, isFault } from '../fault/fault.ts';
import { findSupervisor, reachSupervisor } from '../supervisor/reach.ts';
import type { Context } from './context.ts';
import { progressLines } from './progress-lines.ts';

export interface Need {
  machine: string;
  /** the tool whose program must be there; undefined when none is run */
  tool: string | undefined;
}

/**
 * Does something with the machine's supervisor. What the start needs and is not there is fetched first, visibly, and no more than that; a
 * machine that already runs is asked at once.
 */
export async function withSupervisor<T>(
  context: Context,
  need: Need,
  action: (connection: Connection) => Promise<T>,
): Promise<T> {
  const running = await findSupervisor(context.folder, need.machine);
  // A machine that has run before has what it needs, and its supervisor looks at it anyway: looking twice would cost every start 50 ms.
  if (running === undefined && !(await hasRun(context, need.machine))) await fetchMissing(context, need);
  const connection = running ?? (await reachSupervisor(context.folder, need.machine));
  try {
    return await action(connection);
  } catch (error) {
    // A supervisor that was just leaving took the connection and never looked at it.
    const unheard = connection.down && !connection.heard;
    if (!unheard && !isFault(error, 'asset-missing')) throw error;
    await fetchMissing(context, need);
    if (!connection.down) return await action(connection);
    const fresh = await reachSupervisor(context.folder, need.machine);
    return await action(fresh).finally(() => fresh.close());
  } finally {
    connection.close();
  }
}

async function hasRun({ folder }: Context, machine: string): Promise<boolean> {
  return (await stat(machineNames(folder, machine).record).catch(() => undefined)) !== undefined;
}

/** Fetches or builds QEMU, the image and the tool's program, whichever is missing. @throws Fault `fetch-failed`, `interrupted`, … */
export async function fetchMissing(context: Context, need: Pick<Need, 'tool'>): Promise<void> {
  const { folder } = context;
  // Loaded here: a command on a machine that runs needs none of it.
  const [{ ensureApp }, { ensureImage }, { readSettings }] = await Promise.all([
    import('../bundle/fetch/app.ts'),
    import('../image/ensure.ts'),
    import('../bundle/settings.ts'),
  ]);
  const { suite } = await readSettings(folder);
  await interruptible(context, async (progress, signal) => {
    await ensureImage(folder, { suite }, progress, signal);
    if (need.tool !== undefined) await ensureApp(folder, need.tool, progress, signal);
  });
}

/** Runs something long with progress lines and a Ctrl-C that stops it cleanly. */
export async function interruptible<T>(
  context: Context,
  work: (progress: ReturnType<typeof progressLines>['progress'], signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lines = progressLines(context.stderr);
  const stop = new AbortController();
  const interrupt = () =>
    stop.abort(
      new Fault('interrupted', 'interrupted', {
        hint: 'run the same command again: it goes on where it stopped',
      }),
    );
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work(lines.progress, stop.signal);
  } finally {
    lines.close();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
