import { spawn } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { Fault, systemCode } from '../../fault/fault.ts';
import type { Entry, Limits } from './entry.ts';
import { type Fill, readFill } from './fill-stream.ts';
import { Folders } from './folders.ts';
import { Pace } from './pace.ts';
import { nameOf, parentOf } from './path.ts';
import type { Refusal } from './reason.ts';
import type { Owner } from './stage.ts';
import { type SeenTree, stampOf, typeOf } from './stamp.ts';

interface FillOptions {
  limits: Limits;
  owner?: Owner | undefined;
  settle?: ((folder: string) => Promise<void>) | undefined;
}

/**
 * Makes the copy of a project where there is none: unpacked beside its place and named when all of it is on the disk, so
 * a copy is there as a whole or not at all.
 * @returns what is there now, and what could not be had
 * @throws Fault `exchange-refused` when there is a copy already; `disk-full`, `folder-unwritable`, `protocol-violation`
 */
export async function fill(
  root: string,
  source: AsyncIterable<Uint8Array>,
  options: FillOptions,
): Promise<{ seen: SeenTree; refused: Refusal[] }> {
  const aside = `${root}.pcoder-tmp`;
  refuseIfThere(root);
  try {
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
    const { owner, settle } = options;
    if (owner !== undefined) chownSync(aside, owner.uid, owner.gid);
    const given = await readFill(source, options.limits);
    await unpack(aside, given, owner);
    const wrong = new Set(await given.wrong());
    for (const path of wrong) removeWrong(aside, path);
    const entries = given.entries.filter(({ path }) => !wrong.has(path));
    const { seen, refused } = await lookAt(aside, entries);
    await settle?.(aside);
    refuseIfThere(root);
    renameSync(aside, root);
    await settle?.(dirname(root));
    return { seen, refused };
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function refuseIfThere(root: string): void {
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return;
  throw new Fault('exchange-refused', "the guest's copy of the project appeared while it was made", {
    hint: 'run the same command again',
  });
}

/** As the guest user: what is made is that user's without a call for each. */
async function unpack(folder: string, given: Fill, owner: Owner | undefined): Promise<void> {
  const child = spawn('tar', ['-x', '-b', '256', '--no-same-owner', '--no-same-permissions', '-C', folder], {
    stdio: ['pipe', 'ignore', 'pipe'],
    ...owner,
  });
  const said = text(child.stderr);
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'killed'));
  });
  let broken = false;
  child.stdin.on('error', () => {
    broken = true;
  });
  try {
    await given.archive(async (piece) => {
      // Waited for: the piece is only good until then. Once tar is gone the rest is passed over; its last words tell.
      if (!broken) await new Promise<void>((resolve) => child.stdin.write(piece, () => resolve()));
    });
    child.stdin.end();
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
  const code = await ended;
  if (code === 0) return;
  const words = (await said).trim().split('\n').slice(0, 3).join('; ');
  const cause = new Error(`tar ended with ${code}: ${words}`);
  if (words.includes('No space left'))
    throw new Fault('disk-full', 'no space left for project files in the guest', {
      cause,
      hint: 'free some space there and run the same command again; nothing was lost',
    });
  throw new Fault('folder-unwritable', 'the project could not be unpacked in the guest', { cause });
}

function removeWrong(folder: string, path: string): void {
  try {
    unlinkSync(`${folder}/${path}`);
  } catch (error) {
    // It could not be read at all, so it was not sent.
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Nobody else works in there yet: whatever is there is what was unpacked. */
async function lookAt(
  root: string,
  entries: readonly Entry[],
): Promise<{ seen: SeenTree; refused: Refusal[] }> {
  const seen: SeenTree = new Map();
  const refused: Refusal[] = [];
  const folders = new Folders(root);
  const pace = new Pace();
  try {
    for (const entry of entries) {
      const stats = lstatSync(`${folders.enter(parentOf(entry.path))}/${nameOf(entry.path)}`, {
        throwIfNoEntry: false,
      });
      const same =
        stats !== undefined &&
        typeOf(stats) === entry.type &&
        (entry.type !== 'file' || stats.size === entry.size);
      if (same) seen.set(entry.path, { entry, stamp: stampOf(stats, Date.now()) });
      else refused.push({ path: entry.path, reason: 'unwritable' });
      if (pace.due()) await pace.rest();
    }
    return { seen, refused };
  } finally {
    folders.close();
  }
}
