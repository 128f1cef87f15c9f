import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type BringOptions, type Brought, bringToGuest } from '../../../src/exchange/git/bring.ts';
import { type Fetched, type FetchOptions, fetchFromGuestGit } from '../../../src/exchange/git/fetch.ts';
import type { GuestGit } from '../../../src/exchange/git/guest-git.ts';
import { GuestRepository } from '../../../src/guest/git-repository.ts';

/** Neither the tester's configuration nor a hook of theirs decides a test. */
const PLAIN = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C.UTF-8' };
const PERSON = {
  GIT_AUTHOR_NAME: 'Tester',
  GIT_AUTHOR_EMAIL: 'tester@example.com',
  GIT_COMMITTER_NAME: 'Tester',
  GIT_COMMITTER_EMAIL: 'tester@example.com',
};

const templates = new Map<string, string>();
process.on('exit', () => {
  for (const folder of templates.values()) rmSync(folder, { recursive: true, force: true });
});

/** Made once and copied: each program of git takes longer than all else of a test. */
function template(empty: boolean, format: string): string {
  const key = `${empty} ${format}`;
  const made = templates.get(key);
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'git-template-'));
  templates.set(key, folder);
  git(folder, 'init', '-q', '-b', 'main', `--object-format=${format}`);
  if (!empty) {
    write(folder, 'a.txt', 'one\n');
    git(folder, 'add', 'a.txt');
    git(folder, 'commit', '-q', '-m', 'first');
  }
  return folder;
}

/** A repository on the host and the guest's copy of it, both plain folders of one temporary folder. */
export class GitScene implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'git-'));
  readonly root = join(this.home, 'host');
  readonly copy = join(this.home, 'copy');
  guest: GuestGit = new GuestRepository(this.copy, { home: join(this.home, 'daemon'), as: undefined });
  /** what was sent to the guest and what it answered, in bytes */
  sent = 0;

  /** With one commit of `a.txt` on `main`, unless asked otherwise. */
  constructor({ empty = false, format = 'sha1' }: { empty?: boolean; format?: 'sha1' | 'sha256' } = {}) {
    mkdirSync(this.copy);
    cpSync(template(empty, format), this.root, { recursive: true, preserveTimestamps: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  host(...args: string[]): string {
    return git(this.root, ...args);
  }

  inGuest(...args: string[]): string {
    return git(this.copy, ...args);
  }

  /** Writes files, stages all and commits. @returns the commit */
  commit(where: string, files: Record<string, string>, message: string): string {
    for (const [path, content] of Object.entries(files)) write(where, path, content);
    git(where, 'add', '-A');
    git(where, 'commit', '-q', '--allow-empty', '-m', message);
    return git(where, 'rev-parse', 'HEAD');
  }

  /** In the guest, as an agent does. */
  commitInGuest(files: Record<string, string>, message: string): string {
    return this.commit(this.copy, files, message);
  }

  /** The files of one side on the other, times kept, as after an exchange. */
  copyFiles(from: string, to: string): void {
    for (const name of readdirSync(to)) if (name !== '.git') rmSync(join(to, name), { recursive: true });
    for (const name of readdirSync(from))
      if (name !== '.git')
        cpSync(join(from, name), join(to, name), {
          recursive: true,
          preserveTimestamps: true,
          verbatimSymlinks: true,
          filter: (path) => basename(path) !== '.git',
        });
  }

  async bring(more: Partial<BringOptions> = {}): Promise<Brought | undefined> {
    this.copyFiles(this.root, this.copy);
    return await bringToGuest({ ...this.#options(), guest: this.reached(), ...more });
  }

  async fetch(session = 's1', more: Partial<FetchOptions> = {}): Promise<Fetched> {
    return await fetchFromGuestGit({ ...this.#options(), session, ...more });
  }

  #options() {
    return {
      root: this.root,
      guest: this.guest,
      scratch: join(this.home, 'scratch'),
      ready: Promise.resolve(),
    };
  }

  /** The guest as an object of functions, for a test to change some. */
  reached(): GuestGit {
    const { guest } = this;
    return {
      state: () => guest.state(),
      refs: (of) => guest.refs(of),
      pack: (asked) => guest.pack(asked),
      bring: (delivery) => guest.bring(this.#count(delivery)),
    };
  }

  async *#count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.sent = 0;
    for await (const piece of source) {
      this.sent += piece.length;
      yield piece;
    }
  }
}

export function git(cwd: string, ...args: string[]): string {
  return gitWith(cwd, {}, ...args);
}

export function gitWith(
  cwd: string,
  { input = '', env = {} }: { input?: string | Buffer; env?: Record<string, string> },
  ...args: string[]
): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...PLAIN, ...PERSON, ...env },
  }).trimEnd();
}

export function write(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** Every file below a `.git` folder but objects, with its content: to see that nothing else was written. */
export function outsideObjects(root: string, folder = '.git'): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = `${folder}/${name}`;
    if (path === '.git/objects') continue;
    if (statSync(join(root, path)).isDirectory()) Object.assign(found, outsideObjects(root, path));
    else found[path] = readFileSync(join(root, path), 'latin1');
  }
  return found;
}
