import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Folder, machineNames, sessionNames } from '../bundle/folder.ts';
import type { Progress } from '../bundle/progress.ts';
import { readSettings } from '../bundle/settings.ts';
import type { Connection } from '../channel/connection.ts';
import { bringToGuest } from '../exchange/git/bring.ts';
import { fetchFromGuestGit } from '../exchange/git/fetch.ts';
import type { HostState } from '../exchange/git/host-state.ts';
import type { LandedRef } from '../exchange/git/land.ts';
import { Fault } from '../fault/fault.ts';
import { visible } from '../fault/visible.ts';
import { readJson, writeJson } from '../platform/json-file.ts';
import { ChannelGit } from './channel-git.ts';
import type { GuestProject } from './guest-project.ts';
import type { GitCommits } from './request.ts';
import type { Turns } from './turns.ts';

/** Where a session's git goes on. */
export interface RepositoryPlace {
  folder: Folder;
  machineName: string;
  connection: Connection;
  root: string;
  project: GuestProject;
  session: string;
  /** what the command asked for; the settings decide otherwise */
  gitCommits: GitCommits | undefined;
  turns: Turns;
  progress: Progress;
}

/** What the guest got. */
export interface BroughtRepository {
  state: HostState;
}

/**
 * Before the program: gives the guest's copy the host's repository. Begins at once and writes in the guest when its files are there.
 * Undefined when the project has none or it cannot take part, which is said as a note and ends nothing.
 * @throws Fault `interrupted`
 */
export async function bringRepository(
  place: RepositoryPlace,
  files: Promise<unknown>,
  signal: AbortSignal,
): Promise<BroughtRepository | undefined> {
  // Whoever gives up on git first must not leave this one unheard.
  files.catch(() => {});
  if ((await commitsMode(place)) === 'none') return undefined;
  const path = join(machineNames(place.folder, place.machineName).exchange, `${place.project.key}.git.json`);
  return await inTurn(place, async () => {
    const last = await readJson(path, Remembered).catch(() => undefined);
    const said = new Set(last?.notes);
    const tell = (notes: readonly string[]) => {
      for (const text of notes) if (!said.has(text)) place.progress({ type: 'note', text });
    };
    try {
      const brought = await bringToGuest({ ...base(place), ready: files, index: last?.index, signal });
      if (brought === undefined) return undefined;
      const { state, notes } = brought;
      tell(notes);
      const index = state.index && { stamp: state.index.stamp, mark: state.index.mark };
      if (index?.stamp !== last?.index?.stamp || said.size > 0)
        await writeJson(path, { notes: [], index } satisfies Remembered);
      return { state };
    } catch (error) {
      if (signal.aborted || (await failed(files))) throw error;
      const note = `git takes no part: ${reasonOf(error)}; files are exchanged all the same`;
      tell([note]);
      await writeJson(path, { notes: [note] } satisfies Remembered).catch(() => {});
      return undefined;
    }
  });
}

/**
 * After the program: brings back what was committed in the guest, to `refs/pcoder/<session>/`. Never throws: whatever happens to it, the
 * files come back.
 * @param files resolves when the host has the guest's files
 */
export async function fetchCommits(
  place: RepositoryPlace,
  brought: BroughtRepository | undefined,
  files: Promise<unknown>,
): Promise<LandedRef[]> {
  files.catch(() => {});
  if (brought === undefined) return [];
  try {
    const mode = await commitsMode(place);
    return await inTurn(place, async () => {
      const { commits, notes } = await fetchFromGuestGit({
        ...base(place),
        session: place.session,
        forward: mode === 'fast-forward' ? brought.state : undefined,
        ready: files,
      });
      for (const text of notes.slice(0, 20)) place.progress({ type: 'note', text });
      if (commits.length > LISTED)
        place.progress({ type: 'note', text: `git: ${commits.length} refs came back, ${LISTED} are listed` });
      return commits.slice(0, LISTED);
    });
  } catch (error) {
    if (!(await failed(files)))
      place.progress({
        type: 'note',
        text: `the commits of this session stay in the guest: ${reasonOf(error)}`,
      });
    return [];
  }
}

/** Refs in a report: it has to fit into one message of the channel. */
const LISTED = 40;

/** What is remembered of a project between sessions. */
const Remembered = z.object({
  /** why git took no part the last time: said once */
  notes: z.array(z.string()),
  /** the host's index as it was then */
  index: z.optional(z.object({ stamp: z.string(), mark: z.string() })),
});
type Remembered = z.infer<typeof Remembered>;

async function commitsMode({ folder, gitCommits }: RepositoryPlace): Promise<GitCommits> {
  return gitCommits ?? (await readSettings(folder)).gitCommits ?? 'keep';
}

function inTurn<T>({ turns, project }: RepositoryPlace, work: () => Promise<T>): Promise<T> {
  return turns.take(`${project.key} git`, work);
}

function base({ folder, connection, root, project, session, progress }: RepositoryPlace) {
  return {
    root,
    guest: new ChannelGit(connection, project.path),
    scratch: join(sessionNames(folder, session).home, 'git'),
    progress,
  };
}

function failed(files: Promise<unknown>): Promise<boolean> {
  return files.then(
    () => false,
    () => true,
  );
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Fault && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return visible(text + cause, 500);
}
