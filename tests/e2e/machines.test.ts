import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
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

/** 67 lines that no two machines may have in common. */
const DRAWN = `python3 -c 'import os, uuid
print(uuid.uuid4())
for _ in range(64): print(os.getrandom(16).hex())'
head -c 16 /dev/urandom | base64; cat /proc/sys/kernel/random/uuid`;

/** Draws one number after the other and notes when: 8 bytes of time, 16 of chance. */
const DRAW = `
import os, time
out = os.open('/dev/shm/draws', os.O_WRONLY | os.O_CREAT)
while os.lseek(out, 0, os.SEEK_CUR) < 12_000_000:
    os.write(out, time.monotonic_ns().to_bytes(8, 'big') + os.getrandom(16))
    time.sleep(0.00002)
`;
const DRAW_ON = 'setsid python3 /dev/shm/draw.py > /dev/null 2>&1 < /dev/null &';
const SHOW_DRAWS = 'od -An -v -tx1 -w24 /dev/shm/draws | tr -d " "';
/** Waits for another 200 of them. */
const DRAWS_MORE = `size() { stat -c %s /dev/shm/draws 2>/dev/null || echo 0; }
goal=$(($(size) + 4800)); while [ $(size) -lt $goal ]; do sleep 0.05; done`;

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

describe('two forks of one machine draw nothing twice: no random number, no UUID, no key of the channel', () => {
  test('when it was suspended, not even in a program that draws on through the fork', async () => {
    await guest('default', `cat > /dev/shm/draw.py << 'END'\n${DRAW}END\n${DRAW_ON}\n${DRAWS_MORE}`);
    await forkTwice();
    const [one, two] = [await drawnBy('left'), await drawnBy('right')];
    assertApart(one.told, two.told);
    // Before the fork they are one program: the same numbers at the same times.
    const first = one.loop.findIndex((draw, index) => draw !== two.loop[index]);
    const numberOf = (draw: string) => draw.slice(16);
    const before = new Set(one.loop.slice(first).map(numberOf));
    assert.ok(
      first > 100 && one.loop.length > first + 100,
      `${one.loop.length} draws, ${first} before the fork`,
    );
    assert.deepEqual(
      two.loop.slice(first).filter((draw) => before.has(numberOf(draw))),
      [],
    );
    for (const name of ['left', 'right']) await machine(['rm', '--yes', name]);
  });

  test('when it was stopped', async () => {
    await scene.pcoder(['stop', '--shutdown', 'default']);
    await forkTwice();
    assertApart((await drawnBy('left')).told, (await drawnBy('right')).told);
    for (const name of ['left', 'right']) await machine(['rm', '--yes', name]);
  });

  async function forkTwice(): Promise<void> {
    for (const name of ['left', 'right']) await machine(['fork', 'default', name]);
  }

  /** What a machine draws as soon as it runs, and what a program in it has drawn all the while. */
  async function drawnBy(name: string): Promise<{ told: string[]; loop: string[] }> {
    const told = (await guest(name, DRAWN)).trim().split('\n');
    // Recorded by the host, and changed by every start.
    const bootKey = await readFile(join(scene.state, 'vm', name, 'boot.key'), 'hex');
    assert.equal(bootKey.length, 64, 'its renewal is over');
    const loop = await guest(name, `test ! -e /dev/shm/draws || { ${DRAWS_MORE}; ${SHOW_DRAWS}; }`);
    await scene.pcoder(['stop', '--shutdown', name]);
    return { told: [...told, bootKey], loop: loop.trim().split('\n') };
  }

  function assertApart(one: string[], two: string[]): void {
    assert.equal(one.length, 68);
    assert.equal(new Set([...one, ...two]).size, one.length + two.length);
  }
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
