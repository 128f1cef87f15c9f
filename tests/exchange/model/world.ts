import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTraits } from '../../../src/exchange/host-traits.ts';
import type { Report } from '../../../src/exchange/report.ts';
import { FolderTree } from '../../../src/exchange/shared/guest-tree.ts';
import { isWithin } from '../../../src/exchange/shared/path.ts';
import { SessionUndo } from '../../../src/exchange/undo/session-undo.ts';
import { visible } from '../../../src/fault/visible.ts';
import { memoryFolder } from '../../hostile/memory-folder.ts';
import { exchangeOnce } from '../exchange-once.ts';
import { carryOutEdit, contentsOf, isIgnored } from './edits.ts';
import type { Edit, Side, Step } from './steps.ts';

export interface ModelHost {
  traits: HostTraits;
  /** what is replaced or removed is kept, as in a session */
  keeps: boolean;
}

class CutOff extends Error {}

/**
 * The two trees on disk beside the simplest idea of what an exchange owes: each content that was written and that nobody
 * has replaced or removed where he saw it is still on one of the sides, and once it is quiet both are the same.
 */
export class World implements Disposable {
  readonly #home = mkdtempSync(join(memoryFolder(), 'model-'));
  readonly #traits: HostTraits;
  /** keeps what is taken from the host, as sessions do */
  readonly #undo: SessionUndo | undefined;
  /** written by someone, and not yet given up by anyone */
  readonly #owed = new Set<string>();
  /** of these, what was on the host once: there it stays */
  readonly #kept = new Set<string>();
  #guest: FolderTree | undefined;
  #written = 0;
  /** the changes of a running pass, of both sides */
  #effect: (what: string) => void = () => {};

  constructor({ traits, keeps }: ModelHost) {
    this.#traits = traits;
    mkdirSync(this.#root('host'));
    const folder = { root: join(this.#home, 'folder'), state: join(this.#home, 'state') };
    if (keeps) this.#undo = new SessionUndo(folder, 's1', this.#root('host'));
    // With this on both sides no side is ever found emptied, which would end the exchange.
    writeFileSync(join(this.#root('host'), 'keep'), 'keep');
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'pass':
        await this.#pass();
        break;
      case 'cut':
        await this.#passWith(step.at, () => {
          throw new CutOff();
        });
        break;
      case 'amid':
        await this.#passWith(step.at, (what) => {
          const aim = step.aimed ? AT_PATH.exec(what)?.[1] : undefined;
          const edit = aim === undefined ? step.edit : { ...step.edit, path: aim };
          if (!isTooLate(what, edit, this.#undo !== undefined)) this.#edit(edit);
        });
        break;
      case 'settle':
        await this.settle();
        break;
      case 'lose the base':
        rmSync(join(this.#home, 'base'), { force: true });
        break;
      case 'restart':
        this.#guest = undefined;
        break;
      case 'same': {
        const content = this.#fresh();
        for (const side of ['host', 'guest'] as const)
          this.#edit({ do: 'write', side, path: step.path }, content);
        break;
      }
      default:
        this.#edit(step);
    }
    this.#assertNothingLost(step);
  }

  /** In peace, a few passes make both sides the same, and the next has nothing to do. */
  async settle(): Promise<void> {
    let report = await this.#pass();
    for (let n = 0; n < 5 && !isEmpty(report); n += 1) report = await this.#pass();
    assert.ok(isEmpty(report), `no end to it: ${JSON.stringify(report)}`);
    // Where the copy of a conflict cannot be made (a link in a circle), both sides keep what they have.
    const out = report.refused.flatMap(({ path }) => [path, path.replace(/\.pcoder-conflict-s1-.*/, '')]);
    const [host, guest] = (['host', 'guest'] as const).map((side) => this.#tree(side, out));
    assert.deepEqual(guest, host, `the sides differ; refused: ${JSON.stringify(report.refused)}`);
  }

  /** What takes part, path by path. */
  #tree(side: Side, out: readonly string[]): Record<string, string> {
    const { links, execBits } = this.#traits;
    const found = contentsOf(this.#root(side)).filter(
      ({ path, type }) =>
        !isIgnored(path) &&
        !(type === 'link' && !links) &&
        !out.some((top) => isWithin(visible(path), top) || isWithin(top, visible(path))),
    );
    return Object.fromEntries(
      found.map(({ path, type, content, exec }) => [
        path,
        `${type} ${content}${execBits && exec ? ' x' : ''}`,
      ]),
    );
  }

  async #pass(): Promise<Report> {
    this.#guest ??= new FolderTree(this.#root('guest'), {
      session: 's1',
      effect: (what) => this.#effect(what),
    });
    return await exchangeOnce({
      root: this.#root('host'),
      base: join(this.#home, 'base'),
      guest: this.#guest,
      session: 's1',
      host: this.#traits,
      undo: this.#undo,
      effect: (what) => this.#effect(what),
    });
  }

  /** A pass in which something happens right before the change of that number. */
  async #passWith(at: number, happen: (what: string) => void): Promise<void> {
    let count = 0;
    this.#effect = (what) => {
      count += 1;
      if (count === at + 1) happen(what);
    };
    try {
      await this.#pass();
    } catch (error) {
      if (!(error instanceof CutOff)) throw error;
      // Whatever was cut off, the next pass is one of a new process as often as not.
      if (at % 2 === 0) this.#guest = undefined;
    } finally {
      this.#effect = () => {};
    }
  }

  #edit(edit: Edit, content = this.#fresh()): void {
    const given = carryOutEdit(this.#root(edit.side), edit, content);
    if (given.written) this.#owed.add(content);
    for (const gone of given.gone) {
      this.#owed.delete(gone);
      this.#kept.delete(gone);
    }
  }

  /** As long as all others, so that a file may change without its size. */
  #fresh(): string {
    this.#written += 1;
    return `content ${String(this.#written).padStart(6, '0')}`;
  }

  #assertNothingLost(step: Step): void {
    const [host, guest] = (['host', 'guest'] as const).map(
      (side) => new Set(contentsOf(this.#root(side)).map(({ content }) => content)),
    );
    const trash = new Set(
      this.#undo === undefined ? [] : contentsOf(join(this.#home, 'state')).map(({ content }) => content),
    );
    const lost = [...this.#owed].filter((one) => !host?.has(one) && !guest?.has(one) && !trash.has(one));
    assert.deepEqual(lost, [], `lost after ${JSON.stringify(step)}`);
    // Elsewhere the guest may give a file a name that the host cannot hold.
    if (this.#traits.caseInsensitive || this.#undo !== undefined) return;
    const gone = [...this.#kept].filter((content) => !host?.has(content));
    assert.deepEqual(gone, [], `gone from the host after ${JSON.stringify(step)}`);
    for (const content of this.#owed) if (host?.has(content)) this.#kept.add(content);
  }

  #root(side: Side): string {
    return join(this.#home, side);
  }
}

const AT_PATH = /^(?:write|make|name) (.*)$/s;

/**
 * Between the last look at a file and the rename over it there is a moment nobody can watch, a few microseconds long. A
 * file that is removed where things are kept is moved away first, and looked at again.
 */
function isTooLate(what: string, edit: Edit, keeps: boolean): boolean {
  if (keeps && edit.side === 'host' && what.startsWith('remove ')) return false;
  const [, path] = /^(?:replace|remove) (.*)$/s.exec(what) ?? [];
  if (path === undefined) return false;
  const touched = edit.do === 'rename' ? [edit.path, edit.to] : [edit.path];
  return touched.some((one) => isWithin(one, path) || isWithin(path, one));
}

function isEmpty({ toGuest, toHost, deleted, conflicts }: Report): boolean {
  return [toGuest, toHost, deleted.onHost, deleted.onGuest, conflicts].every((list) => list.length === 0);
}
