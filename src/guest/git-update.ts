import { basename, join } from 'node:path';
import type { GitBrought, GitDelivery } from '../channel/messages/git.ts';
import { Fault } from '../fault/fault.ts';
import type { Staging } from './git-delivery.ts';
import { lists, shallowText } from './git-layout.ts';
import type { GuestGitProgram } from './git-program.ts';
import type { GitRecord } from './git-record.ts';
import { asideName, planRefs, type RefChange, updateLines } from './git-refs.ts';

interface Update {
  git: GuestGitProgram;
  /** the `.git` folder */
  folder: string;
  staging: Staging;
  delivery: GitDelivery;
  record: GitRecord;
  /** commits at which the history here ends */
  shallow: readonly string[];
}

/** Small files of the repository that are written anew, by their path in it; staged under `stagedName`. */
export function updatedFiles(delivery: GitDelivery, shallow: readonly string[]): Record<string, string> {
  const files: Record<string, string> = lists(delivery);
  if (delivery.shallow.length > 0) files['shallow'] = shallowText([...shallow, ...delivery.shallow]);
  return files;
}

export function stagedName(path: string): string {
  return path.replaceAll('/', '-');
}

/** Brings a repository that has been here before up to the host's state: objects, refs, HEAD, index, settings. What the guest did stays. */
export async function updateRepository(update: Update): Promise<GitBrought> {
  await placePack(update);
  await placeLists(update);
  const brought = await updateRefs(update);
  const isHostsHead = await updateHead(update);
  if (isHostsHead) await placeIndex(update);
  await updateSettings(update);
  return brought;
}

async function placePack({ git, folder, staging, delivery }: Update): Promise<void> {
  const { pack, files } = delivery;
  if (pack === undefined) return;
  // Git looks for an index first: the pack has to be there before it.
  const names = ['pack', 'idx'].filter((name) => files.some((file) => file.name === name));
  const sources = names.map((name) => join(staging.folder, `pack-${pack}.${name}`));
  const moved = await git.run('/bin/mv', ['-n', '-t', join(folder, 'objects/pack'), '--', ...sources]);
  // The same pack may be there already, and then both files are.
  const there = await git.run('/usr/bin/test', ['-f', join(folder, `objects/pack/pack-${pack}.idx`)]);
  if (there.code !== 0) throw new Fault('exchange-refused', `git objects could not be placed: ${moved.said}`);
}

async function placeLists({ git, folder, staging, delivery, shallow }: Update): Promise<void> {
  const paths = Object.keys(updatedFiles(delivery, shallow));
  if (paths.length > 0) await git.run('/bin/mkdir', ['-p', '--', join(folder, 'info')]);
  for (const path of paths) await place(git, join(staging.folder, stagedName(path)), join(folder, path));
}

async function place(git: GuestGitProgram, from: string, to: string): Promise<void> {
  const moved = await git.run('/bin/mv', ['-f', '-T', '--', from, to]);
  if (moved.code !== 0)
    throw new Fault('exchange-refused', `${basename(to)} could not be placed: ${moved.said}`);
}

async function updateRefs({ git, delivery, record }: Update): Promise<GitBrought> {
  const out = await git.ask(['for-each-ref', '--format=%(objectname) %(refname)']);
  const guest = new Map<string, string>();
  for (const line of out.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) guest.set(line.slice(space + 1), line.slice(0, space));
  }
  const plan = planRefs({ base: new Map(Object.entries(record.refs)), host: new Map(delivery.refs), guest });
  const changes = [...plan.changes];
  const aside: string[] = [];
  for (const { name, host, guest: ours } of plan.contested) {
    if (await isAncestor(git, host, ours)) continue;
    changes.push({ name, to: host, from: ours });
    if (await isAncestor(git, ours, host)) continue;
    const kept = asideName(name, ours);
    if (guest.get(kept) !== ours) changes.push({ name: kept, to: ours, from: guest.get(kept) });
    aside.push(kept);
  }
  // Removals first: a branch may have become the folder of another.
  const missed = [
    ...(await change(
      git,
      changes.filter(({ to }) => to === undefined),
    )),
    ...(await change(
      git,
      changes.filter(({ to }) => to !== undefined),
    )),
  ];
  return { aside: aside.slice(0, 100), missed: missed.slice(0, 100) };
}

async function isAncestor(git: GuestGitProgram, older: string, newer: string): Promise<boolean> {
  return (await git.call(['merge-base', '--is-ancestor', older, newer])).code === 0;
}

/** All at once, or one by one where that cannot be. @returns those that could not be changed */
async function change(git: GuestGitProgram, changes: readonly RefChange[]): Promise<string[]> {
  if (changes.length === 0) return [];
  const update = async (some: readonly RefChange[]) =>
    (await git.call(['update-ref', '--no-deref', '--stdin'], { input: updateLines(some) })).code === 0;
  if (await update(changes)) return [];
  const missed: string[] = [];
  for (const each of changes.slice(0, 500)) if (!(await update([each]))) missed.push(each.name);
  return [...missed, ...changes.slice(500).map(({ name }) => name)];
}

/** HEAD follows the host's where only the host's moved, or both did. @returns whether it is now the host's */
async function updateHead({ git, delivery: { head }, record }: Update): Promise<boolean> {
  const moved =
    head.ref !== record.head.ref || (head.ref === undefined && head.commit !== record.head.commit);
  if (moved) {
    await git.ask(
      head.ref === undefined
        ? ['update-ref', '--no-deref', 'HEAD', head.commit ?? '']
        : ['symbolic-ref', 'HEAD', head.ref],
    );
  }
  const [symbolic, commit] = await Promise.all([
    git.call(['symbolic-ref', '-q', 'HEAD']),
    git.call(['rev-parse', '-q', '--verify', 'HEAD']),
  ]);
  return (
    (symbolic.code === 0 ? symbolic.out.toString().trim() : undefined) === head.ref &&
    (commit.code === 0 ? commit.out.toString().trim() : undefined) === head.commit
  );
}

/** What the guest has staged stays, unless the host has staged or committed something. */
async function placeIndex({ git, folder, staging, delivery, record }: Update): Promise<void> {
  const isNew =
    delivery.indexMark !== record.indexMark ||
    delivery.head.ref !== record.head.ref ||
    delivery.head.commit !== record.head.commit;
  if (!isNew || !delivery.files.some(({ name }) => name === 'index')) return;
  await place(git, join(staging.folder, 'index'), join(folder, 'index'));
}

async function updateSettings({ git, delivery: { settings }, record }: Update): Promise<void> {
  for (const [name, value] of Object.entries(settings))
    if (record.settings[name as keyof typeof settings] !== value) await git.ask(['config', name, value]);
}
