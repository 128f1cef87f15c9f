import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  LONGEST_SOCKET_PATH,
  makePrivateFolder,
  makeSocketFolder,
  socketFolder,
} from '../../src/platform/private-folder.ts';

const top = mkdtempSync(join(tmpdir(), 'private-'));
after(() => rmSync(top, { recursive: true }));
const inRuntime = { XDG_RUNTIME_DIR: join(top, 'run') };

describe('a private folder', () => {
  it('is the owner’s alone, also when it was there with wider rights', async () => {
    const path = join(top, 'open');
    mkdirSync(path, { mode: 0o755 });
    chmodSync(path, 0o755);
    await makePrivateFolder(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    await makePrivateFolder(join(top, 'a/b/c'));
    assert.equal(statSync(join(top, 'a/b/c')).mode & 0o777, 0o700);
  });
});

describe('the folder for sockets', () => {
  it('is the machine’s own where that is short enough', () => {
    assert.equal(socketFolder('/work/state/vm/default', inRuntime), '/work/state/vm/default');
  });

  it('counts bytes, not letters', () => {
    const home = `/${'ü'.repeat(50)}`;
    assert.ok(home.length < 87 && Buffer.byteLength(home) > 87);
    assert.notEqual(socketFolder(home, inRuntime), home);
  });

  it('is short enough for every socket of ours, whatever the path and the environment', () => {
    const names = ['supervisor.sock', 'channel.sock', 'qmp.sock'];
    const variable = fc.option(
      fc.oneof(
        fc.constantFrom('', 'relative/run', `/${'long/'.repeat(30)}`),
        fc.string({ unit: 'grapheme', maxLength: 120 }).map((tail) => `/${tail}`),
      ),
      { nil: undefined },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' }), variable, (tail, runtime) => {
        const folder = socketFolder(`/${tail}`, runtime === undefined ? {} : { XDG_RUNTIME_DIR: runtime });
        assert.ok(isAbsolute(folder), folder);
        for (const name of names)
          assert.ok(Buffer.byteLength(join(folder, name)) <= LONGEST_SOCKET_PATH, folder);
      }),
    );
  });

  it('differs for different machines and is the same each time', () => {
    const [one, two] = [`/${'x'.repeat(120)}1`, `/${'x'.repeat(120)}2`];
    assert.equal(socketFolder(one, inRuntime), socketFolder(one, inRuntime));
    assert.notEqual(socketFolder(one, inRuntime), socketFolder(two, inRuntime));
  });

  it('of a long and non-ASCII path is made private and really takes a socket', async () => {
    const home = join(top, 'ein sehr langer Ordner mit Ümläuten 项目'.repeat(3));
    const folder = await makeSocketFolder(home);
    assert.notEqual(folder, home);
    for (const path of [folder, dirname(folder)]) assert.equal(statSync(path).mode & 0o777, 0o700);
    const server = createServer().listen(join(folder, 'supervisor.sock'));
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true });
  });

  it('that somebody put a link or a file in the place of is refused', async () => {
    const home = `/${'y'.repeat(120)}${process.pid}`;
    const folder = socketFolder(home);
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    mkdirSync(join(top, 'elsewhere'));
    symlinkSync(join(top, 'elsewhere'), folder);
    await assert.rejects(makeSocketFolder(home), { code: 'folder-unwritable' });
    rmSync(folder);
    writeFileSync(folder, '');
    await assert.rejects(makeSocketFolder(home));
    rmSync(folder);
    assert.ok(!existsSync(folder));
  });
});
