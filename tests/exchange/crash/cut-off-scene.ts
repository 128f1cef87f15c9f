import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionNames } from '../../../src/bundle/folder.ts';
import type { Report } from '../../../src/exchange/report.ts';
import { FolderTree, type GuestTree } from '../../../src/exchange/shared/guest-tree.ts';
import { SessionUndo } from '../../../src/exchange/undo/session-undo.ts';
import { type Undone, undoSession } from '../../../src/exchange/undo/undo-session.ts';
import { exchangeOnce } from '../exchange-once.ts';
import { contents, LINUX, write } from '../scene.ts';
import { asGuest } from './fs-calls.ts';
import { type Operation, prepare } from './operations.ts';

/** Memory where there is some: a test of a thousand crashes makes fifty thousand flushes. */
export const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Another disk, where there is one, on which what is kept has to be a copy. */
const OTHER_DISK = tmpdir();

/** A project on both sides with what is kept of its sessions, in folders that can be copied as they stand. */
export class CutOffScene implements Disposable {
  readonly home: string;
  readonly host: string;
  readonly guest: string;
  /** where the portable folder keeps its state */
  readonly state: string;
  #tree: GuestTree;

  /** @param isApart state is on another disk */
  constructor(isApart = false) {
    this.home = mkdtempSync(join(SCRATCH, 'cut-off-'));
    this.host = join(this.home, 'host');
    this.guest = join(this.home, 'guest');
    this.state = isApart ? mkdtempSync(join(OTHER_DISK, 'cut-off-')) : join(this.home, 'state');
    this.#tree = this.#freshTree('s0');
  }

  /** With all that the operations need, the same on both sides. */
  static async agreedOn(operations: readonly Operation[], isApart = false): Promise<CutOffScene> {
    const scene = new CutOffScene(isApart);
    for (const path of ['untouched', 'deep/untouched']) write(scene.host, path, 'old');
    for (const operation of operations) prepare(scene.host, operation);
    await scene.pass('s0');
    return scene;
  }

  [Symbol.dispose](): void {
    for (const folder of [this.home, this.state]) rmSync(folder, { recursive: true, force: true });
  }

  /** As it stands, with every time: what was scanned stays known. */
  copy(): CutOffScene {
    const isApart = !this.state.startsWith(this.home);
    const copy = new CutOffScene(isApart);
    const as = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true } as const;
    cpSync(this.home, copy.home, as);
    if (isApart) cpSync(this.state, copy.state, as);
    this.#renameProject(copy);
    return copy;
  }

  /** One exchange by a supervisor and an agent daemon that have just been started. */
  async pass(session: string): Promise<Report> {
    this.#tree = this.#freshTree(session);
    return await this.passAgain(session);
  }

  async passAgain(session: string): Promise<Report> {
    return await exchangeOnce({
      root: this.host,
      base: join(this.home, 'base.jsonl'),
      guest: this.#tree,
      session,
      host: LINUX,
      undo: new SessionUndo(this.#folder, session, this.host),
    });
  }

  async undo(session: string, as: string): Promise<Undone> {
    return await undoSession({ folder: this.#folder, root: this.host, session, as });
  }

  hasChanges(session: string): boolean {
    const { journal } = sessionNames(this.#folder, session);
    return existsSync(journal) && readFileSync(journal, 'utf8').includes('"op":"change"');
  }

  /** What the files kept by all sessions say. */
  kept(): Set<string> {
    const sessions = join(this.#folder.state, 'sessions');
    const found = new Set<string>();
    for (const session of existsSync(sessions) ? readdirSync(sessions) : []) {
      const { trash } = sessionNames(this.#folder, session);
      for (const name of existsSync(trash) ? readdirSync(trash) : []) {
        const kept = join(trash, name);
        if (statSync(kept, { throwIfNoEntry: false })?.isFile() === true)
          found.add(readFileSync(kept, 'utf8'));
      }
    }
    return found;
  }

  /** Journals name the project they are about. */
  #renameProject(copy: CutOffScene): void {
    const sessions = join(copy.state, 'sessions');
    for (const session of existsSync(sessions) ? readdirSync(sessions) : []) {
      const { journal } = sessionNames(copy.#folder, session);
      if (existsSync(journal))
        writeFileSync(journal, readFileSync(journal, 'utf8').replaceAll(this.host, copy.host));
    }
  }

  get #folder() {
    return { root: this.home, state: this.state };
  }

  #freshTree(session: string): GuestTree {
    const tree = new FolderTree(this.guest, { session, settle: async () => undefined });
    return {
      scan: () => inGuest(tree.scan()),
      get: (paths) => inGuest(tree.get(paths)),
      put: (items) => inGuest(tree.put(items)),
    };
  }
}

/** Without what an apply has gathered and not yet named. */
export function visibleIn(root: string): Record<string, string> {
  const isTemporary = (path: string) => path.startsWith('.pcoder-tmp-');
  return Object.fromEntries(Object.entries(contents(root)).filter(([path]) => !isTemporary(path)));
}

/** Each path is as it was or as it was to be. */
export function assertNotTorn(
  found: Record<string, string>,
  { before, after }: Record<'before' | 'after', Record<string, string>>,
  { absent, told }: { absent: (path: string) => boolean; told: string },
): void {
  for (const path of new Set([...Object.keys(found), ...Object.keys(before), ...Object.keys(after)])) {
    const isWhole = found[path] === before[path] || found[path] === after[path];
    assert.ok(
      isWhole || (found[path] === undefined && absent(path)),
      `${told}: ${path} is ${found[path]}, neither ${before[path]} nor ${after[path]}`,
    );
  }
}

async function* inGuest<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await asGuest(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await asGuest(() => iterator.return?.());
  }
}
