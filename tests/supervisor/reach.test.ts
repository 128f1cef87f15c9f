import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Folder, machineNames } from '../../src/bundle/folder.ts';
import type { Connection } from '../../src/channel/connection.ts';
import { call } from '../../src/channel/methods.ts';
import { isFault } from '../../src/fault/fault.ts';
import { socketFolder } from '../../src/platform/private-folder.ts';
import { identify } from '../../src/platform/process-identity.ts';
import { STATUS, STOP, StatusReply, StopReply } from '../../src/supervisor/protocol.ts';
import { findSupervisor, reachSupervisor } from '../../src/supervisor/reach.ts';
import { supervisorSocket } from '../../src/supervisor/socket-name.ts';

/** Real supervisor processes of this checkout with a state folder of their own, and no machine. */
describe('a supervisor', { timeout: 60_000 }, () => {
  let folder: Folder;
  let top: string;
  let pids: Set<number>;
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'reach-'));
    folder = { root: join(import.meta.dirname, '../..'), state: join(top, 'state ü, x') };
    pids = new Set();
  });
  afterEach(async () => {
    // Of several started at once the last may come up when the one that won has already left.
    for (let left = running(); left.length > 0; left = running()) {
      const connection = await findSupervisor(folder, 'default');
      if (connection !== undefined) await end(connection).catch(() => {});
      await sleep(20);
    }
    for (const pid of pids) assert.equal(identify(pid), undefined, `supervisor ${pid} is left`);
    rmSync(top, { recursive: true });
  });

  /** Processes of this test's state folder. */
  function running(): number[] {
    const all = readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && identify(pid) !== undefined);
    return all.filter((pid) => commandLine(pid).includes(top));
  }

  function commandLine(pid: number): string {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  }

  async function status(connection: Connection): Promise<StatusReply> {
    const found = await call(connection, STATUS, {}, StatusReply);
    pids.add(found.supervisor.pid);
    return found;
  }

  async function end(connection: Connection): Promise<void> {
    const { pid } = (await status(connection)).supervisor;
    assert.deepEqual(await call(connection, STOP, {}, StopReply), { manner: 'not running' });
    connection.close();
    for (let tries = 0; tries < 500 && identify(pid) !== undefined; tries++) await sleep(10);
  }

  it('is not there until somebody needs it, serves then, and leaves when it is told to', async () => {
    assert.equal(await findSupervisor(folder, 'default'), undefined);
    assert.ok(!existsSync(folder.state));
    const connection = await reachSupervisor(folder, 'default');
    const found = await status(connection);
    assert.deepEqual([found.machine, found.state, found.sessions], ['default', 'stopped', []]);
    assert.notEqual(found.supervisor.pid, process.pid);
    await end(connection);
    assert.equal(await findSupervisor(folder, 'default'), undefined);
    assert.ok(!existsSync(supervisorSocket(socketFolder(machineNames(folder, 'default').home))));
  });

  it('keeps its folder, its socket and its log to its user', async () => {
    const connection = await reachSupervisor(folder, 'default');
    await status(connection);
    const names = machineNames(folder, 'default');
    assert.equal(statSync(names.home).mode & 0o777, 0o700);
    assert.equal(statSync(names.supervisorLog).mode & 0o077, 0);
    connection.close();
  });

  it('is one for four commands that start it at once, and serves them all', async () => {
    const connections = await Promise.all([1, 2, 3, 4].map(() => reachSupervisor(folder, 'default')));
    const serving = await Promise.all(
      connections.map(async (connection) => (await status(connection)).supervisor.pid),
    );
    assert.equal(new Set(serving).size, 1, String(serving));
    for (const connection of connections) connection.close();
  });

  it('killed -9 is found out and replaced, its socket file no hindrance', async () => {
    const first = await reachSupervisor(folder, 'default');
    const { pid } = (await status(first)).supervisor;
    process.kill(pid, 'SIGKILL');
    await first.closed;
    // The kernel takes a moment to close what a killed process had open.
    for (
      let ghost = await findSupervisor(folder, 'default');
      ghost !== undefined;
      ghost = await findSupervisor(folder, 'default')
    )
      ghost.close();
    const socket = supervisorSocket(socketFolder(machineNames(folder, 'default').home));
    assert.ok(existsSync(socket));
    const second = await reachSupervisor(folder, 'default');
    assert.notEqual((await status(second)).supervisor.pid, pid);
    second.close();
  });

  it('cleans what a machine left that ended without it, and says so', async () => {
    const names = machineNames(folder, 'default');
    await end(await reachSupervisor(folder, 'default'));
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    writeFileSync(names.qemuPid, `${other.pid}\n`);
    writeFileSync(
      names.record,
      JSON.stringify({
        version: 1,
        image: 'i',
        run: {
          pid: other.pid,
          started: '1',
          hostBoot: 'another',
          accelerator: 'tcg',
          reason: 'r',
          since: 's',
        },
      }),
    );
    const connection = await reachSupervisor(folder, 'default');
    assert.match(
      (await status(connection)).notes.join(),
      /cleaned up after a machine that ended without its supervisor/,
    );
    assert.ok(!existsSync(names.qemuPid));
    assert.equal(JSON.parse(readFileSync(names.record, 'utf8')).run, undefined);
    // The process that has the recorded id by now is somebody else's.
    assert.ok(identify(other.pid ?? 0));
    other.kill('SIGKILL');
    await once(other, 'exit');
    connection.close();
  });

  it('answers what it does not know with a refusal, and goes on', async () => {
    const connection = await reachSupervisor(folder, 'default');
    await assert.rejects(call(connection, 'reboot-host', {}, StatusReply), { code: 'protocol-violation' });
    await assert.rejects(call(connection, 'session', { project: 1 }, StatusReply), {
      code: 'protocol-violation',
    });
    assert.equal((await status(connection)).state, 'stopped');
    connection.close();
  });

  it('that cannot come up is an error that quotes why', async () => {
    const names = machineNames(folder, 'default');
    await end(await reachSupervisor(folder, 'default'));
    writeFileSync(join(folder.state, 'settings.json'), '{"memory":"much"}');
    await assert.rejects(
      reachSupervisor(folder, 'default'),
      (error) =>
        isFault(error, 'supervisor-lost') &&
        /settings\.json/.test(String(error.cause)) &&
        (error.hint ?? '').includes(names.supervisorLog),
    );
  });
});
