import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { startScriptedModel } from '../../src/tools/scripted-model/server.ts';
import { makeScene, processesOf, until } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
  await mkdir(scene.state, { recursive: true });
  await settings({ memory: 1024, golden: false });
});
after(() => scene[Symbol.asyncDispose]());

const settings = (content: object) => writeFile(join(scene.state, 'settings.json'), JSON.stringify(content));
const machine = (...path: string[]) => join(scene.state, 'vm/default', ...path);

/** Runs a script without exchanging anything; its output. */
async function inside(script: string, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await scene.pcoder(bare(script, ...flags));
  assert.equal(code, 0, stderr);
  return stdout.toString().trim();
}
const bare = (script: string, ...flags: string[]) => [
  'exec',
  ...flags,
  '--exchange',
  'none',
  '--',
  'sh',
  '-c',
  script,
];

async function suspend(): Promise<void> {
  const { stderr } = await scene.pcoder(['stop']);
  assert.match(stderr, /machine default suspended/);
  // Its supervisor leaves right behind its answer; a command that meets it goes on with the settings it has read.
  await until('its supervisor has left', async () => (await processesOf(scene.state)).length === 0);
}

/** Something that is in the guest's memory alone, so that a cold boot cannot pass as a resume. */
async function remember(): Promise<string> {
  return inside('cat /proc/sys/kernel/random/uuid | tee /dev/shm/nonce; echo on the disk > ~/kept; sync');
}
const remembered = () => inside('cat /dev/shm/nonce 2>/dev/null; true');

describe('a suspended machine', () => {
  test('goes on with its memory and its processes', async () => {
    const nonce = await remember();
    const pid = await inside('setsid sleep 100000 > /dev/null 2>&1 < /dev/null & echo $!');
    await suspend();
    assert.deepEqual(await processesOf(machine()), [], 'nothing runs while it is suspended');
    const shown = await inside(`cat /dev/shm/nonce; cat /proc/${pid}/comm`);
    assert.equal(shown, `${nonce}\nsleep`);
    assert.equal((await scene.status()).run?.start, 'resumed');
  });

  test('has consumed its memory when it runs', async () => {
    const left = async () => (await readdir(machine())).filter((name) => name.startsWith('suspend'));
    assert.ok(!(await left()).includes('suspended'));
    // Its space is freed when no command waits for that.
    await until('nothing of it is left', async () => (await left()).length === 0);
  });

  test('lets ssh in again with the same configuration', async () => {
    const login = await execa('ssh', ['-F', machine('ssh/config'), 'pcoder-default', 'id -un'], {
      reject: false,
    });
    assert.equal(login.stdout, 'portable', login.stderr);
    assert.equal(login.stderr, '');
  });

  test('knows the time when it goes on, and its timers come due', async () => {
    await inside(
      `cat > /dev/shm/timer.py << 'END'\n${TIMER}END\nsetsid python3 /dev/shm/timer.py > /dev/shm/timer.log 2>&1 < /dev/null &
       while ! test -e /dev/shm/armed; do sleep 0.05; done`,
    );
    await suspend();
    await sleep(6000);
    const under = scene.start(bare('while read line; do eval "$line"; date +%s.%N; done'));
    const ask = async (line: string) => {
      const had = under.stdout().length;
      const asked = Date.now();
      under.stdin.write(`${line}\n`);
      while (!under.stdout().subarray(had).includes('\n')) await sleep(1);
      return { asked, answered: Date.now(), guest: Number(under.stdout().subarray(had).toString()) * 1000 };
    };
    const first = await ask('true');
    assertClock(first);
    assertClock(await ask('true'));
    const slept = await ask('sleep 1');
    assertClock(await ask('true'));
    const took = slept.answered - slept.asked;
    assert.ok(took > 950 && took < 1600, `sleep 1 took ${took} ms`);
    const fired = await ask('cat /dev/shm/fired >&2');
    under.stdin.end();
    const { stderr } = await under.done;
    // The first question was on its way before the guest went on.
    const late = Number(stderr.trim().split('\n').at(-1)) - first.answered;
    assert.ok(late > -3000 && late < 300, `the timer fired ${late} ms after the first answer; ${stderr}`);
    assert.ok(fired.guest > 0);
  });

  test('was saved once, though two asked for it at the same time', async () => {
    const nonce = await remember();
    const outcomes = await Promise.all([scene.pcoder(['stop']), scene.pcoder(['stop'])]);
    for (const { stderr } of outcomes) assert.match(stderr, /suspended|does not run/);
    assert.equal(await remembered(), nonce);
  });

  test('goes on for a command that came while it was being saved', async () => {
    const nonce = await remember();
    const stopping = scene.start(['stop'], { input: '' });
    await until(
      'it is being saved',
      () => stat(machine('suspending.tmp')).then(Boolean, () => false),
      20_000,
    );
    assert.equal(await remembered(), nonce);
    const { stderr } = await stopping.done;
    assert.match(stderr, /machine default suspended/);
    assert.equal((await scene.status()).run?.start, 'resumed');
  });

  test('is the same after its supervisor was killed', async () => {
    const nonce = await remember();
    await suspend();
    for (const line of await processesOf(scene.state)) {
      try {
        process.kill(Number(line.split(' ')[0]), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    assert.equal(await remembered(), nonce);
  });
});

/** A clock cannot be told better than the question took. */
function assertClock({ asked, answered, guest }: { asked: number; answered: number; guest: number }): void {
  const said = `${Math.round(guest - asked)} ms after the question, which took ${answered - asked} ms`;
  assert.ok(guest >= asked - 50 && guest <= answered + 50, said);
}

describe('a stop while a session runs', () => {
  test('ends its program, brings its results home, suspends, and a connection left open is told', async () => {
    const server = createServer((client) => client.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      const under = scene.start([
        'exec',
        '--allow',
        `host.pcoder.internal:${port}`,
        '--',
        'sh',
        '-c',
        `cat > /dev/shm/hold.py << 'END'\n${HOLD}END
         setsid python3 /dev/shm/hold.py host.pcoder.internal:${port} > /dev/shm/hold.log 2>&1 < /dev/null &
         while ! test -e /dev/shm/open; do sleep 0.05; done
         echo half-done > work.txt; echo ready; sleep 600`,
      ]);
      await until('the program runs', () => under.stdout().includes('ready'), 60_000);
      await suspend();
      const { code } = await under.done;
      assert.notEqual(code, 0);
      assert.equal(await scene.file('work.txt'), 'half-done\n');
      const told = await inside(
        'for i in 1 2 3 4 5 6 7 8 9 10; do test -e /dev/shm/told && break; sleep 0.3; done; cat /dev/shm/told /dev/shm/hold.log',
      );
      assert.match(told, /^(closed|reset)/);
    } finally {
      server.close();
    }
  });
});

describe('memory that does not fit', () => {
  const cases: { what: string; why: RegExp; tamper(): Promise<void> }[] = [
    {
      what: 'with one byte changed',
      why: /its content is not what was written/,
      async tamper() {
        const { memory } = JSON.parse(await readFile(machine('suspended/snapshot.json'), 'utf8'));
        await using file = await open(machine('suspended/memory'), 'r+');
        const page = Buffer.alloc(4096);
        for (let offset = memory.offset + (32 << 20); ; offset += 4096) {
          await file.read(page, 0, 4096, offset);
          const at = page.findIndex((byte) => byte !== 0);
          if (at < 0) continue;
          await file.write(Buffer.from([(page[at] ?? 0) ^ 1]), 0, 1, offset + at);
          return;
        }
      },
    },
    {
      what: 'of another size',
      why: /it was taken with another memory size/,
      tamper: () => settings({ memory: 896, golden: false }),
    },
    {
      what: 'whose disk has changed since',
      why: /the disk has changed since/,
      tamper: () => utimes(machine('overlay.qcow2'), new Date(), new Date()),
    },
    {
      what: 'with a file missing',
      why: /a file of it is missing/,
      tamper: () => rm(machine('suspended/devices')),
    },
    {
      what: 'that was not completed',
      why: /it is not complete/,
      tamper: () => rm(machine('suspended/snapshot.json')),
    },
  ];
  for (const { what, why, tamper } of cases) {
    test(`${what} is left alone: the machine starts cold, says why, and has every file`, async () => {
      await remember();
      await suspend();
      await tamper();
      const { code, stdout, stderr } = await scene.pcoder(bare('cat ~/kept; cat /dev/shm/nonce'));
      assert.equal(code, 1, 'the memory is another');
      assert.equal(stdout.toString(), 'on the disk\n');
      assert.match(stderr, why);
      const status = await scene.status();
      assert.equal(status.run?.start, 'cold');
      assert.match(JSON.stringify(status.notes), why);
      await assert.rejects(stat(machine('suspended')));
    });
  }
});

describe('a machine nobody uses', () => {
  test('is suspended after its idle limit, and goes on with the next command', async () => {
    const nonce = await remember();
    await inside('true', '--idle', '3s');
    const began = Date.now();
    await until('it is suspended', () => stat(machine('suspended')).then(Boolean, () => false), 30_000);
    assert.ok(Date.now() - began > 2000);
    assert.equal(await remembered(), nonce);
  });

  test('is not suspended while a session runs', async () => {
    const answer = await inside('sleep 5; echo still there', '--idle', '1s');
    assert.equal(answer, 'still there');
  });
});

describe('a machine a real key has been in', () => {
  test('is shut down instead, says why, and the key is in no file', async () => {
    const keys = {
      ANTHROPIC_API_KEY: 'sk-canary-5tRw81LmZq7Yv2XcBpUe',
      OPENAI_API_KEY: 'sk-canary-9kHj3NnDs6Gf4AaQwErT',
    };
    const model = await startScriptedModel({ script: { steps: [], closing: 'Nothing to do.' } });
    try {
      const baseUrl = `http://host.pcoder.internal:${model.port}`;
      const profile = {
        name: 'stand-in',
        description: 'a model of the tests',
        apis: { 'anthropic-messages': { baseUrl, keyEnvironment: ['ANTHROPIC_API_KEY'] } },
        models: { claude: 'stand-in-model' },
      };
      await mkdir(join(scene.state, 'profiles'), { recursive: true });
      await writeFile(join(scene.state, 'profiles/stand-in.json'), JSON.stringify(profile));
      const { code, stdout, stderr } = await scene.pcoder(
        ['run', 'claude', '--profile', 'stand-in', '--', '-p', 'hello'],
        { env: keys },
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout.toString(), /Nothing to do/);
    } finally {
      await model.close();
    }
    const { stderr } = await scene.pcoder(['stop']);
    assert.match(stderr, /machine default stopped \(guest shutdown\)/);
    assert.match(await readFile(machine('supervisor.log'), 'utf8'), /not suspended but shut down: .*key/);
    for (const entry of await readdir(scene.state, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const content = await readFile(path);
      for (const key of Object.values(keys)) assert.equal(content.includes(key), false, path);
    }
    await remember();
    await suspend();
  });
});

describe('machines out of one golden snapshot', () => {
  test('share nothing that must be their own', async () => {
    await settings({ memory: 896 });
    // Shut down first: a supervisor reads its settings when it starts.
    await scene.pcoder(['stop', '--shutdown']);
    await inside('true');
    await until(
      'the golden snapshot is made',
      async () =>
        (await readdir(join(scene.state, 'golden')).catch(() => [])).some((name) =>
          /^[0-9a-f]{16}$/.test(name),
        ),
      240_000,
    );
    await suspend();
    const [one, two] = [await identityOf('one'), await identityOf('two')];
    for (const [name, value] of Object.entries(one)) {
      assert.ok(value.length > 0, name);
      assert.notEqual(two[name], value, name);
    }
    assert.equal(one['hostname'], 'pcoder-one');
    assert.equal(two['hostname'], 'pcoder-two');
  });
});

async function identityOf(name: string): Promise<Record<string, string>> {
  const shown = await inside(
    `cat /etc/machine-id; hostname; cat /proc/sys/kernel/random/uuid; head -c 16 /dev/urandom | base64
     sudo sha256sum /run/pcoder/ssh/host_ed25519; sudo sha256sum /run/pcoder/boot.key`,
    '--machine',
    name,
  );
  const status = JSON.parse((await scene.pcoder(['status', name, '--json'])).stdout.toString());
  assert.equal(status.run.start, 'golden');
  await scene.pcoder(['stop', name, '--shutdown']);
  const [machineId = '', hostname = '', uuid = '', random = '', sshHostKey = '', bootKey = ''] =
    shown.split('\n');
  return { machineId, hostname, uuid, random, sshHostKey, bootKey };
}

/** Waits for a moment of the wall clock that comes while the machine is suspended. */
const TIMER = `
import os, time
fd = os.timerfd_create(time.CLOCK_REALTIME)
os.timerfd_settime_ns(fd, flags=os.TFD_TIMER_ABSTIME, initial=time.time_ns() + 4_000_000_000)
open('/dev/shm/armed', 'w').close()
os.read(fd, 8)
open('/dev/shm/fired.new', 'w').write(str(time.time() * 1000))
os.rename('/dev/shm/fired.new', '/dev/shm/fired')
`;

/** Opens a connection through the session's proxy and says how it ends. */
const HOLD = `
import base64, os, socket, sys, urllib.parse
proxy = urllib.parse.urlparse(os.environ['HTTPS_PROXY'])
line = socket.create_connection((proxy.hostname, proxy.port))
pair = base64.b64encode(f'{urllib.parse.unquote(proxy.username or "")}:{urllib.parse.unquote(proxy.password or "")}'.encode()).decode()
line.sendall(f'CONNECT {sys.argv[1]} HTTP/1.1\\r\\nHost: {sys.argv[1]}\\r\\nProxy-Authorization: Basic {pair}\\r\\n\\r\\n'.encode())
print(line.recv(4096))
open('/dev/shm/open', 'w').close()
try:
    how = 'closed' if line.recv(1) == b'' else 'data'
except OSError as error:
    how = f'reset {error}'
open('/dev/shm/told', 'w').write(how + '\\n')
`;
