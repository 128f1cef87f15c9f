import { existsSync, lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GitBrought, GitDelivery, GitState } from '../channel/messages/git.ts';
import { ByteReader } from '../exchange/shared/byte-reader.ts';
import { Fault } from '../fault/fault.ts';
import { measured, readDeliveryHead, Staging } from './git-delivery.ts';
import { REPOSITORY_FOLDERS, repositoryFiles } from './git-layout.ts';
import { GuestGitProgram, type RunAs } from './git-program.ts';
import { readRecord, writeRecord } from './git-record.ts';
import { stagedName, updatedFiles, updateRepository } from './git-update.ts';

export interface GuestRepositoryOptions {
  /** folder of the daemon's own, on the file system of the project */
  home: string;
  as: RunAs;
}

/** The repository in the guest's copy of one project. */
export class GuestRepository {
  readonly #folder: string;
  readonly #name: string;
  readonly #home: string;
  readonly #as: RunAs;
  readonly #git: GuestGitProgram;

  constructor(root: string, { home, as }: GuestRepositoryOptions) {
    this.#folder = join(root, '.git');
    this.#name = basename(root);
    this.#home = home;
    this.#as = as;
    this.#git = new GuestGitProgram(this.#folder, as);
  }

  async state(): Promise<GitState> {
    const git = GuestGitProgram.isThere;
    const folder = this.#inode();
    if (folder === undefined) return { git, repository: 'none' };
    const record = this.#record();
    return record === undefined
      ? { git, repository: 'foreign' }
      : { git, repository: 'ours', brought: record.brought };
  }

  /** Lines `object name`, `@ name` for the branch that is checked out, `object shallow`. */
  async *refs(of: 'all' | 'changed'): AsyncGenerator<Uint8Array> {
    const record = this.#record();
    if (record === undefined) return;
    const kinds = of === 'all' ? [] : ['refs/heads', 'refs/tags', 'refs/aside'];
    const [list, shallow] = await Promise.all([
      this.#git.ask(['for-each-ref', '--format=%(HEAD)%(objectname) %(refname)', ...kinds]),
      of === 'all' ? this.#shallow() : [],
    ]);
    const lines: string[] = [];
    let isOnBranch = false;
    for (const line of list.split('\n')) {
      const [, mark, object, name = ''] = /^([* ])([0-9a-f]+) (.+)$/.exec(line) ?? [];
      if (mark === '*') lines.push(`@ ${name}`);
      isOnBranch ||= mark === '*';
      if (object !== undefined && (of === 'all' || record.refs[name] !== object))
        lines.push(`${object} ${name}`);
    }
    for (const commit of shallow) lines.push(`${commit} shallow`);
    // Each program costs an emulated guest some 30 ms, so these only where the list did not say it.
    if (!isOnBranch) {
      const head = await this.#git.call(['rev-parse', '-q', '--verify', 'HEAD']);
      const commit = head.out.toString().trim();
      if (head.code === 0 && (of === 'all' || commit !== record.head.commit)) lines.push(`${commit} HEAD`);
    }
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
  }

  /** Takes a delivery over. @throws Fault */
  async bring(source: AsyncIterable<Uint8Array>): Promise<GitBrought> {
    const reader = new ByteReader(source);
    using staging = new Staging(join(this.#home, 'incoming', this.#name), this.#as);
    const delivery = await readDeliveryHead(reader);
    const record = this.#record();
    if (this.#inode() !== undefined && record === undefined)
      throw new Fault('exchange-refused', 'the guest made a repository of its own meanwhile');
    const isNew = record === undefined;
    if (isNew) await layOut(staging, delivery);
    for (const { name, size } of delivery.files)
      await staging.write(
        stagedPath(delivery, name, isNew),
        measured(reader, size),
        name === 'index' ? delivery.indexTime : undefined,
      );
    await reader.end();
    const shallow = isNew ? [] : await this.#shallow();
    if (!isNew)
      for (const [path, text] of Object.entries(updatedFiles(delivery, shallow)))
        await staging.write(stagedName(path), text);
    staging.handOver();
    const { brought: name, head, settings, indexMark } = delivery;
    const noted = (folder: number) =>
      writeRecord(this.#home, this.#name, {
        ...{ folder, brought: name, head, settings, indexMark },
        refs: Object.fromEntries(delivery.refs),
      });
    if (isNew) {
      // Noted first: cut off in between, the repository must not look like one the guest has made.
      noted(lstatSync(join(staging.folder, 'repository')).ino);
      return await this.#place(staging);
    }
    const { folder } = record;
    const brought = await updateRepository({
      ...{ git: this.#git, folder: this.#folder, staging, delivery, record, shallow },
    });
    noted(folder);
    return brought;
  }

  /** Lines `object` wanted and `^object` there already → a pack of what is between. */
  async *pack(asked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const lines = (await gather(asked)).split('\n').filter((line) => line !== '');
    if (lines.some((line) => !/^\^?[0-9a-f]{40,64}$/.test(line)))
      throw new Fault('protocol-violation', 'a request for git objects does not fit');
    const wants = lines.filter((line) => !line.startsWith('^'));
    const haves = await this.#present(
      lines.filter((line) => line.startsWith('^')).map((line) => line.slice(1)),
    );
    const input = [...wants, ...haves.map((object) => `^${object}`)].map((line) => `${line}\n`).join('');
    yield* this.#git.flow(['pack-objects', '--stdout', '-q', '--revs', '--delta-base-offset'], input);
  }

  /** Commits at which the history here ends. */
  async #shallow(): Promise<string[]> {
    const { code, out } = await this.#git.run('/bin/cat', [join(this.#folder, 'shallow')]);
    return code === 0
      ? out
          .toString()
          .split('\n')
          .filter((line) => /^[0-9a-f]{40,64}$/.test(line))
      : [];
  }

  async #place(staging: Staging): Promise<GitBrought> {
    const moved = await this.#git.run('/bin/mv', [
      '-n',
      '-T',
      '--',
      join(staging.folder, 'repository'),
      this.#folder,
    ]);
    // An older mv says nothing when it finds the place taken.
    if (moved.code !== 0 || existsSync(join(staging.folder, 'repository')))
      throw new Fault(
        'exchange-refused',
        `the repository could not be put into the guest's copy: ${moved.said}`,
      );
    return { aside: [], missed: [] };
  }

  async #present(objects: readonly string[]): Promise<string[]> {
    const out = await this.#git.ask(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
      input: objects.map((object) => `${object}\n`).join(''),
    });
    return out
      .split('\n')
      .filter((line) => / (commit|tag)$/.test(line))
      .map((line) => line.slice(0, line.indexOf(' ')));
  }

  /** Of the repository's folder; nothing is followed. */
  #inode(): number | undefined {
    const stats = lstatSync(this.#folder, { throwIfNoEntry: false });
    return stats?.ino;
  }

  #record() {
    const record = readRecord(this.#home, this.#name);
    return record !== undefined && record.folder === this.#inode() ? record : undefined;
  }
}

/** A whole repository but for its objects and its index, which follow. */
async function layOut(staging: Staging, delivery: GitDelivery): Promise<void> {
  staging.makeFolder('repository');
  for (const folder of REPOSITORY_FOLDERS) staging.makeFolder(`repository/${folder}`);
  for (const [path, text] of Object.entries(repositoryFiles(delivery)))
    await staging.write(`repository/${path}`, text);
}

function stagedPath(
  { pack = '' }: GitDelivery,
  name: GitDelivery['files'][number]['name'],
  isNew: boolean,
): string {
  const file = name === 'index' ? 'index' : `pack-${pack}.${name}`;
  if (!isNew) return file;
  return name === 'index' ? 'repository/index' : `repository/objects/pack/${file}`;
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > 4 * 2 ** 20) throw new Fault('protocol-violation', 'a request for git objects is too long');
    pieces.push(Uint8Array.from(piece));
  }
  return Buffer.concat(pieces).toString();
}
