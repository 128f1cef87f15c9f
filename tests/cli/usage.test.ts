import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Desk } from './pretended-terminal.ts';

const desk = new Desk();
after(() => desk[Symbol.dispose]());

describe('help', () => {
  for (const words of [
    ['--help'],
    ['run', '--help'],
    ['exec', '--help'],
    ['image', 'build', '--help'],
    ['profile', '--help'],
    ['machine', '--help'],
    ['machine'],
    ['machine', 'fork', '--help'],
  ]) {
    it(`of ${words.join(' ')} goes to stdout, without colours, and is a success`, async () => {
      const { code, out, err } = await desk.pcoder(words);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^USAGE\n/);
      assert.doesNotMatch(out, /\x1b/);
    });
  }

  it('names every command of the design that exists', async () => {
    const { out } = await desk.pcoder(['--help']);
    for (const name of [
      'run',
      'exec',
      'start',
      'stop',
      'status',
      'shell',
      'logs',
      'ssh',
      'doctor',
      'smoke-check',
      'setup',
      'profile',
      'machine',
      'image',
    ])
      assert.match(out, new RegExp(`pcoder ${name}`), name);
  });

  it('and version need nothing of the folder and leave nothing in it', async () => {
    assert.match((await desk.pcoder(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
    assert.ok(!existsSync(desk.folder.state));
  });
});

describe('a command line that is wrong ends with 2, an error and a hint, and prints nothing on stdout', () => {
  for (const [what, words, error] of [
    ['an unknown command', ['frobnicate'], /no command frobnicate/],
    ['an unknown command with an escape in it', ['x\x1b[2J'], /no command x\\u\{1b\}/],
    ['a flag before the command', ['--nonsense'], /--nonsense/],
    ['an unknown flag', ['run', '--nope', 'claude'], /--nope/],
    ['a flag without its value', ['run', 'claude', '--profile'], /profile/],
    ['a mode that does not exist', ['run', '--mode', 'warp', 'claude'], /warp is no mode/],
    ['a machine name nobody may have', ['start', '../../etc'], /no machine name/],
    ['a machine name in capitals', ['status', 'Default'], /no machine name/],
    ['an exchange that does not exist', ['exec', '--exchange', 'twice', '--', 'true'], /twice/],
    ['a fork of a machine nobody may have', ['machine', 'fork', 'A', 'b'], /no machine name/],
    ['a fork to a name nobody may have', ['machine', 'fork', 'a', '../b'], /no machine name/],
    ['a fork without a name', ['machine', 'fork', 'a'], /new/],
    ['a fork of a machine that does not exist', ['machine', 'fork', 'a', 'b'], /no machine a/],
    ['a removal that names no machine', ['machine', 'rm', '--yes'], /machine/],
    ['a removal of a machine that does not exist', ['machine', 'rm', '--yes', 'a'], /no machine a/],
    ['a reset of a machine that does not exist', ['machine', 'reset', '--yes', 'a'], /no machine a/],
    ['too many words', ['start', 'a', 'b'], /Too many/],
    ['lines that are no number', ['logs', '--lines', 'many'], /number of lines/],
    ['a negative number of lines', ['logs', '--lines', '-3'], /./],
    ['exec without a command', ['exec'], /needs a command/],
    ['run without a tool', ['run'], /needs a tool/],
    ['an unknown tool', ['run', 'vim'], /no tool named "vim"/],
    ['an unknown profile', ['run', 'claude', '--profile', 'nobody'], /nobody/],
    ['an --allow that is no host', ['exec', '--allow', 'https://x/', '--', 'true'], /is no host/],
    ['a terminal where there is none', ['exec', '-t', '--', 'true'], /terminal/],
    ['a shell without a terminal', ['shell'], /terminal/],
    ['a setup flag that does not fit', ['setup', '--init', '--mode', 'warp'], /does not fit/],
    ['a setup for a tool that does not exist', ['setup', '--init', '--tool', 'vim'], /vim/],
  ] as const) {
    it(what, async () => {
      const { code, out, err } = await desk.pcoder([...words]);
      assert.deepEqual([code, out], [2, ''], err);
      assert.match(err, /^error: /);
      assert.match(err, error);
      assert.match(err, /\nhint: \S/);
      assert.doesNotMatch(err, /\x1b/);
    });
  }

  it('also where the real process ends', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', join(import.meta.dirname, '../../src/start.cjs'), 'cli', '--nonsense'],
      { env: { ...process.env, PCODER_STATE: desk.folder.state } },
    );
    assert.deepEqual([status, /^error: /.test(String(stderr))], [2, true]);
  });
});

describe('with --json', () => {
  for (const [words, code, exit] of [
    [['run', '--json', 'vim'], 'tool-unknown', 2],
    [['run', '--json', 'claude', '--profile', 'nobody'], 'profile-unknown', 2],
    [['run', '--json', 'claude'], 'credentials-missing', 4],
    [['exec', '--json'], 'usage', 2],
    [['machine', 'rm', '--json', '--yes', 'a'], 'machine-unknown', 2],
    [['profile', 'show', '--json', 'nobody'], 'profile-unknown', 2],
  ] as const) {
    it(`the error of ${words.join(' ')} is one line of JSON on stdout with the code ${code}`, async () => {
      const said = await desk.pcoder([...words]);
      assert.deepEqual([said.code, said.err], [exit, '']);
      const { error } = JSON.parse(said.out);
      assert.equal(error.code, code);
      assert.ok(error.message.length > 0 && error.hint.length > 0 && Array.isArray(error.causes));
    });
  }
});

describe('a tool without its key', () => {
  it('ends with 4, names the variable, and says what needs none', async () => {
    const { code, err } = await desk.pcoder(['run', 'claude', '--', '-p', 'x']);
    assert.equal(code, 4);
    assert.match(err, /ANTHROPIC_API_KEY/);
    assert.match(err, /hint: .*--profile demo/);
  });

  it('whose key cannot be used does not show it', async () => {
    const { code, out, err } = await desk.pcoder(['run', 'codex'], {
      env: { OPENAI_API_KEY: 'sk-very secret' },
    });
    assert.equal(code, 4);
    assert.ok(!(out + err).includes('secret'));
  });
});
