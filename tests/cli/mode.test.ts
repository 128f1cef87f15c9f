import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { chooseMode } from '../../src/cli/mode.ts';
import { Desk } from './pretended-terminal.ts';

describe('the mode', () => {
  for (const [flag, setting, mode] of [
    [undefined, undefined, 'linux-portable'],
    ['host-native', undefined, 'host-native'],
    [undefined, 'host-native', 'host-native'],
    ['linux-portable', 'host-native', 'linux-portable'],
    ['host-native', 'linux-portable', 'host-native'],
  ] as const) {
    it(`is ${mode} with flag ${flag} and setting ${setting}, without a word`, () =>
      assert.deepEqual(chooseMode(flag, setting), { mode, note: undefined }));
  }

  for (const [flag, setting] of [
    ['linux-wsl', undefined],
    [undefined, 'linux-wsl'],
    ['linux-wsl', 'host-native'],
  ] as const) {
    it(`that is not available here falls back to the VM, never to the bare host, and says so (flag ${flag}, setting ${setting})`, () => {
      const { mode, note } = chooseMode(flag, setting);
      assert.equal(mode, 'linux-portable');
      assert.match(note ?? '', /linux-wsl is not available .*linux-portable/);
    });
  }
});

describe('host-native', () => {
  const desk = new Desk();
  after(() => desk[Symbol.dispose]());

  it('runs the command in the project and gives its exit code or its signal’s', async () => {
    const run = (script: string) =>
      desk.pcoder([
        'exec',
        '--mode',
        'host-native',
        '--project',
        desk.project,
        '--',
        '/bin/sh',
        '-c',
        script,
      ]);
    assert.equal((await run(`test "$PWD" = "${desk.project}" && exit 41`)).code, 41);
    assert.equal((await run('kill -TERM $$')).code, 143);
    assert.equal((await run('exit 0')).code, 0);
  });

  it('says that a program is missing', async () => {
    const { code, err } = await desk.pcoder(['exec', '--mode', 'host-native', '--', 'no-such-program']);
    assert.equal(code, 3);
    assert.match(err, /no program no-such-program[^]*hint: /);
  });

  it('cannot serve the scripted model, and says what to leave away', async () => {
    const { code, err } = await desk.pcoder(['run', 'claude', '--profile', 'demo', '--mode', 'host-native']);
    assert.equal(code, 2);
    assert.match(err, /hint: .*--mode host-native/);
  });

  it('a settings file that does not fit is named, unless a flag decides', async () => {
    mkdirSync(desk.folder.state, { recursive: true });
    writeFileSync(join(desk.folder.state, 'settings.json'), '{"defaultMode":"warp"}');
    const { code, err } = await desk.pcoder(['exec', '--', 'true']);
    assert.equal(code, 2);
    assert.match(err, /settings\.json[^]*hint: /);
    assert.equal((await desk.pcoder(['exec', '--mode', 'host-native', '--', '/bin/true'])).code, 0);
  });
});
