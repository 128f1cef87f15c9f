import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type CpioEntry, cpioArchive } from '../../src/bundle/cpio.ts';

test('what is written can be read back, entry by entry', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9é._-]{1,40}$/);
  const entry = fc.oneof(
    fc.record({
      path: name,
      mode: fc.constantFrom(0o600, 0o755),
      content: fc.uint8Array({ maxLength: 300 }),
    }),
    fc.record({ path: name, mode: fc.constant(0o777), target: name }),
    fc.record({ path: name, mode: fc.constant(0o700) }),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      assert.deepEqual(readCpio(cpioArchive(entries)), entries.map(asRead));
    }),
  );
});

test('archives can be put one after the other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.stringMatching(/^[a-z]{1,20}$/), (content, path) => {
      assert.equal(cpioArchive([{ path, mode: 0o644, content }]).length % 4, 0);
    }),
  );
});

test('equal entries give equal bytes, owned by root', () => {
  const entries = [{ path: 'init', mode: 0o755, content: Buffer.from('#!/bin/sh\n') }];
  const archive = cpioArchive(entries);
  assert.deepEqual(archive, cpioArchive(entries));
  // magic, inode, mode, uid, gid
  assert.equal(
    archive.toString('latin1', 0, 38),
    `070701${'00000001'}${'000081ed'}${'00000000'}${'00000000'}`,
  );
});

interface ReadEntry {
  path: string;
  type: number;
  mode: number;
  data: string;
}

function readCpio(archive: Buffer): ReadEntry[] {
  const found: ReadEntry[] = [];
  for (let at = 0; ; ) {
    const number = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameLength] = [number(1), number(6), number(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameLength - 1);
    const start = align(at + 110 + nameLength);
    if (path === 'TRAILER!!!') return found;
    found.push({
      path,
      type: mode >> 12,
      mode: mode & 0o7777,
      data: archive.toString('hex', start, start + size),
    });
    at = align(start + size);
  }
}

function asRead(entry: CpioEntry): ReadEntry {
  const type = entry.target !== undefined ? 0o12 : entry.content !== undefined ? 0o10 : 0o04;
  return {
    path: entry.path,
    type,
    mode: entry.mode,
    data: Buffer.from(entry.target ?? entry.content ?? '').toString('hex'),
  };
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}
