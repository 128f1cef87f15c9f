import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeScene, noProcessLeft, until } from '../e2e/scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
beforeEach(async () => {
  scene = await makeScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const exec = (script: string) => ['exec', '--', 'sh', '-c', script];
const record = async () => JSON.parse(await readFile(join(scene.state, 'vm/default/machine.json'), 'utf8'));
const isBooting = async () => (await record().catch(() => ({}))).run?.pid !== undefined;
const supervisorPid = async () => (await scene.status()).supervisor?.pid ?? 0;

/** Works afterwards as if nothing had happened. */
async function worksAgain(): Promise<string> {
  const { code, stdout, stderr } = await scene.pcoder(exec('cat given.txt'));
  assert.equal(code, 0, stderr);
  assert.equal(stdout.toString(), 'given\n');
  return stderr;
}

describe('killed while the machine starts', () => {
  beforeEach(() => scene.put('given.txt', 'given\n'));

  test('the command: the start is given up and the next command starts anew', async () => {
    const under = scene.start(exec('true'));
    await until('QEMU runs', isBooting);
    under.kill('SIGKILL');
    await under.done;
    await worksAgain();
  });

  test('the command by Ctrl-C: it leaves at once with 130', async () => {
    const under = scene.start(exec('true'));
    await until('QEMU runs', isBooting);
    under.kill('SIGINT');
    const { code } = await under.done;
    assert.equal(code, 130);
    await worksAgain();
  });

  test('the supervisor: the command says so, and the next one finds the machine', async () => {
    const under = scene.start(exec('true'));
    await until('QEMU runs', isBooting);
    process.kill(await pidOfSupervisor(), 'SIGKILL');
    const { code, stderr } = await under.done;
    assert.equal(code, 5, stderr);
    assert.match(stderr, /error: the supervisor went away[\s\S]*hint: /);
    await worksAgain();
  });

  test('QEMU: the command says so, and the next one starts anew', async () => {
    const under = scene.start(exec('true'));
    await until('QEMU runs', isBooting);
    process.kill((await record()).run.pid, 'SIGKILL');
    const { code, stderr } = await under.done;
    assert.equal(code, 5, stderr);
    assert.match(stderr, /error: QEMU ended[\s\S]*hint: /);
    await worksAgain();
  });
});

describe('killed while a program runs', () => {
  beforeEach(async () => {
    await scene.put('given.txt', 'given\n');
  });

  const long = exec('echo half-done > work.txt; sync; echo ready; sleep 600');
  const running = async () => {
    const under = scene.start(long);
    await until('the program runs', () => under.stdout().includes('ready'));
    return under;
  };

  test('the command: what the program had written comes back all the same', async () => {
    const under = await running();
    under.kill('SIGKILL');
    await until(
      'the file has come back',
      async () => (await scene.file('work.txt').catch(() => '')) === 'half-done\n',
      60_000,
    );
    await worksAgain();
  });

  test('the supervisor: the machine goes on, and the next command brings back what was written', async () => {
    const under = await running();
    const qemu = (await record()).run.pid;
    process.kill(await supervisorPid(), 'SIGKILL');
    const { code, stderr } = await under.done;
    assert.equal(code, 5, stderr);
    assert.match(stderr, /error: the supervisor went away during session/);
    await worksAgain();
    assert.equal((await record()).run.pid, qemu, 'the same QEMU goes on');
    assert.equal(await scene.file('work.txt'), 'half-done\n');
    const status = await scene.status();
    assert.ok(
      status.notes?.some((note) => note.includes('continued the machine')),
      JSON.stringify(status.notes),
    );
    assert.equal(
      (await scene.pcoder(['exec', '--exchange', 'none', '--', 'pgrep', '-f', 'sleep 600'])).code,
      1,
      'the program of the lost session has ended',
    );
  });

  test('QEMU: the command says so, and the guest’s disk keeps what was flushed', async () => {
    const under = await running();
    process.kill((await record()).run.pid, 'SIGKILL');
    const { code, stderr } = await under.done;
    assert.equal(code, 5, stderr);
    await worksAgain();
    assert.equal(await scene.file('work.txt'), 'half-done\n');
  });

  test('the agent daemon: it comes back by itself, and what was written comes back', async () => {
    const under = await running();
    const daemon = (await scene.status()).guest?.pid ?? 0;
    await scene.pcoder(['exec', '--exchange', 'none', '--', 'sudo', 'kill', '-9', String(daemon)]);
    const { code, stderr } = await under.done;
    assert.equal(code, 5, stderr);
    assert.equal(await scene.file('work.txt'), 'half-done\n');
    await worksAgain();
    assert.notEqual((await scene.status()).guest?.pid, daemon);
  });

  test('machine and supervisor together: the next command cleans up, says so and starts anew', async () => {
    const under = await running();
    const qemu = (await record()).run.pid;
    process.kill(await supervisorPid(), 'SIGKILL');
    process.kill(qemu, 'SIGKILL');
    await under.done;
    await worksAgain();
    assert.ok((await scene.status()).notes?.some((note) => note.includes(`QEMU process ${qemu} is gone`)));
    assert.equal(await scene.file('work.txt'), 'half-done\n');
  });
});

describe('killed while results come back', () => {
  const big = exec(
    'head -c 300000000 /dev/urandom > big.bin; echo small > small.txt; sync; sha256sum < big.bin',
  );
  const returning = async () => {
    const under = scene.start(big);
    await until('results come back', async () => {
      const names = await readdir(join(scene.state, 'sessions')).catch(() => []);
      const records = await Promise.all(
        names.map((id) =>
          readFile(join(scene.state, 'sessions', id, 'session.json'), 'utf8').catch(() => ''),
        ),
      );
      return records.some((text) => text.includes('"returning"'));
    });
    return under;
  };
  const arrivedWhole = async (sum: string) => {
    const { stdout } = await scene.pcoder(['exec', '--', 'sh', '-c', 'sha256sum < big.bin; cat small.txt']);
    assert.equal(stdout.toString(), `${sum}\nsmall\n`);
    const here = createHash('sha256')
      .update(await readFile(join(scene.project, 'big.bin')))
      .digest('hex');
    assert.equal(`${here}  -`, sum);
    assert.deepEqual(
      (await readdir(scene.project)).filter((name) => name.startsWith('.pcoder')),
      [],
    );
  };

  test('the command: the supervisor finishes', async () => {
    const under = await returning();
    const sum = under.stdout().toString().trim();
    under.kill('SIGKILL');
    await until(
      'the file has come back',
      async () => (await readdir(scene.project)).includes('big.bin'),
      60_000,
    );
    await arrivedWhole(sum);
  });

  test('the supervisor: the next command brings all of it back, whole', async () => {
    const under = await returning();
    const sum = under.stdout().toString().trim();
    process.kill(await supervisorPid(), 'SIGKILL');
    await under.done;
    await arrivedWhole(sum);
  });

  test('QEMU: what was there stays, and the next command brings the rest', async () => {
    const under = await returning();
    const sum = under.stdout().toString().trim();
    process.kill((await record()).run.pid, 'SIGKILL');
    await under.done;
    await arrivedWhole(sum);
  });

  test('the agent daemon: the exchange is taken up again', async () => {
    const under = await returning();
    const sum = under.stdout().toString().trim();
    const daemon = (await scene.status()).guest?.pid ?? 0;
    await scene.pcoder(['exec', '--exchange', 'none', '--', 'sudo', 'kill', '-9', String(daemon)]);
    await under.done;
    await arrivedWhole(sum);
  });
});

/** While a machine starts its supervisor answers nobody else, so it is found by its command line. */
async function pidOfSupervisor(): Promise<number> {
  for (const entry of await readdir('/proc')) {
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('start.cjs\0supervisor') && command.includes(scene.state)) return Number(entry);
  }
  throw new Error('no supervisor runs');
}

test('after all of it no process is left', () => noProcessLeft('/pcoder-e2e-'));
