import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Folder, machineNames } from '../bundle/folder.ts';
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
import { Turns } from './turns.ts';

interface SessionRepositoryContext {
  folder: Folder;
  machineName: string;
  session: string;
  /** the project folder, as `refuseUnsuitableRoot` returned it */
  root: string;
  project: GuestProject;
  /** what the command asked for; otherwise the settings decide */
  commits: GitCommits | undefined;
  progress: Progress;
}

/** One after the other for each repository: two sessions of one project begin at the same time. */
const turns = new Turns();

/**
 * The git of one session: the host's repository in before its program, what was committed in the guest back after it. Whatever goes wrong
 * with git becomes a note: the files are exchanged all the same.
 */
export class SessionRepository {
  readonly #context: SessionRepositoryContext;
  #brought: HostState | undefined;
  #commits: LandedRef[] = [];

  constructor(context: SessionRepositoryContext) {
    this.#context = context;
  }

  /** What came back, for the session's report. */
  get report(): { commits?: LandedRef[] } {
    return this.#commits.length === 0 ? {} : { commits: this.#commits };
  }

  /**
   * Gives the guest's copy the host's repository. Begins at once and writes in the guest when its files are there.
   * @param files resolves when the guest has the project's files
   * @throws Fault `interrupted`; what `files` rejects with
   */
  async arrive(connection: Connection, files: Promise<unknown>, signal: AbortSignal): Promise<void> {
    // Whoever gives up on git first must not leave this one unheard.
    files.catch(() => {});
    if ((await this.#mode()) === 'none') return;
    await this.#inTurn(async () => {
      const last = await readJson(this.#memory, Remembered).catch(() => undefined);
      const said = last?.notes ?? [];
      const common = { ...this.#common(connection), ready: files, index: last?.index, signal };
      try {
        const brought = await bringToGuest(common);
        if (brought === undefined) return;
        const { index } = brought.state;
        this.#brought = brought.state;
        for (const text of brought.notes) this.#note(text);
        if (index?.stamp !== last?.index?.stamp || said.length > 0)
          await this.#remember({ notes: [], index: index && { stamp: index.stamp, mark: index.mark } });
      } catch (error) {
        if (signal.aborted || (await failed(files))) throw error;
        const text = `git takes no part: ${reasonOf(error)}; files are exchanged all the same`;
        if (!said.includes(text)) this.#note(text);
        await this.#remember({ notes: [text] }).catch(() => {});
      }
    });
  }

  /**
   * Brings back what was committed in the guest, to `refs/pcoder/<session>/`. Never throws.
   * @param files resolves when the host has the guest's files
   */
  async bringBack(connection: Connection, files: Promise<unknown>): Promise<void> {
    files.catch(() => {});
    const brought = this.#brought;
    if (brought === undefined) return;
    try {
      const forward = (await this.#mode()) === 'fast-forward' ? brought : undefined;
      const { session } = this.#context;
      await this.#inTurn(async () => {
        const fetched = await fetchFromGuestGit({
          ...this.#common(connection),
          session,
          forward,
          ready: files,
        });
        for (const text of fetched.notes.slice(0, NAMED)) this.#note(text);
        this.#commits = fetched.commits.slice(0, LISTED);
        if (fetched.commits.length > LISTED)
          this.#note(`git: ${fetched.commits.length} refs came back, ${LISTED} are listed`);
      });
    } catch (error) {
      if (!(await failed(files)))
        this.#note(`the commits of this session stay in the guest: ${reasonOf(error)}`);
    }
  }

  async #mode(): Promise<GitCommits> {
    return this.#context.commits ?? (await readSettings(this.#context.folder)).gitCommits ?? 'keep';
  }

  #common(connection: Connection) {
    const { root, project, folder, machineName, progress } = this.#context;
    const guest = new ChannelGit(connection, project.path);
    return { root, guest, scratch: join(machineNames(folder, machineName).git, project.key), progress };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return turns.take(this.#context.root, work);
  }

  #note(text: string): void {
    this.#context.progress({ type: 'note', text });
  }

  get #memory(): string {
    const { folder, machineName, project } = this.#context;
    return join(machineNames(folder, machineName).exchange, `${project.key}.git.json`);
  }

  async #remember(remembered: Remembered): Promise<void> {
    await writeJson(this.#memory, remembered, { mode: 0o600 });
  }
}

/** What is remembered of a project between sessions. */
const Remembered = z.object({
  /** why git took no part the last time: said once */
  notes: z.array(z.string()),
  /** the host's index as it was then */
  index: z.optional(z.object({ stamp: z.string(), mark: z.string() })),
});
type Remembered = z.infer<typeof Remembered>;

/** Refs in a report: it has to fit into one message of the channel. */
const LISTED = 40;

/** Notes of one fetch. */
const NAMED = 20;

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
