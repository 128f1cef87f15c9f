import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeScene, until } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
});
after(async () => {
  for (const { name } of await machines()) await scene.pcoder(['machine', 'rm', '--yes', name]);
  await scene[Symbol.asyncDispose]();
});

interface Listed {
  name: string;
  state: string;
  disk: { alone: number; all: number };
  memory: { alone: number; all: number };
  forkedFrom?: string;
}

async function machines(): Promise<Listed[]> {
  return JSON.parse((await scene.pcoder(['machine', 'list', '--json'])).stdout.toString());
}

async function machine(words: string[]): Promise<string> {
  const { code, stdout, stderr } = await scene.pcoder(['machine', ...words]);
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

/** Runs a script in a machine; it must succeed. */
async function guest(name: string, script: string, exchange: 'once' | 'none' = 'none'): Promise<string> {
  const words = ['exec', '--machine', name, '--exchange', exchange, '--', 'sh', '-c', script];
  const { code, stdout, stderr } = await scene.pcoder(words);
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

/** What must be a machine's own, drawn as soon as the guest runs. */
const OWN = [
  'cat /proc/sys/kernel/random/uuid',
  'python3 -c "import os; print(os.getrandom(16).hex())"',
  'cat /etc/machine-id',
  'hostname',
  'cut -d" " -f2 /etc/ssh/ssh_host_ed25519_key.pub /run/pcoder/ssh/host_ed25519.pub 2>/dev/null; sudo sha256sum /run/pcoder/ssh/host_ed25519',
].join('; ');

describe('forks', () => {
  before(async () => {
    await scene.put('given.txt', 'given\n');
    await guest('default', 'echo in-memory > /dev/shm/nonce; echo default > ~/disk; cat given.txt', 'once');
    await machine(['fork', 'default', 'one']);
    await machine(['fork', 'default', 'two']);
  });

  test('of a running machine suspend it, and share its disk and memory', async () => {
    const found = await machines();
    assert.deepEqual(
      found.map(({ name, state, forkedFrom }) => [name, state, forkedFrom]),
      [
        ['default', 'suspended', undefined],
        ['one', 'suspended', 'default'],
        ['two', 'suspended', 'default'],
      ],
    );
    for (const { memory, disk } of found) {
      assert.deepEqual([memory.alone, memory.all > 50e6], [0, true]);
      assert.ok(disk.alone < 1e6, 'an empty layer');
    }
    assert.match(
      (await scene.pcoder(['status', 'one'])).stdout.toString(),
      /^machine one: suspended \(memory: /,
    );
  });

  test('go on from the memory of the source, each with an identity and randomness of its own', async () => {
    const seen = new Map<string, string>();
    for (const name of ['one', 'two', 'default']) {
      const told = (await guest(name, `cat /dev/shm/nonce; ${OWN}`)).trim().split('\n');
      assert.equal(told.shift(), 'in-memory', name);
      assert.ok(told.length >= 5, told.join());
      for (const line of told) {
        assert.equal(seen.get(line), undefined, `${line} of ${name}`);
        seen.set(line, name);
      }
      await scene.pcoder(['stop', name]);
    }
    assert.ok(seen.has('pcoder-one') && seen.has('pcoder'));
  });

  test('write disks of their own', async () => {
    for (const name of ['one', 'two']) {
      assert.equal(await guest(name, 'cat ~/disk; echo $0 > ~/disk; sync'.replace('$0', name)), 'default\n');
      await scene.pcoder(['stop', '--shutdown', name]);
    }
    for (const name of ['one', 'two', 'default'])
      assert.equal(await guest(name, 'cat ~/disk'), `${name}\n`, 'after a cold start');
    for (const name of ['two', 'default']) await scene.pcoder(['stop', '--shutdown', name]);
  });

  test('know what was agreed about the project, and exchange it on their own', async () => {
    const told = await guest('one', 'cat given.txt; echo one > from-one.txt; rm given.txt', 'once');
    assert.equal(told, 'given\n');
    assert.equal(await scene.file('from-one.txt'), 'one\n');
    await assert.rejects(scene.file('given.txt'), { code: 'ENOENT' });
  });

  test('of a stopped machine begin with a cold start and a name of their own', async () => {
    await scene.pcoder(['stop', '--shutdown', 'one']);
    await machine(['fork', 'one', 'three']);
    assert.equal(await guest('three', 'cat ~/disk; hostname'), 'one\npcoder-three\n');
    const [id, other] = [
      await guest('three', 'cat /etc/machine-id'),
      await guest('one', 'cat /etc/machine-id'),
    ];
    assert.notEqual(id, other);
    for (const name of ['one', 'three']) await scene.pcoder(['stop', '--shutdown', name]);
  });

  test('are refused while a session runs, which goes on', async () => {
    const under = scene.start(
      [
        'exec',
        '--machine',
        'two',
        '--exchange',
        'none',
        '--',
        'sh',
        '-c',
        'echo ready; read line; echo $line',
      ],
      {},
    );
    await until('the program runs', () => under.stdout().includes('ready'));
    for (const words of [
      ['fork', 'two', 'four'],
      ['rm', '--yes', 'two'],
      ['reset', '--yes', 'two'],
    ]) {
      const { code, stderr } = await scene.pcoder(['machine', ...words]);
      assert.equal(code, 1);
      assert.match(stderr, /error: machine two has 1 running session\nhint: .*pcoder stop two/);
    }
    under.stdin.end('goes on\n');
    assert.equal((await under.done).stdout.toString(), 'ready\ngoes on\n');
  });
});

describe('a reset', () => {
  test('begins with a fresh disk and takes nothing from the project', async () => {
    await scene.put('kept.txt', 'kept\n');
    await guest('two', 'test -f kept.txt', 'once');
    await machine(['reset', '--yes', 'two']);
    const two = (await machines()).find(({ name }) => name === 'two');
    assert.deepEqual([two?.state, two?.disk.all, two?.memory.all], ['stopped', 0, 0]);
    assert.equal(await guest('two', 'cat kept.txt; test ! -e ~/disk && echo fresh', 'once'), 'kept\nfresh\n');
    assert.equal(await scene.file('kept.txt'), 'kept\n');
  });
});

describe('a removal', () => {
  test('ends the machine and leaves its forks whole and nothing of its own', async () => {
    await machine(['rm', '--yes', 'default']);
    assert.equal(await guest('one', 'cat ~/disk'), 'one\n');
    for (const name of ['one', 'two', 'three']) await machine(['rm', '--yes', name]);
    assert.deepEqual(await machines(), []);
    assert.deepEqual(await readdir(join(scene.state, 'vm')), ['.lock.db']);
  });
});
