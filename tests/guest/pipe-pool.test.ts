import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipePool } from '../../src/guest/pipe-pool.ts';
import { scratch } from '../bundle/scratch.ts';

test('pipes found ready are used before any is made, and nobody finds them afterwards', async (context) => {
  const folder = await scratch(context);
  execFileSync('mkfifo', [join(folder, 'ready-0'), join(folder, 'other')]);
  const pipe = new PipePool(folder).fromProgram();
  // More are being made meanwhile.
  const names = readdirSync(folder);
  assert.ok(names.includes('other') && !names.includes('ready-0'), String(names));
  writeSync(pipe.theirs, 'said');
  closeSync(pipe.theirs);
  const [said] = await once(pipe.ours, 'data');
  assert.equal(String(said), 'said');
  pipe.ours.destroy();
  // The next batch is made by a program of its own, which must not outlive its folder.
  while (readdirSync(folder).length < 1 + 48) await sleep(5);
});

test('pipes opened ahead of time are used first, and carry what is written', async (context) => {
  const folder = await scratch(context);
  execFileSync(
    'mkfifo',
    Array.from({ length: 16 }, (_, number) => join(folder, `ready-${number}`)),
  );
  const pool = new PipePool(folder);
  pool.open();
  pool.open();
  assert.equal(readdirSync(folder).length, 13);
  const pipe = pool.fromProgram();
  writeSync(pipe.theirs, 'hello');
  closeSync(pipe.theirs);
  assert.deepEqual(await pipe.ours.toArray(), [Buffer.from('hello')]);
  for (const other of [pool.fromProgram(), pool.toProgram()]) {
    closeSync(other.theirs);
    other.ours.destroy();
  }
});
