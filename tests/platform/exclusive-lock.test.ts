import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { tryLock } from '../../src/platform/exclusive-lock.ts';

const top = mkdtempSync(join(tmpdir(), 'lock-'));
after(() => rmSync(top, { recursive: true }));

it('one process holds the lock, another does not get it, and gets it when it is given back', async () => {
  const path = join(top, 'handed.db');
  const holder = await heldElsewhere(path);
  assert.equal(tryLock(path), undefined);
  holder.stdin?.end();
  await once(holder, 'exit');
  const lock = tryLock(path);
  assert.notEqual(lock, undefined);
  lock?.release();
});

it('a lock whose holder was killed -9 is free at once', async () => {
  const path = join(top, 'killed.db');
  const holder = await heldElsewhere(path);
  assert.equal(tryLock(path), undefined);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = tryLock(path);
  assert.notEqual(lock, undefined);
  lock?.release();
});

it('the lock excludes also within one process, and can be taken again after release', () => {
  const path = join(top, 'own.db');
  const first = tryLock(path);
  assert.equal(tryLock(path), undefined);
  first?.release();
  const second = tryLock(path);
  assert.notEqual(second, undefined);
  second?.release();
});

it('a lock in a folder that is not there is an error, not a lock', () => {
  assert.throws(() => tryLock(join(top, 'nowhere', 'lock.db')));
});

async function heldElsewhere(path: string): Promise<ChildProcess> {
  const program = `import { tryLock } from ${JSON.stringify(join(import.meta.dirname, '../../src/platform/exclusive-lock.ts'))};
    const lock = tryLock(${JSON.stringify(path)});
    process.stdout.write(lock === undefined ? 'refused' : 'held');
    process.stdin.resume().on('end', () => lock.release());`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said), 'held');
  return child;
}
