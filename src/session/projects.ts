import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, machineNames, OWN_FOLDERS } from '../bundle/folder.ts';
import type { Connection } from '../channel/connection.ts';
import { probeHostTraits } from '../exchange/host-traits.ts';
import { LiveExchange } from '../exchange/live.ts';
import type { PassOptions, Undoable } from '../exchange/options.ts';
import { type Passed, ProjectExchange } from '../exchange/project-exchange.ts';
import { SessionUndo } from '../exchange/undo/session-undo.ts';
import { type HoldRules, strictest } from '../exchange/waiting.ts';
import { watchesWholeTrees } from '../platform/host.ts';
import { writeWhole } from '../platform/whole-file.ts';
import { ChannelTree, watchGuest } from './channel-tree.ts';
import { guestProject } from './guest-project.ts';
import type { Turns } from './turns.ts';

interface ProjectsContext {
  folder: Folder;
  machineName: string;
  /** one pass at a time for each project */
  turns: Turns;
  /** what waits whatever a session asks for */
  rules: HoldRules;
}

/** Who follows a live exchange. */
export interface Follower {
  /** names conflict copies */
  session: string;
  /** keeps what is taken away on the host */
  undo: Undoable;
  passed(passed: Passed): void;
  /** said once for the same failure */
  failed(error: unknown): void;
  /** changes on one side cannot be noticed: they are looked for instead, which takes longer */
  blind(reason: string): void;
}

/** The projects of one machine, each joined to the guest's copy over the present connection. */
export class Projects {
  readonly #context: ProjectsContext;
  readonly #links = new WeakMap<Connection, Map<string, ProjectLink>>();

  constructor(context: ProjectsContext) {
    this.#context = context;
  }

  /** What a guest looked like is known only as long as its connection. */
  link(connection: Connection, root: string): ProjectLink {
    const links = this.#links.get(connection) ?? new Map<string, ProjectLink>();
    this.#links.set(connection, links);
    const known = links.get(root);
    if (known !== undefined) return known;
    const link = new ProjectLink(this.#context, connection, root);
    links.set(root, link);
    return link;
  }
}

/** A project and its copy in the guest, for all sessions that work on it. */
export class ProjectLink {
  readonly #context: ProjectsContext;
  readonly #connection: Connection;
  readonly #root: string;
  readonly #key: string;
  readonly #tree: ChannelTree;
  readonly #request: { root: string; session: string };
  readonly #followers = new Set<Follower>();
  readonly #rules = new Set<HoldRules>();
  #exchange: ProjectExchange | undefined;
  #live: LiveExchange | undefined;
  #unwatchGuest = () => {};
  #blind: string | undefined;

  constructor(context: ProjectsContext, connection: Connection, root: string) {
    this.#context = context;
    this.#connection = connection;
    this.#root = root;
    const project = guestProject(root);
    this.#key = project.key;
    this.#request = { root: project.path, session: project.key.slice(-8) };
    this.#tree = new ChannelTree(connection, this.#request);
  }

  /** the guest's copy */
  get tree(): ChannelTree {
    return this.#tree;
  }

  get root(): string {
    return this.#root;
  }

  /** Keeps what passes of this session take away on the host. */
  undoOf(session: string): Undoable {
    return new SessionUndo(this.#context.folder, session, this.#root);
  }

  /** file of what was shown of what waits */
  get shown(): string {
    return this.#file('shown.json');
  }

  /**
   * From now on these rules hold, besides those of other sessions on the project: the strictest one counts.
   * @returns what ends it
   */
  restrict(rules: HoldRules): () => void {
    this.#rules.add(rules);
    return () => void this.#rules.delete(rules);
  }

  /** @throws as `ProjectExchange.pass` does */
  async pass(options: Omit<PassOptions, 'hold'>): Promise<Passed> {
    return await this.#context.turns.take(this.#key, async () => {
      const hold = strictest([this.#context.rules, ...this.#rules]);
      const review = hold.review || (await this.#isUnderReview());
      // Before anything is held: a later session of another kind must not carry over what this one was told to keep.
      if (hold.review) await this.#putUnderReview();
      const passed = await (await this.#made()).pass({ ...options, hold: { ...hold, review } });
      const isOver = !hold.review && !passed.waiting.some((item) => item.hold.why === 'review');
      if (review && isOver) await rm(this.#file('review'), { force: true });
      return passed;
    });
  }

  /**
   * Carries changes over as they happen.
   * @returns what ends it for this follower
   */
  async follow(follower: Follower): Promise<() => Promise<void>> {
    const isFirst = this.#followers.size === 0;
    this.#followers.add(follower);
    try {
      if (isFirst) await this.#begin();
    } catch (error) {
      this.#followers.delete(follower);
      throw error;
    }
    return async () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) await this.#end();
    };
  }

  async #begin(): Promise<void> {
    // Watched before it begins: its first pass looks at everything, and what is not watched by then would be missed.
    const noticed = () => this.#live?.noticed();
    this.#blind = undefined;
    (await this.#made()).watch(noticed);
    this.#unwatchGuest = watchGuest(this.#connection, this.#request, {
      noticed,
      blind: (reason) => {
        this.#blind = reason;
      },
    });
    this.#live = new LiveExchange({
      pass: async (noticed) => {
        // The one that came first names what it finds. Who leaves meanwhile is still told: it is part of what came back to it.
        const followers = [...this.#followers];
        const [first] = followers;
        if (first === undefined) throw new Error('nobody follows this exchange');
        const passed = await this.pass({ session: first.session, undo: first.undo, noticed, linger: true });
        for (const { passed: tell } of followers) tell(passed);
        this.#tellBlind();
        return passed;
      },
      failed: (error) => {
        for (const { failed } of this.#followers) failed(error);
      },
      sees: () => this.#blind === undefined && this.#exchange?.blind === undefined,
    });
  }

  async #end(): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    this.#unwatchGuest();
    this.#exchange?.unwatch();
    await live?.close();
  }

  #tellBlind(): void {
    const reason = this.#blind ?? this.#exchange?.blind;
    if (reason !== undefined) for (const { blind } of this.#followers) blind(reason);
  }

  async #isUnderReview(): Promise<boolean> {
    return (await stat(this.#file('review')).catch(() => undefined)) !== undefined;
  }

  async #putUnderReview(): Promise<void> {
    if (!(await this.#isUnderReview())) await writeWhole(this.#file('review'), '', { mode: 0o600 });
  }

  #file(kind: string): string {
    const { folder, machineName } = this.#context;
    return join(machineNames(folder, machineName).exchange, `${this.#key}.${kind}`);
  }

  async #made(): Promise<ProjectExchange> {
    const { folder } = this.#context;
    this.#exchange ??= new ProjectExchange({
      root: this.#root,
      base: this.#file('jsonl'),
      guest: this.#tree,
      skip: [...OWN_FOLDERS.map((name) => join(folder.root, name)), folder.state],
      host: await probeHostTraits(this.#root),
      recursiveWatch: watchesWholeTrees(),
    });
    return this.#exchange;
  }
}
