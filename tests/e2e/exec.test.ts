import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeScene, until } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
});
after(() => scene[Symbol.asyncDispose]());

/** Runs without exchanging anything. */
const bare = (...argv: string[]) => ['exec', '--exchange', 'none', '--', ...argv];

describe('exec in the guest', () => {
  test('the first command starts the machine and runs on the guest kernel', async () => {
    const { code, stdout, stderr } = await scene.pcoder(bare('uname', '-a'));
    assert.equal(code, 0, stderr);
    assert.match(stdout.toString(), /^Linux pcoder .*x86_64 GNU\/Linux$/m);
  });

  test('a program runs as the guest user in its project folder with the arguments exactly as given', async () => {
    const argument = 'a b\n"c" $HOME \\ é *';
    const { stdout } = await scene.pcoder(bare('sh', '-c', 'id -un; pwd; printf %s "$1"', 'sh', argument));
    const [user, folder, ...rest] = stdout.toString().split('\n');
    assert.equal(user, 'portable');
    assert.match(folder ?? '', /^\/home\/portable\/projects\/project-[0-9a-f]{8}$/);
    assert.equal(rest.join('\n'), argument);
  });

  test('its exit code is ours, and a signal becomes 128 + its number', async () => {
    assert.equal((await scene.pcoder(bare('sh', '-c', 'exit 42'))).code, 42);
    assert.equal((await scene.pcoder(bare('sh', '-c', 'kill -TERM $$'))).code, 143);
  });

  test('binary input and output pass without loss', async () => {
    const input = randomBytes(24 * 1024 * 1024 + 17);
    const { code, stdout, stderr } = await scene.pcoder(bare('sh', '-c', 'tee /dev/null | cat'), { input });
    assert.equal(code, 0, stderr);
    assert.equal(digest(stdout), digest(input));
  });

  test('stdout and stderr stay apart', async () => {
    const { stdout, stderr } = await scene.pcoder(bare('sh', '-c', 'echo out; echo err >&2'));
    assert.equal(stdout.toString(), 'out\n');
    assert.equal(stderr, 'err\n');
  });

  test('a program that is not there is named, with a hint', async () => {
    const { code, stderr } = await scene.pcoder(bare('no-such-program'));
    assert.equal(code, 1);
    assert.match(stderr, /error: the guest has no program no-such-program\nhint: /);
  });

  test('ten commands at once each get their own bytes', async () => {
    const inputs = Array.from({ length: 10 }, () => randomBytes(300_000));
    const results = await Promise.all(inputs.map((input) => scene.pcoder(bare('cat'), { input })));
    results.forEach(({ code, stdout }, index) => {
      assert.equal(code, 0);
      assert.equal(digest(stdout), digest(inputs[index] ?? Buffer.alloc(0)));
    });
  });

  test('a reader that stops stalls only its own stream', async () => {
    const stalled = scene.start(bare('sh', '-c', 'sleep 1; head -c 60000000 /dev/zero'), { input: '' });
    process.kill(stalled.pid, 'SIGSTOP');
    try {
      const { code, stdout } = await scene.pcoder(bare('echo', 'still served'));
      assert.equal(code, 0);
      assert.equal(stdout.toString(), 'still served\n');
    } finally {
      process.kill(stalled.pid, 'SIGCONT');
    }
    const { stdout, code } = await stalled.done;
    assert.equal(code, 0);
    assert.equal(stdout.byteLength, 60_000_000);
  });

  test('a background child that keeps the pipe does not keep the command', async () => {
    const started = Date.now();
    const { code, stdout } = await scene.pcoder(bare('sh', '-c', 'sleep 300 & echo done'));
    assert.equal(code, 0);
    assert.equal(stdout.toString(), 'done\n');
    assert.ok(Date.now() - started < 60_000);
    await scene.pcoder(bare('pkill', 'sleep'));
  });

  test('Ctrl-C reaches the program, which may take its time to end', async () => {
    const under = scene.start(
      bare('sh', '-c', 'trap "echo cleaned; exit 9" INT; echo ready; while :; do sleep 0.1; done'),
    );
    await until('the program runs', () => under.stdout().includes('ready'));
    under.kill('SIGINT');
    const { code, stdout } = await under.done;
    assert.equal(code, 9);
    assert.match(stdout.toString(), /cleaned/);
  });

  test('a second Ctrl-C leaves at once and the program is ended', async () => {
    const under = scene.start(bare('sh', '-c', 'trap "" INT HUP; echo ready; exec sleep 301'));
    await until('the program runs', () => under.stdout().includes('ready'));
    under.kill('SIGINT');
    await sleep(300);
    under.kill('SIGINT');
    const { code, stderr } = await under.done;
    assert.equal(code, 130, stderr);
    await until(
      'the program has ended',
      async () => (await scene.pcoder(bare('pgrep', '-f', 'sleep 301$'))).code === 1,
      30_000,
    );
  });

  test('a command that is killed takes its program with it', async () => {
    const under = scene.start(bare('sh', '-c', 'echo ready; exec sleep 302'));
    await until('the program runs', () => under.stdout().includes('ready'));
    under.kill('SIGKILL');
    await until(
      'the program has ended',
      async () => (await scene.pcoder(bare('pgrep', '-f', 'sleep 302$'))).code === 1,
      30_000,
    );
  });

  test('output to a closed pipe ends the program', async () => {
    const { code } = await scene.pcoder(bare('sh', '-c', 'yes | head -n 1'));
    assert.equal(code, 0);
  });
});

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
