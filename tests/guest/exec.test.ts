import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WINDOW } from '../../src/channel/channel-stream.ts';
import { Fault } from '../../src/fault/fault.ts';
import { isSuperuser } from '../../src/platform/host.ts';
import { identify } from '../../src/platform/process-identity.ts';
import { Guest, type Ran } from './pretended-guest.ts';

const top = mkdtempSync(join(tmpdir(), 'exec-'));
after(() => rmSync(top, { recursive: true }));
writeFileSync(join(top, 'text'), '', { mode: 0o644 });

/** The agent daemon starts programs as root or as its own user, so it is root itself. */
describe('a program on pipes', {
  skip: isSuperuser() ? false : 'the agent daemon runs as root',
  timeout: 30_000,
}, () => {
  const sh = (script: string, more: Parameters<Guest['run']>[1] = {}) =>
    Guest.with((guest) => guest.run(['/bin/sh', '-c', script], more));
  const told = ({ code, signal }: Ran) => ({ code, signal });

  it('gets its arguments as they are, whatever they hold', async () => {
    const words = ['a b', '', '$HOME', '*', "it's", '"', 'ü\n', '-n'];
    const { stdout } = await Guest.with((guest) => guest.run(['/usr/bin/printf', '%s|', ...words]));
    assert.equal(String(stdout), words.map((word) => `${word}|`).join(''));
  });

  it('gives its exit code, or the name of the signal that ended it', async () => {
    assert.deepEqual(told(await sh('exit 37')), { code: 37, signal: null });
    assert.deepEqual(told(await sh('kill -SEGV $$')), { code: null, signal: 'SIGSEGV' });
  });

  it('loses no byte of several megabytes in and out, stderr kept apart', async () => {
    const input = randomBytes(5 * 2 ** 20 + 1);
    const digest = createHash('sha256').update(input).digest('hex');
    const copier = 'while (sysread(STDIN, $b, 65536)) { syswrite(STDOUT, $b); syswrite(STDERR, $b) }';
    const { stdout, stderr } = await Guest.with((guest) =>
      guest.run(['/usr/bin/perl', '-e', copier], { input }),
    );
    assert.equal(createHash('sha256').update(stdout).digest('hex'), digest);
    assert.equal(createHash('sha256').update(stderr).digest('hex'), digest);
  });

  it('that nobody reads waits, and loses nothing when it is read late', async () => {
    const held = 4 * WINDOW;
    const ran = await sh(`head -c ${held} /dev/zero; echo done >&2`, { readAfter: 800 });
    assert.deepEqual([ran.stdout.byteLength, String(ran.stderr), ran.code], [held, 'done\n', 0]);
  });

  it('ends when it ends, although a child in the background keeps its output open', async () => {
    const before = performance.now();
    const { stdout, code } = await sh('sleep 20 & echo $!; exit 3');
    const took = performance.now() - before;
    process.kill(Number(String(stdout)), 'SIGKILL');
    assert.equal(code, 3);
    assert.ok(took < 5000, `${took} ms`);
  });

  it('sees the end of its input, and one that reads none is not disturbed by it', async () => {
    assert.equal(String((await sh('wc -c', { input: Buffer.from('12345') })).stdout).trim(), '5');
    assert.equal((await sh('exit 0', { input: Buffer.alloc(3_000_000) })).code, 0);
  });

  it('hears a signal, also while it leaves its input unread', async () => {
    const ran = await sh('trap "echo heard; exit 9" INT; echo ready; while :; do sleep 0.05; done', {
      input: Buffer.alloc(4 * WINDOW),
      leaveOpen: true,
      signalAt: 'ready',
    });
    assert.deepEqual([String(ran.stdout), ran.code], ['ready\nheard\n', 9]);
  });

  it('is hung up on with all it started when its host side goes', async () => {
    const file = join(top, 'pids');
    const pids = await Guest.with(async (guest) => {
      const stream = guest.open([
        '/bin/sh',
        '-c',
        `trap "" HUP; sleep 30 & echo $$ $! > ${file}.tmp; mv ${file}.tmp ${file}; wait; sleep 30`,
      ]);
      while (!existsSync(file)) await sleep(10);
      stream.reset(new Fault('interrupted', 'gone'));
      const found = readFileSync(file, 'utf8').trim().split(' ').map(Number);
      // The one that ignores the hang-up is killed 2 s later.
      for (let tries = 0; tries < 400 && found.some((pid) => identify(pid) !== undefined); tries++)
        await sleep(10);
      return found;
    });
    assert.deepEqual(
      pids.map((pid) => identify(pid)),
      [undefined, undefined],
    );
  });

  it('has the guest user’s environment with what was asked for on top', async () => {
    const { stdout } = await sh('echo "$HOME $USER $EXTRA $PWD"', { env: { EXTRA: 'ä b' }, cwd: top });
    assert.equal(String(stdout), `/root root ä b ${top}\n`);
  });

  for (const [what, argv, cwd, message] of [
    ['that does not exist', ['no-such-program'], top, /no program no-such-program/],
    ['that is a folder', ['/etc'], top, /no program/],
    ['that is not executable', [join(top, 'text')], top, /no program/],
    ['in a folder that does not exist', ['/bin/true'], '/no/such/folder', /no folder/],
  ] as const) {
    it(`${what} is a clear fault`, async () => {
      await assert.rejects(
        Guest.with((guest) => guest.run([...argv], { cwd })),
        { code: 'command-not-startable', message },
      );
    });
  }

  it('asked for with an empty argv or a NUL is a fault, and the daemon lives on', async () => {
    await Guest.with(async (guest) => {
      await assert.rejects(guest.run([]), { code: 'protocol-violation' });
      await assert.rejects(guest.run(['/bin/echo', 'a\0b']));
      assert.equal((await guest.run(['/bin/true'])).code, 0);
    });
  });

  it('does not wait for nine others: ten run at once', async () => {
    const before = performance.now();
    const codes = await Guest.with((guest) =>
      Promise.all(
        Array.from({ length: 10 }, (_, index) => guest.run(['/bin/sh', '-c', `sleep 0.5; exit ${index}`])),
      ),
    );
    assert.deepEqual(
      codes.map(({ code }) => code),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.ok(performance.now() - before < 3500);
  });
});

describe('a program on a terminal', {
  skip: isSuperuser() ? false : 'the agent daemon runs as root',
  timeout: 30_000,
}, () => {
  const terminal = { rows: 33, columns: 101 };
  const sh = (script: string, more: Parameters<Guest['run']>[1] = {}) =>
    Guest.with((guest) => guest.run(['/bin/sh', '-c', script], { terminal, ...more }));

  it('finds a terminal of the size asked for, its own session and an exit code of its own', async () => {
    const { stdout, code } = await sh('test -t 0 && test -t 1 && test -t 2 && stty size && tty && exit 5');
    assert.match(String(stdout), /^33 101\r\n\/dev\/pts\/\d+\r\n$/);
    assert.equal(code, 5);
  });

  it('is told of a new size', async () => {
    const ran = await sh('trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done', {
      resizeAt: 'ready',
      leaveOpen: true,
    });
    assert.equal(String(ran.stdout), 'ready\r\n50 120\r\n');
  });

  it('is interrupted by the byte of Ctrl-C', async () => {
    const ran = await sh('trap "echo heard; exit 7" INT; echo ready; while :; do sleep 0.05; done', {
      typeAt: ['ready', Buffer.from([3])],
      leaveOpen: true,
    });
    assert.match(String(ran.stdout), /heard/);
    assert.equal(ran.code, 7);
    const silent = await sh('echo ready; exec sleep 30', {
      typeAt: ['ready', Buffer.from([3])],
      leaveOpen: true,
    });
    assert.deepEqual([silent.code, silent.signal], [null, 'SIGINT']);
  });

  it('sees the end of input as Ctrl-D, and echoes what is typed', async () => {
    const ran = await sh('echo ready; cat; echo over', { typeAt: ['ready', Buffer.from('hi\n')] });
    assert.match(String(ran.stdout), /ready\r\nhi\r\nhi\r\nover\r\n$/);
  });

  it('loses nothing it has shown although the reader is slow', async () => {
    for (const size of [WINDOW + 3000, WINDOW + 60_000]) {
      const ran = await sh(`head -c ${size} /dev/zero | tr "\\0" x; echo end`, { readAfter: 800 });
      assert.deepEqual([ran.stdout.byteLength, ran.stdout.subarray(-5).toString()], [size + 5, 'end\r\n']);
    }
  });

  it('that does not exist is a fault, as on pipes', async () => {
    const ran = await Guest.with((guest) => guest.run(['no-such-program'], { terminal })).catch(
      (error) => error.code,
    );
    assert.equal(ran, 'command-not-startable');
  });
});
