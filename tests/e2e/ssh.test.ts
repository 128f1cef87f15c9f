import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { makeScene } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
});
after(() => scene[Symbol.asyncDispose]());

describe('ssh into the guest', () => {
  test('the printed configuration logs in with the host key known in advance', async () => {
    const { stdout } = await scene.pcoder(['ssh', '--config']);
    const config = join(scene.state, 'printed-config');
    await writeFile(config, stdout);
    const login = await execa('ssh', ['-F', config, 'pcoder-default', 'id -un; cat'], {
      input: 'over ssh',
      reject: false,
    });
    assert.equal(login.stdout, 'portable\nover ssh', login.stderr);
    assert.equal(login.stderr, '');
  });

  test('the port is on the host’s loopback, in ssh-port.txt, and gone after the stop', async () => {
    const file = join(scene.state, 'vm/default/ssh-port.txt');
    const port = Number(await readFile(file, 'utf8'));
    assert.equal((await scene.status()).sshPort, port);
    const { stdout } = await execa('ss', ['-ltnH', `sport = :${port}`]);
    assert.match(stdout, /127\.0\.0\.1:/);
    assert.equal(/0\.0\.0\.0:|\[::\]:|\*:/.test(stdout.split(/\s+/)[3] ?? ''), false, stdout);
  });

  test('keys and sockets are the user’s alone', async () => {
    const home = join(scene.state, 'vm/default');
    assert.equal((await stat(home)).mode & 0o777, 0o700);
    for (const name of ['ssh/id_ed25519', 'ssh/host_ed25519', 'boot.key', 'machine.json']) {
      assert.equal((await stat(join(home, name))).mode & 0o077, 0, name);
    }
  });

  test('scp carries a file there and back', async () => {
    const config = join(scene.state, 'vm/default/ssh/config');
    const content = randomBytes(300_000);
    await writeFile(join(scene.project, 'sent'), content);
    await execa('scp', ['-q', '-F', config, join(scene.project, 'sent'), 'pcoder-default:/tmp/sent']);
    await execa('scp', ['-q', '-F', config, 'pcoder-default:/tmp/sent', join(scene.project, 'returned')]);
    assert.ok(content.equals(await readFile(join(scene.project, 'returned'))));
  });

  test('a stopped machine leaves none of its run files behind', async () => {
    await scene.pcoder(['stop']);
    for (const name of ['ssh-port.txt', 'qemu.pid', 'boot.key', 'boot.cpio', 'qmp.sock', 'channel.sock']) {
      await assert.rejects(stat(join(scene.state, 'vm/default', name)), name);
    }
  });
});
