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
