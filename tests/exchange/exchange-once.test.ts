import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { contents, LINUX, link, remove, Scene, write } from './scene.ts';

describe('one exchange', () => {
  test('brings the project into a guest that has nothing, with bits, links, empty folders and times', async () => {
    using scene = new Scene();
    write(scene.host, 'a.txt');
    write(scene.host, 'src/run.sh', '#!/bin/sh\n', 0o755);
    mkdirSync(join(scene.host, 'empty'));
    link(scene.host, 'src/link', '../a.txt');
    write(scene.host, 'big.bin', 'x'.repeat(3_000_000));
    const report = await scene.exchange();
    assert.deepEqual(contents(scene.guest), contents(scene.host));
    assert.equal(statSync(join(scene.guest, 'src/run.sh')).mode & 0o777, 0o755);
    assert.equal(
      Math.floor(statSync(join(scene.guest, 'a.txt')).mtimeMs),
      Math.floor(statSync(join(scene.host, 'a.txt')).mtimeMs),
    );
    assert.deepEqual(report.refused, []);
    assert.equal(report.toGuest.length, 6);
  });

  test('a second pass has nothing to do', async () => {
    using scene = new Scene();
    write(scene.host, 'a/b/c.txt');
    await scene.exchange();
    const report = await scene.exchange();
    assert.deepEqual([report.toGuest, report.toHost, report.deleted], [[], [], { onHost: [], onGuest: [] }]);
  });

  test('brings back what the guest made, changed and removed', async () => {
    using scene = new Scene();
    for (const name of ['keep', 'change', 'gone', 'dir/x', 'dir/y']) write(scene.host, name);
    await scene.exchange();
    write(scene.guest, 'change', 'by the guest');
    write(scene.guest, 'made/new.txt', 'new');
    remove(scene.guest, 'gone');
    remove(scene.guest, 'dir');
    const report = await scene.exchange();
    assert.deepEqual(contents(scene.host), {
      change: 'by the guest',
      keep: 'keep',
      made: '/',
      'made/new.txt': 'new',
    });
    assert.deepEqual(report.deleted.onHost.sort(), ['dir', 'dir/x', 'dir/y', 'gone']);
  });

  test('a replaced file on the host keeps its permission bits besides the executable one', async () => {
    using scene = new Scene();
    write(scene.host, 'secret', 'old');
    chmodSync(join(scene.host, 'secret'), 0o600);
    await scene.exchange();
    write(scene.guest, 'secret', 'new');
    await scene.exchange();
    assert.equal(statSync(join(scene.host, 'secret')).mode & 0o777, 0o600);
    chmodSync(join(scene.guest, 'secret'), 0o755);
    await scene.exchange();
    assert.equal(statSync(join(scene.host, 'secret')).mode & 0o777, 0o700);
  });

  test('what both changed stays on the host, and the guest version is kept beside it on both sides', async () => {
    using scene = new Scene();
    write(scene.host, 'f.txt', 'base');
    await scene.exchange();
    write(scene.host, 'f.txt', 'host');
    write(scene.guest, 'f.txt', 'guest!');
    const report = await scene.exchange();
    const both = { 'f.pcoder-conflict-s1-1.txt': 'guest!', 'f.txt': 'host' };
    assert.deepEqual(contents(scene.host), both);
    assert.deepEqual(contents(scene.guest), both);
    assert.deepEqual(report.conflicts, [{ path: 'f.txt', copy: 'f.pcoder-conflict-s1-1.txt' }]);
    assert.deepEqual((await scene.exchange()).toHost, []);
  });

  test('a modification beats a removal, on either side', async () => {
    using scene = new Scene();
    for (const name of ['a/one', 'b/two', 'rest']) write(scene.host, name);
    await scene.exchange();
    remove(scene.host, 'a');
    write(scene.guest, 'a/one', 'still wanted');
    remove(scene.guest, 'b');
    write(scene.host, 'b/two', 'wanted too');
    await scene.exchange();
    const both = { a: '/', 'a/one': 'still wanted', b: '/', 'b/two': 'wanted too', rest: 'rest' };
    assert.deepEqual(contents(scene.host), both);
    assert.deepEqual(contents(scene.guest), both);
  });

  test('a file the guest turned into a folder leaves the host file, with the folder beside it', async () => {
    using scene = new Scene();
    write(scene.host, 'thing', 'file');
    write(scene.host, 'rest');
    await scene.exchange();
    remove(scene.guest, 'thing');
    write(scene.guest, 'thing/inner', 'guest');
    await scene.exchange();
    const both = {
      rest: 'rest',
      thing: 'file',
      'thing.pcoder-conflict-s1-1': '/',
      'thing.pcoder-conflict-s1-1/inner': 'guest',
    };
    assert.deepEqual(contents(scene.host), both);
    assert.deepEqual(contents(scene.guest), both);
  });

  test('without the last agreed tree nothing is removed and what differs is kept twice', async () => {
    using scene = new Scene();
    for (const name of ['same', 'host-only', 'both']) write(scene.host, name);
    await scene.exchange();
    remove(scene.guest, 'host-only');
    write(scene.guest, 'guest-only');
    write(scene.guest, 'both', 'other');
    writeFileSync(scene.base, '{ damaged');
    const report = await scene.exchange();
    const both = {
      both: 'both',
      'both.pcoder-conflict-s1-1': 'other',
      'guest-only': 'guest-only',
      'host-only': 'host-only',
      same: 'same',
    };
    assert.deepEqual(contents(scene.host), both);
    assert.deepEqual(contents(scene.guest), both);
    assert.deepEqual(report.deleted, { onHost: [], onGuest: [] });
  });

  test('a project that was emptied stops the exchange, an emptied copy changes nothing, one removed as a whole is made anew', async () => {
    using scene = new Scene();
    write(scene.host, 'a');
    write(scene.host, 'b');
    await scene.exchange();
    remove(scene.guest, 'a');
    remove(scene.guest, 'b');
    await scene.exchange();
    assert.deepEqual(contents(scene.host), { a: 'a', b: 'b' });
    rmSync(scene.guest, { recursive: true });
    await scene.exchange();
    assert.deepEqual(contents(scene.guest), { a: 'a', b: 'b' });
    remove(scene.host, 'a');
    remove(scene.host, 'b');
    await assert.rejects(scene.exchange(), { code: 'exchange-refused' });
    assert.deepEqual(contents(scene.guest), { a: 'a', b: 'b' });
  });

  test('ignored folders stay where they are, and a folder that holds one is not removed', async () => {
    using scene = new Scene();
    write(scene.host, '.git/config', 'host');
    write(scene.host, 'pkg/node_modules/m.js', 'host');
    write(scene.host, 'pkg/index.js');
    write(scene.host, 'state/key');
    await scene.exchange({ skip: [join(scene.host, 'state')] });
    assert.deepEqual(contents(scene.guest), { pkg: '/', 'pkg/index.js': 'pkg/index.js' });
    remove(scene.guest, 'pkg');
    write(scene.guest, 'other');
    const report = await scene.exchange({ skip: [join(scene.host, 'state')] });
    assert.equal(contents(scene.host)['pkg/node_modules/m.js'], 'host');
    assert.equal(contents(scene.host)['.git/config'], 'host');
    assert.deepEqual(
      report.refused.map(({ path, reason }) => [path, reason]),
      [['pkg', 'not-empty']],
    );
  });

  test('what is no file, folder or inner link is reported, and the rest goes on', async () => {
    using scene = new Scene();
    write(scene.host, 'a');
    await scene.exchange();
    execFileSync('mkfifo', [join(scene.guest, 'pipe')]);
    link(scene.guest, 'out', '/etc/passwd');
    link(scene.guest, 'up', '../base.jsonl');
    write(scene.guest, 'new\u001b]0;x\u0007', 'n');
    write(scene.guest, 'fine');
    write(scene.guest, '.GIT/hooks/pre-commit', 'evil');
    const report = await scene.exchange();
    assert.deepEqual(contents(scene.host), { a: 'a', fine: 'fine' });
    assert.deepEqual(
      new Map(report.refused.map(({ path, reason }) => [path, reason])),
      new Map([
        ['new\\u{1b}]0;x\\u{7}', 'name'],
        ['out', 'link'],
        ['pipe', 'special'],
        ['up', 'link'],
      ]),
    );
  });

  test('a host file where the guest has something unusable is left alone', async () => {
    using scene = new Scene();
    write(scene.host, 'a');
    write(scene.host, 'd/b');
    await scene.exchange();
    remove(scene.guest, 'a');
    execFileSync('mkfifo', [join(scene.guest, 'a')]);
    remove(scene.guest, 'd');
    link(scene.guest, 'd', '/etc');
    await scene.exchange();
    assert.deepEqual(contents(scene.host), { a: 'a', d: '/', 'd/b': 'd/b' });
  });

  test('names that are one on the host are held, and so is what they would replace', async () => {
    using scene = new Scene();
    write(scene.host, 'README');
    write(scene.host, 'x');
    await scene.exchange();
    remove(scene.guest, 'README');
    write(scene.guest, 'readme', 'evil');
    write(scene.guest, 'straße', '1');
    write(scene.guest, 'STRASSE', '2');
    const report = await scene.exchange({ host: { ...LINUX, caseInsensitive: true } });
    assert.deepEqual(contents(scene.host), { README: 'README', x: 'x' });
    assert.deepEqual([...new Set(report.refused.map(({ reason }) => reason))], ['collision']);
    assert.equal(report.refused.length, 4);
  });

  test('names Windows reserves stay in the guest when the host is Windows', async () => {
    using scene = new Scene();
    write(scene.host, 'x');
    await scene.exchange();
    for (const name of ['nul.txt', 'a.', 'b ', 'c:d', 'COM1', 'PROGRA~1', 'ok.txt']) write(scene.guest, name);
    await scene.exchange({ host: { ...LINUX, windowsNames: true } });
    assert.deepEqual(Object.keys(contents(scene.host)), ['ok.txt', 'x']);
  });

  test('a host without executable bits does not take them away', async () => {
    using scene = new Scene();
    const host = { ...LINUX, execBits: false };
    write(scene.host, 'x');
    await scene.exchange({ host });
    write(scene.guest, 'tool', 'one', 0o755);
    await scene.exchange({ host });
    chmodSync(join(scene.host, 'tool'), 0o644);
    write(scene.host, 'tool', 'two');
    await scene.exchange({ host });
    assert.equal(statSync(join(scene.guest, 'tool')).mode & 0o777, 0o755);
    assert.equal(contents(scene.guest).tool, 'two');
  });

  test('a host file changed while the exchange runs is neither replaced nor removed', async () => {
    using scene = new Scene();
    for (const name of ['a', 'b', 'c']) write(scene.host, name);
    await scene.exchange();
    write(scene.guest, 'a', 'guest');
    remove(scene.guest, 'b');
    const report = await scene.exchange({
      effect: (what) => {
        if (what === 'make the temporary folder') {
          write(scene.host, 'a', 'H');
          write(scene.host, 'b', 'H');
        }
      },
    });
    assert.equal(contents(scene.host).a, 'H');
    assert.equal(contents(scene.host).b, 'H');
    assert.deepEqual(
      report.refused.map(({ path, reason }) => [path, reason]),
      [['a', 'changed']],
    );
    await scene.exchange();
    const both = { a: 'H', 'a.pcoder-conflict-s1-1': 'guest', b: 'H', c: 'c' };
    assert.deepEqual(contents(scene.host), both);
    assert.deepEqual(contents(scene.guest), both);
  });

  test('a file that appears on the host at the last moment is not overwritten', async () => {
    using scene = new Scene();
    write(scene.host, 'x');
    await scene.exchange();
    write(scene.guest, 'new', 'guest');
    await scene.exchange({
      effect: (what) => void (what === 'name new' && write(scene.host, 'new', 'host')),
    });
    assert.equal(contents(scene.host).new, 'host');
    await scene.exchange();
    assert.deepEqual(contents(scene.host), { 'new': 'host', 'new.pcoder-conflict-s1-1': 'guest', x: 'x' });
  });

  test('a folder swapped for a link out of the project at the last moment is not followed', async () => {
    using scene = new Scene();
    write(scene.host, 'd/x');
    mkdirSync(join(scene.home, 'outside'));
    await scene.exchange();
    write(scene.guest, 'd/new', 'evil');
    write(scene.guest, 'd/x', 'evil');
    const report = await scene.exchange({
      effect: (what) => {
        if (what !== 'make the temporary folder') return;
        remove(scene.host, 'd');
        link(scene.host, 'd', '../outside');
      },
    });
    assert.deepEqual(contents(join(scene.home, 'outside')), {});
    assert.deepEqual(
      report.refused.map(({ reason }) => reason),
      ['changed', 'changed'],
    );
  });
});
