import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeScene } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
});
after(() => scene[Symbol.asyncDispose]());

describe('the commands about a machine', () => {
  test('nothing runs: status says so and starts nothing', async () => {
    const { code, stdout } = await scene.pcoder(['status']);
    assert.equal(code, 0);
    assert.match(stdout.toString(), /^machine default: stopped/);
    const { stderr } = await scene.pcoder(['stop']);
    assert.match(stderr, /machine default does not run/);
  });

  test('the agent daemon serves before the system’s own start-up has begun', async () => {
    const { code, stdout, stderr } = await scene.pcoder([
      'exec',
      '--exchange',
      'none',
      '--',
      'sh',
      '-c',
      'cat /proc/1/comm; hostname; test -c /dev/ptmx && test -d /dev/pts && echo terminals',
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.toString(), 'start\npcoder\nterminals\n');
  });

  test('status tells accelerator and reason, and who runs with how much memory', async () => {
    const { stdout } = await scene.pcoder(['status']);
    assert.match(stdout.toString(), /accelerator {2}(tcg \(software emulation|kvm \(a guest answered)/);
    assert.match(stdout.toString(), /supervisor {3}process \d+, \d+ MiB/);
    const status = await scene.status();
    assert.equal(status.state, 'running');
    assert.ok((status.guest?.resident ?? 0) > 0);
  });

  test('start on a machine that runs changes nothing', async () => {
    const before = await scene.status();
    const { code } = await scene.pcoder(['start']);
    assert.equal(code, 0);
    assert.equal((await scene.status()).run?.pid, before.run?.pid);
  });

  test('a second machine runs beside it and is stopped by its name', async () => {
    const { code, stdout, stderr } = await scene.pcoder([
      'exec',
      '--machine',
      'other',
      '--exchange',
      'none',
      '--',
      'echo',
      'here',
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.toString(), 'here\n');
    assert.match((await scene.pcoder(['stop', 'other'])).stderr, /machine other suspended/);
    assert.equal((await scene.status()).state, 'running');
  });

  test('smoke-check proves the whole path and exits 0', async () => {
    const { code, stdout, stderr } = await scene.pcoder(['smoke-check', '--json']);
    const report = JSON.parse(stdout.toString());
    assert.equal(code, 0, stderr + stdout);
    const found = new Map<string, string>(
      report.checks.map((check: { id: string; result: string }) => [check.id, check.result]),
    );
    for (const id of ['boot', 'agent', 'ssh', 'guest-tools', 'round-trip', 'tool-claude', 'tool-codex'])
      assert.equal(found.get(id), 'ok', id);
  });

  test('redirections to /dev/stdout and /dev/stderr work as on any terminal', async () => {
    const { stdout, stderr } = await scene.pcoder(
      [
        'exec',
        '--exchange',
        'none',
        '--',
        'sh',
        '-c',
        'echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin',
      ],
      { input: 'in\n' },
    );
    assert.equal(stdout.toString(), 'out\nin\n');
    assert.equal(stderr, 'err\n');
  });

  test('logs shows the parts, and a stop with --shutdown ends gently', async () => {
    assert.match(
      (await scene.pcoder(['logs'])).stdout.toString(),
      /== supervisor[\s\S]*== qemu[\s\S]*== console/,
    );
    assert.match(
      (await scene.pcoder(['stop', '--shutdown'])).stderr,
      /machine default stopped \(guest shutdown\)/,
    );
  });

  test('setup --init writes the settings that the next command uses', async () => {
    const { code, stderr } = await scene.pcoder([
      'setup',
      '--init',
      '--tool',
      'codex',
      '--mode',
      'host-native',
      '--auth',
      'codex=api-key',
    ]);
    assert.equal(code, 0, stderr);
    const settings = JSON.parse(await readFile(join(scene.state, 'settings.json'), 'utf8'));
    assert.deepEqual(settings, {
      golden: false,
      defaultTool: 'codex',
      defaultMode: 'host-native',
      auth: { codex: 'api-key' },
    });
    const { stdout } = await scene.pcoder(['exec', '--', 'uname', '-n']);
    assert.notEqual(stdout.toString(), 'pcoder\n');
  });

  test('host-native runs the host’s own tool through the same command and says what that means', async () => {
    const bin = join(scene.state, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'claude'), '#!/bin/sh\necho "own claude: $*"; pwd; exit 7\n', { mode: 0o755 });
    const { code, stdout, stderr } = await scene.pcoder(
      ['run', 'claude', '--mode', 'host-native', '--', '-p', 'hello'],
      { env: { PATH: `${bin}:${process.env['PATH']}` } },
    );
    assert.equal(code, 7, stderr);
    assert.equal(stdout.toString(), `own claude: -p hello\n${scene.project}\n`);
    assert.match(stderr, /no isolation/);
  });

  test('a mode this host lacks falls back to the VM and says so', async () => {
    const { stdout, stderr } = await scene.pcoder([
      'exec',
      '--mode',
      'linux-wsl',
      '--exchange',
      'none',
      '--',
      'uname',
      '-n',
    ]);
    assert.equal(stdout.toString(), 'pcoder\n');
    assert.match(stderr, /linux-wsl is not available on this host; using linux-portable instead/);
    await scene.pcoder(['stop']);
  });
});
