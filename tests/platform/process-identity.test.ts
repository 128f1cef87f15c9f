import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRunning, residentBytes, signal } from '../../src/platform/process-identity.ts';
import { processOfPidFile } from '../../src/platform/process-search.ts';

describe('a process identity', () => {
  it('recognises the same process for as long as it runs', async () => {
    const child = sleeper();
    const identity = identify(child.pid ?? 0);
    assert.ok(identity !== undefined && isRunning(identity));
    assert.equal(signal(identity, 'SIGTERM'), true);
    await once(child, 'exit');
    assert.equal(isRunning(identity), false);
    assert.equal(signal(identity, 'SIGTERM'), false);
  });

  it('does not take another process with the same id for it, and never signals that one', async () => {
    const child = sleeper();
    const stale = { pid: child.pid ?? 0, started: '1' };
    assert.equal(isRunning(stale), false);
    assert.equal(signal(stale, 'SIGKILL'), false);
    assert.ok(identify(stale.pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('counts a zombie as gone', async () => {
    // A parent that never waits leaves its child a zombie.
    const parent = execFile('/usr/bin/perl', [
      '-e',
      '$| = 1; my $pid = fork; exit 0 unless $pid; print $pid; sleep 30',
    ]);
    const [said] = await once(parent.stdout ?? process.stdin, 'data');
    const pid = Number(String(said));
    for (let tries = 0; tries < 100 && identify(pid) !== undefined; tries++) await sleep(10);
    assert.match(readFileSync(`/proc/${pid}/stat`, 'utf8'), / Z /);
    assert.equal(identify(pid), undefined);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });

  it('is read right of a program whose name holds spaces and brackets', async () => {
    const child = spawn('/usr/bin/perl', ['-e', '$0 = "a) R 1 (b"; print "x"; sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.resume();
    const identity = identify(child.pid ?? 0);
    await sleep(100);
    assert.ok(identity !== undefined && isRunning(identity));
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('tells resident memory of what runs, nothing of what does not', () => {
    assert.ok((residentBytes(process.pid) ?? 0) > 10 * 2 ** 20);
    assert.equal(residentBytes(2 ** 22 + 1), undefined);
  });
});

describe('a pid file', () => {
  const top = mkdtempSync(join(tmpdir(), 'pid-'));
  const file = join(top, 'qemu.pid');

  it('leads to its process only while that is the program it was written for', async (t) => {
    t.after(() => rmSync(top, { recursive: true }));
    assert.equal(await processOfPidFile(file, 'x'), undefined);
    for (const text of ['', 'abc', '-1', '0', '1', '1.5', '99999999']) {
      writeFileSync(file, text);
      assert.equal(await processOfPidFile(file, ''), undefined, JSON.stringify(text));
    }
    writeFileSync(file, `${process.pid}\n`);
    assert.equal(await processOfPidFile(file, file), undefined);
    assert.equal((await processOfPidFile(file, process.execPath.slice(-4)))?.pid, process.pid);
  });
});

function sleeper(): ChildProcess {
  return spawn('sleep', ['30'], { stdio: 'ignore' });
}
