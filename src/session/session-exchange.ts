import * as z from 'zod/mini';
import type { Progress } from '../bundle/progress.ts';
import type { Connection } from '../channel/connection.ts';
import { SYNC } from '../channel/messages/guest.ts';
import { call } from '../channel/methods.ts';
import { Account } from '../exchange/account.ts';
import type { PassOptions, Undoable } from '../exchange/options.ts';
import type { Passed } from '../exchange/project-exchange.ts';
import type { Waiting } from '../exchange/waiting.ts';
import { REVIEW } from './hold-rules.ts';
import type { Follower, ProjectLink, Projects } from './projects.ts';
import type { ExchangeMode } from './request.ts';
import { summarize } from './summary.ts';

interface SessionExchangeContext {
  projects: Projects;
  session: string;
  /** the project folder, as `refuseUnsuitableRoot` returned it */
  root: string;
  mode: Exclude<ExchangeMode, 'none'>;
  /** keeps what the exchange takes away on the host */
  undo: Undoable;
  progress: Progress;
}

/** What of a session's changes waits for a person. */
export interface LeftWaiting {
  /** all that waits for this project */
  all: readonly Waiting[];
  /** how many of them this session made */
  fresh: number;
}

/** The exchange of one session: the project in before its program, live meanwhile if so chosen, results back after it. */
export class SessionExchange {
  readonly #context: SessionExchangeContext;
  readonly #account = new Account();
  readonly #notes = new Set<string>();
  #before: readonly Waiting[] = [];
  #unfollow: () => Promise<void> = async () => {};
  #unrestrict = () => {};

  constructor(context: SessionExchangeContext) {
    this.#context = context;
  }

  /** Brings the project into the guest. */
  async arrive(connection: Connection, signal: AbortSignal): Promise<void> {
    const { projects, root, mode, progress } = this.#context;
    const link = projects.link(connection, root);
    this.#unrestrict = this.#restrict(link);
    const arrived = await link.pass({ ...this.#options(signal), first: true });
    this.#before = arrived.waiting;
    noteArrived(arrived, progress);
    if (mode !== 'review' && arrived.waiting.some(({ hold }) => hold.why === 'review'))
      progress({
        type: 'note',
        text: 'changes of an earlier session are still under review: until they are decided, nothing the guest changes comes to the host (pcoder changes)',
      });
  }

  /** Carries changes over from now on, if that was chosen; for a program that is soon over it is not worth to watch. */
  accompany(connection: Connection): void {
    const { projects, root, mode, session, undo } = this.#context;
    if (mode !== 'live') return;
    const follower: Follower = {
      session,
      undo,
      passed: (passed) => this.#account.add(passed),
      failed: (error) => this.#notes.add(`the live exchange was interrupted: ${textOf(error)}`),
      blind: (reason) =>
        this.#notes.add(`changes were looked for now and then, they could not be watched: ${reason}`),
    };
    const timer = setTimeout(() => {
      const following = projects.link(connection, root).follow(follower);
      this.#unfollow = async () => (await following)();
      following.catch(follower.failed);
    }, SOON_OVER);
    this.#unfollow = async () => clearTimeout(timer);
  }

  /**
   * Brings the results back; flushes the guest's disk meanwhile: should QEMU end now, the next exchange still finds
   * everything.
   */
  async bringBack(connection: Connection): Promise<void> {
    const flushed = call(connection, SYNC, {}, z.unknown(), { timeout: 120_000 }).catch(() => {});
    await this.close();
    const { projects, root } = this.#context;
    const link = projects.link(connection, root);
    const unrestrict = this.#restrict(link);
    try {
      this.#account.add(await link.pass(this.#options()));
    } finally {
      unrestrict();
    }
    await flushed;
    for (const text of this.#notes) this.#context.progress({ type: 'note', text });
  }

  /** Follows nothing any more, whatever happened. */
  async close(): Promise<void> {
    const unfollow = this.#unfollow;
    this.#unfollow = async () => {};
    await unfollow().catch(() => {});
    this.#unrestrict();
  }

  get report() {
    return this.#account.report();
  }

  get waiting(): LeftWaiting {
    const before = new Map(this.#before.map((item) => [item.path, JSON.stringify(item.guest)]));
    const all = this.#account.waiting;
    const isKnown = ({ path, guest }: Waiting) =>
      before.has(path) && before.get(path) === JSON.stringify(guest);
    return { all, fresh: all.filter((item) => !isKnown(item)).length };
  }

  #restrict(link: ProjectLink): () => void {
    return this.#context.mode === 'review' ? link.restrict(REVIEW) : () => {};
  }

  #options(signal?: AbortSignal): PassOptions {
    const { session, undo, progress } = this.#context;
    return { session, undo, progress, signal };
  }
}

/** What comes home before the program has even begun was left in the guest by a session that was cut off. */
function noteArrived({ report }: Passed, progress: Progress): void {
  const { changed, deleted, conflicts, omitted } = summarize(report);
  const all = [...changed, ...deleted, ...conflicts];
  const more = all.length - NAMED + omitted.changed + omitted.deleted + omitted.conflicts;
  if (all.length === 0) return;
  const text = `brought back what an earlier session had left in the guest: ${all.slice(0, NAMED).join(', ')}`;
  progress({ type: 'note', text: more > 0 ? `${text} and ${more} more` : text });
}

/** Milliseconds a program gets before its changes are watched: most commands are over by then. */
const SOON_OVER = 300;

/** Paths named one by one before the rest is only counted. */
const NAMED = 8;

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
