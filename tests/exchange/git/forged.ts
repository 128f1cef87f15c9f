import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { GuestGit } from '../../../src/exchange/git/guest-git.ts';
import { type GitScene, outsideObjects } from './scene.ts';

/** Control characters and those that turn the direction of text. */
export const HIDDEN = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]/;

/** A tree as bytes: what no git would write. */
export function tree(...entries: [string, string, string][]): Buffer {
  return Buffer.concat(
    entries.flatMap(([mode, name, object]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(object, 'hex')]),
  );
}

export interface Forged {
  kind: 'commit' | 'tree' | 'blob' | 'tag';
  content: Buffer;
  name: string;
}

/** An object that no git has looked at. */
export function forged(kind: Forged['kind'], from: Buffer | string): Forged {
  const content = Buffer.from(from);
  const name = createHash('sha1').update(`${kind} ${content.length}\0`).update(content).digest('hex');
  return { kind, content, name };
}

export function packOf(objects: readonly Forged[]): AsyncIterable<Uint8Array> {
  return bytes(
    sealed(
      Buffer.concat([packHead(objects.length), ...objects.map(({ kind, content }) => packed(kind, content))]),
    ),
  );
}

export function packed(kind: Forged['kind'], content: Buffer): Buffer {
  const type = ['', 'commit', 'tree', 'blob', 'tag'].indexOf(kind);
  return Buffer.concat([objectHead(type, content.length), deflateSync(content)]);
}

export function objectHead(type: number, size: number): Buffer {
  const head = [];
  let byte = (type << 4) | (size & 15);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    head.push(byte | 0x80);
    byte = rest % 128;
  }
  return Buffer.from([...head, byte]);
}

export function commitOf(
  treeName: string,
  more = 'author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nevil\n',
  parent = '',
): string {
  return `tree ${treeName}\n${parent}${more}`;
}

/** The host's repository without objects, as it has to be again. */
export async function refusedWhole(
  scene: GitScene,
  fetch: () => Promise<unknown>,
  reason: RegExp,
): Promise<void> {
  const before = outsideObjects(scene.root);
  const objects = scene.host('count-objects', '-v');
  await assert.rejects(fetch, (error: Error) => {
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, HIDDEN);
    return true;
  });
  assert.deepEqual(outsideObjects(scene.root), before);
  assert.equal(scene.host('count-objects', '-v'), objects);
}

/** A guest that says and sends what a test wants. */
export function lying(
  scene: GitScene,
  more: { refs?: string; pack?: (real: () => AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> },
): GuestGit {
  const { guest } = scene;
  return {
    state: () => guest.state(),
    bring: (delivery) => guest.bring(delivery),
    refs: (of) => (more.refs === undefined ? guest.refs(of) : bytes(more.refs)),
    pack: (asked) => (more.pack === undefined ? guest.pack(asked) : more.pack(() => guest.pack(asked))),
  };
}

export async function* bytes(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

export async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}

export function sealed(content: Buffer): Buffer {
  return Buffer.concat([content, createHash('sha1').update(content).digest()]);
}

export function packHead(count: number, version = 2): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(version, 4);
  head.writeUInt32BE(count, 8);
  return head;
}
