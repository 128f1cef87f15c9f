import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { logTail } from '../../src/platform/log-tail.ts';

const top = mkdtempSync(join(tmpdir(), 'tail-'));
after(() => rmSync(top, { recursive: true }));
const log = join(top, 'log');

it('the tail of a log is its last lines, empty ones left out', async () => {
  writeFileSync(log, 'one\n\ntwo\r\n   \nthree\n');
  assert.equal(await logTail(log, 2), 'two\nthree');
  assert.equal(await logTail(log, 10), 'one\ntwo\nthree');
});

it('a log that is missing or empty has an empty tail', async () => {
  assert.equal(await logTail(join(top, 'none'), 5), '');
  writeFileSync(log, '');
  assert.equal(await logTail(log, 5), '');
});

it('only the end of a long log is read, and a long line is cut', async () => {
  writeFileSync(log, `${'early\n'.repeat(100_000)}${'x'.repeat(5000)}\nlast\n`);
  const lines = (await logTail(log, 2)).split('\n');
  assert.deepEqual(lines, [`${'x'.repeat(400)}…`, 'last']);
});

it('what a guest wrote into a log cannot steer the terminal that shows it', async () => {
  writeFileSync(log, 'a\x1b[2Jb\u202ec\n');
  assert.equal(await logTail(log, 1), 'a\\u{1b}[2Jb\\u{202e}c');
});

it('no lines asked for gives none', async () => {
  writeFileSync(log, 'one\ntwo\n');
  assert.equal(await logTail(log, 0), '');
});
