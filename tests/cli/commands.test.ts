import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { machineNames, stateNames } from '../../src/bundle/folder.ts';
import { Desk } from './pretended-terminal.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk[Symbol.dispose]());

describe('doctor', () => {
  it('on a fresh folder warns of what is not there yet, names what fetches it, and is a success', async () => {
    const { code, out, err } = await desk.pcoder(['doctor']);
    assert.deepEqual([code, err], [0, ''], out);
    for (const line of [
      /^✓ Node that runs pcoder: v24/m,
      /^✓ State folder can be written/m,
      /^! QEMU, every file: /m,
      /^! Guest image, every byte: there is no guest image yet$/m,
      /^! Program of claude/m,
      /^✓ Profiles: .*demo/m,
    ])
      assert.match(out, line);
    const unwell = out.split('\n').filter((line) => /^[!✗]/.test(line)).length;
    assert.equal(out.split('\n').filter((line) => /^ {2}hint: \S/.test(line)).length, unwell);
  });

  it('says the same as JSON', async () => {
    const { out } = await desk.pcoder(['doctor', '--json']);
    const { ok, checks } = JSON.parse(out);
    assert.equal(ok, true);
    assert.ok(checks.length >= 8);
    for (const check of checks) {
      assert.ok(['ok', 'warning', 'failed'].includes(check.result), check.id);
      assert.equal(typeof check.remedy === 'string', check.result !== 'ok', check.id);
    }
  });

  it('fails on a settings file and a profile that do not fit, and names them', async () => {
    mkdirSync(desk.folder.state, { recursive: true });
    writeFileSync(stateNames(desk.folder).settings, '{');
    writeFileSync(join(desk.folder.root, 'profiles/broken.json'), '{}');
    const { code, out } = await desk.pcoder(['doctor']);
    assert.equal(code, 3);
    assert.match(out, /^✗ Settings file: .*settings\.json/m);
    assert.match(out, /^✗ Profiles: .*broken/m);
  });

  it('tells the last verdict on the accelerator with its reason', async () => {
    mkdirSync(stateNames(desk.folder).cache, { recursive: true });
    writeFileSync(
      stateNames(desk.folder).accelerator,
      JSON.stringify({
        key: 'k',
        accelerator: 'tcg',
        reason: 'software emulation, because kvm: the guest did not come up within 6 s',
        trials: [],
      }),
    );
    assert.match(
      (await desk.pcoder(['doctor'])).out,
      /^✓ Accelerator: tcg: software emulation, because kvm: the guest did not come up/m,
    );
    assert.match((await desk.pcoder(['status'])).out, /tcg next time \(software emulation, because kvm/);
  });
});

describe('a machine that does not run', () => {
  it('has a status, is stopped already, and no supervisor is started to find out', async () => {
    const status = await desk.pcoder(['status']);
    assert.deepEqual([status.code, status.out], [0, 'machine default: stopped\n']);
    assert.deepEqual(JSON.parse((await desk.pcoder(['status', '--json', 'other'])).out), {
      machine: 'other',
      state: 'stopped',
    });
    const stop = await desk.pcoder(['stop']);
    assert.deepEqual([stop.code, stop.out, stop.err], [0, '', 'pcoder: machine default does not run\n']);
    assert.deepEqual(JSON.parse((await desk.pcoder(['stop', '--json'])).out), {
      machine: 'default',
      manner: 'not running',
    });
    assert.ok(!existsSync(desk.folder.state));
  });

  it('has logs: the last lines of each, made harmless', async () => {
    const names = machineNames(desk.folder, 'default');
    mkdirSync(names.home, { recursive: true });
    writeFileSync(names.consoleLog, 'one\ntwo\x1b[2J\nthree\n');
    const { code, out } = await desk.pcoder(['logs', '--lines', '2']);
    assert.equal(code, 0);
    assert.ok(out.includes(`== console (${names.consoleLog})\ntwo\\u{1b}[2J\nthree\n`), out);
    const found = JSON.parse((await desk.pcoder(['logs', '--json', '--lines', '1'])).out);
    assert.deepEqual(
      found.map(({ name, text }: { name: string; text: string }) => `${name} ${text}`),
      ['supervisor ', 'qemu ', 'console three'],
    );
  });
});

describe('setup --init', () => {
  it('writes the choices of its flags and keeps what else was chosen', async () => {
    const file = stateNames(desk.folder).settings;
    assert.equal(
      (await desk.pcoder(['setup', '--init', '--tool', 'codex', '--auth', 'claude=oauth'])).code,
      0,
    );
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
      defaultTool: 'codex',
      defaultMode: 'linux-portable',
      auth: { claude: 'oauth' },
    });
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), memory: 1024 }));
    const { out } = await desk.pcoder([
      'setup',
      '--init',
      '--json',
      '--mode',
      'host-native',
      '--auth',
      'codex=api-key',
    ]);
    assert.deepEqual(JSON.parse(out), JSON.parse(readFileSync(file, 'utf8')));
    assert.deepEqual(JSON.parse(out), {
      defaultTool: 'codex',
      defaultMode: 'host-native',
      auth: { claude: 'oauth', codex: 'api-key' },
      memory: 1024,
    });
  });

  it('without a terminal and without flags writes the defaults', async () => {
    await desk.pcoder(['setup', '--init']);
    assert.deepEqual(JSON.parse(readFileSync(stateNames(desk.folder).settings, 'utf8')), {
      defaultTool: 'claude',
      defaultMode: 'linux-portable',
      auth: {},
    });
  });

  it('gives run its default tool', async () => {
    await desk.pcoder(['setup', '--init', '--tool', 'codex']);
    const { code, err } = await desk.pcoder(['run']);
    assert.equal(code, 4);
    assert.match(err, /no key for codex/);
  });
});

describe('profile', () => {
  it('lists and shows what the folder holds', async () => {
    const { out } = await desk.pcoder(['profile', 'list']);
    for (const name of ['anthropic', 'openai', 'demo']) assert.match(out, new RegExp(`^${name} +\\S`, 'm'));
    assert.equal(JSON.parse((await desk.pcoder(['profile', 'show', 'demo'])).out).name, 'demo');
    assert.ok(JSON.parse((await desk.pcoder(['profile', 'list', '--json'])).out).length >= 3);
  });
});

describe('image', () => {
  it('of an empty folder has none to list or verify', async () => {
    assert.deepEqual(await desk.pcoder(['image', 'list']), { code: 0, out: '', err: '' });
    assert.match((await desk.pcoder(['image', 'verify'])).err, /no image yet; pcoder image build/);
  });
});
