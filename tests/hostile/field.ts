import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Context } from '../../src/cli/context.ts';
import { showReport } from '../../src/cli/report-lines.ts';
import type { HostTraits } from '../../src/exchange/host-traits.ts';
import type { Report } from '../../src/exchange/report.ts';
import { EXIT, FAULTS } from '../../src/fault/codes.ts';
import { Fault } from '../../src/fault/fault.ts';
import { faultRecord, renderFault } from '../../src/fault/render.ts';
import { visible } from '../../src/fault/visible.ts';
import { summarize } from '../../src/session/summary.ts';
import { Captured } from '../cli/pretended-terminal.ts';
import { exchangeOnce } from '../exchange/exchange-once.ts';
import type { Expected, HostileCase } from './case.ts';
import { type Claim, file, folder, link } from './claims.ts';
import { LyingGuest } from './lying-guest.ts';
import { changes, snapshot } from './snapshot.ts';

/** Where a corpus is played: a disk, and what the exchange is told of it. */
export interface Ground {
  parent: string;
  traits: HostTraits;
  /** inode numbers and times stay what they are */
  exact: boolean;
}

/** A project on the host with canaries around and in it. */
export class Field implements Disposable {
  readonly home: string;
  readonly root: string;
  readonly #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.home = mkdtempSync(join(ground.parent, 'hostile-'));
    this.root = join(this.home, 'project');
    for (const path of CANARIES) write(this.home, path, `canary ${path}`);
    write(this.root, 'mine.txt', 'mine');
    write(this.root, 'src/code.ts', 'code');
    write(this.root, 'run.sh', 'run');
    chmodSync(join(this.root, 'run.sh'), 0o755);
    if (ground.traits.links) symlinkSync('src/code.ts', join(this.root, 'link'));
    mkdirSync(join(this.root, 'empty'));
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Plays a case and checks host, terminal and exit code. */
  async play(one: HostileCase, effect?: (what: string) => void): Promise<void> {
    const { traits } = this.#ground;
    one.host?.(this.root);
    const expected = one.expected(traits);
    const claims = [...this.#honest(), ...one.claims, FINE];
    const before = this.#snapshot();
    const outcome = await this.#exchange(claims, one, effect);
    const changed = changes(before, this.#snapshot());
    const shown = shownOnTerminal(outcome);
    assertSafe(shown.text);

    if (expected.fault !== undefined) {
      assert.ok(outcome instanceof Fault, `no fault, but ${JSON.stringify(outcome)}`);
      assert.equal(outcome.code, expected.fault, outcome.message);
      assert.equal(shown.code, FAULTS[expected.fault]);
      assert.deepEqual(changed, {}, 'the host is as it was');
      return;
    }
    if (outcome instanceof Error) throw outcome;
    assert.equal(shown.code, EXIT.ok);
    this.#assertRefused(outcome, expected);
    const isThere = (path: string) => before.get(`project/${path}`)?.startsWith('/ ') === true;
    this.#assertLanded(
      [...one.claims, FINE].filter(({ entry }) => entry.type !== 'folder' || !isThere(entry.path)),
      expected,
      changed,
    );
  }

  async #exchange(
    claims: readonly Claim[],
    { lies, limits }: HostileCase,
    effect: ((what: string) => void) | undefined,
  ): Promise<Report | Error> {
    return await exchangeOnce({
      root: this.root,
      base: join(this.home, 'base/base.json'),
      guest: new LyingGuest(claims, lies),
      session: 's1',
      skip: [join(this.root, 'product/State')],
      host: this.#ground.traits,
      limits,
      effect,
    }).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  }

  /** What the guest has just as the host. */
  #honest(): Claim[] {
    const { execBits, links } = this.#ground.traits;
    return [
      file('mine.txt', 'mine'),
      folder('src'),
      file('src/code.ts', 'code'),
      file('run.sh', 'run', execBits),
      ...(links ? [link('link', 'src/code.ts')] : []),
      folder('empty'),
      folder('product'),
    ];
  }

  #snapshot() {
    const isFile = (path: string) => !lstatSync(join(this.home, path)).isDirectory();
    const all = snapshot(
      this.home,
      (path) => this.#ground.exact && (!path.startsWith('project') || isFile(path)),
    );
    for (const path of [...all.keys()]) if (path === 'base' || path.startsWith('base/')) all.delete(path);
    return all;
  }

  #assertRefused(report: Report, { refused = {} }: Expected): void {
    const found = Object.fromEntries(report.refused.map(({ path, reason }) => [path, reason]));
    const wanted = Object.fromEntries(
      Object.entries(refused).map(([path, reason]) => [visible(path), reason]),
    );
    assert.deepEqual(found, wanted);
  }

  #assertLanded(claims: readonly Claim[], expected: Expected, changed: Record<string, string>): void {
    const out = [...Object.keys(expected.refused ?? {}), ...(expected.absent ?? [])];
    const isOut = (path: string) => out.some((top) => path === top || path.startsWith(`${top}/`));
    const wanted = new Map(
      claims.filter(({ entry }) => !isOut(entry.path)).map((one) => [one.entry.path, one]),
    );
    assert.deepEqual(
      Object.keys(changed).sort(),
      [...wanted.keys()].map((path) => `project/${path}`).sort(),
      'nothing else on the host is touched',
    );
    for (const { entry, content } of wanted.values()) {
      const onDisk = join(this.root, entry.path);
      const stats = lstatSync(onDisk);
      assert.equal(stats.mode & 0o7000, 0, 'no setuid, setgid or sticky bit');
      if (entry.type === 'link') assert.equal(readlinkSync(onDisk), entry.target);
      else if (entry.type === 'folder') assert.ok(stats.isDirectory());
      else {
        assert.equal(readFileSync(onDisk, 'utf8'), content);
        if (this.#ground.traits.execBits) assert.equal((stats.mode & 0o100) !== 0, entry.exec);
      }
    }
  }
}

const FINE = file('fine.txt', 'the rest goes on');

/** Around the project, and where nothing of the guest may come in it. */
const CANARIES = [
  'x',
  'passwd',
  'outside/secret',
  'outside/dir/x',
  'project-evil/x',
  '.gitconfig',
  'project/.git/config',
  'project/.git/hooks/sample',
  'project/node_modules/dep/index.js',
  'project/product/State/settings.json',
];

export function write(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** What a person would see of it, and the exit code a script. */
function shownOnTerminal(outcome: Report | Error): { text: string; code: number } {
  if (outcome instanceof Error) {
    const code = outcome instanceof Fault ? outcome.exitCode : EXIT.ourBug;
    return { text: renderFault(outcome) + JSON.stringify(faultRecord(outcome)), code };
  }
  const stderr = new Captured();
  const summary = summarize(outcome);
  showReport({ stderr } as unknown as Context, { type: 'report', ...summary });
  return { text: `${stderr.text}${JSON.stringify(outcome)}\n${JSON.stringify(summary)}`, code: EXIT.ok };
}

/** No character acts on a terminal or hides, and no line is one of the guest's own. */
export function assertSafe(text: string): void {
  const acting = /[^\P{C}\n]|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point}|\p{Bidi_Control}/u.exec(text);
  assert.equal(acting?.[0], undefined, `U+${acting?.[0]?.codePointAt(0)?.toString(16)} reaches the terminal`);
  assert.ok(text.length < 2 ** 16, `${text.length} characters reach the terminal`);
  for (const line of text.split('\n'))
    assert.match(line, /^(pcoder: |error: | {2}caused by: |hint: | {4}|\{|$)/);
}
