import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { contents, remove, Scene, write } from './scene.ts';

describe('what is ignored', () => {
  test('stays where it is on either side, while the rest travels', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', '*.log\n/out/\n!keep.log\n');
    write(scene.host, 'pkg/.gitignore', '!b.log\n');
    for (const path of ['a.log', 'keep.log', 'out/x', 'pkg/out/x', 'pkg/b.log', 'node_modules/m.js', '.env'])
      write(scene.host, path);
    await scene.exchange();
    assert.deepEqual(Object.keys(contents(scene.guest)).sort(), [
      '.gitignore',
      'keep.log',
      'pkg',
      'pkg/.gitignore',
      'pkg/b.log',
      'pkg/out',
      'pkg/out/x',
    ]);
    for (const path of ['b.log', 'out/y', 'node_modules/linux.js', 'pkg/.venv/bin/python', 'src/new.ts'])
      write(scene.guest, path);
    const report = await scene.exchange();
    assert.deepEqual(report.toHost, ['src', 'src/new.ts']);
    assert.deepEqual(report.refused, []);
    assert.equal(contents(scene.host)['.env'], '.env');
  });

  test('.pcoderignore stands above .gitignore, the default list and git', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', 'data/\n');
    write(scene.host, '.pcoderignore', '!data/\n!.env\nprivate/\n');
    for (const path of ['data/set.csv', '.env', 'private/tracked', 'private/other']) write(scene.host, path);
    track(scene.host, 'private/tracked');
    await scene.exchange();
    assert.deepEqual(Object.keys(contents(scene.guest)).sort(), [
      '.env',
      '.gitignore',
      '.pcoderignore',
      'data',
      'data/set.csv',
    ]);
  });

  test('is exchanged all the same when git tracks it, and only that of its folder', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', 'build/\n');
    for (const path of ['build/kept.txt', 'build/other.o', 'build/deep/kept.txt', 'x/node_modules/kept.js'])
      write(scene.host, path);
    track(scene.host, 'build/kept.txt', 'build/deep/kept.txt', 'x/node_modules/kept.js');
    await scene.exchange();
    write(scene.guest, 'build/kept.txt', 'changed');
    write(scene.guest, 'build/made.o');
    remove(scene.guest, 'x/node_modules/kept.js');
    const report = await scene.exchange();
    assert.deepEqual(report.toHost, ['build/kept.txt']);
    assert.deepEqual(report.deleted.onHost, ['x/node_modules/kept.js']);
    assert.deepEqual(report.refused, []);
    assert.equal(contents(scene.guest)['build/other.o'], undefined);
  });

  test('a tracked file removed on the host is removed in the guest', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', 'build/\n');
    write(scene.host, 'build/kept.txt');
    write(scene.host, 'build/stays.txt');
    track(scene.host, 'build/kept.txt', 'build/stays.txt');
    await scene.exchange();
    remove(scene.host, 'build/kept.txt');
    await scene.exchange();
    assert.equal(contents(scene.guest)['build/kept.txt'], undefined);
    assert.equal(contents(scene.guest)['build/stays.txt'], 'build/stays.txt');
  });

  test('the ignore files above a project that is part of a work tree hold too', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', '*.tmp\n/pkg/a/secret\nlib/\n');
    write(scene.host, 'pkg/.gitignore', '!b.tmp\n');
    for (const path of [
      'pkg/a/x.tmp',
      'pkg/a/b.tmp',
      'pkg/a/secret',
      'pkg/a/src/secret',
      'pkg/a/lib/kept',
      'pkg/a/lib/o',
    ])
      write(scene.host, path);
    track(scene.host, 'pkg/a/lib/kept');
    await scene.exchange({ root: join(scene.host, 'pkg/a') });
    assert.deepEqual(Object.keys(contents(scene.guest)).sort(), [
      'b.tmp',
      'lib',
      'lib/kept',
      'src',
      'src/secret',
    ]);
  });

  test('what becomes ignored is left alone on both sides, never deleted', async () => {
    using scene = new Scene();
    write(scene.host, 'gen/a', 'agreed');
    write(scene.host, 'x');
    await scene.exchange();
    write(scene.host, '.gitignore', 'gen/\n');
    write(scene.guest, 'gen/a', 'by the guest');
    write(scene.guest, 'gen/b');
    const report = await scene.exchange();
    assert.deepEqual([report.toHost, report.deleted], [[], { onHost: [], onGuest: [] }]);
    assert.equal(contents(scene.host)['gen/a'], 'agreed');
    assert.equal(contents(scene.guest)['gen/a'], 'by the guest');
    remove(scene.host, 'gen');
    await scene.exchange();
    assert.equal(contents(scene.guest)['gen/b'], 'gen/b');
  });

  test('what was ignored and becomes part is new on both sides: nothing is overwritten', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', 'gen/\n');
    write(scene.host, 'gen/both', 'of the host');
    write(scene.host, 'gen/host');
    await scene.exchange();
    write(scene.guest, 'gen/both', 'of the guest');
    write(scene.guest, 'gen/guest');
    write(scene.host, '.gitignore', '');
    const report = await scene.exchange();
    assert.equal(contents(scene.host)['gen/both'], 'of the host');
    assert.equal(report.conflicts.length, 1);
    assert.equal(contents(scene.host)[report.conflicts[0]?.copy ?? ''], 'of the guest');
    assert.equal(contents(scene.host)['gen/guest'], 'gen/guest');
    assert.equal(contents(scene.guest)['gen/host'], 'gen/host');
  });

  for (const [side, other] of [
    ['host', 'guest'],
    ['guest', 'host'],
  ] as const) {
    test(`a folder renamed by the ${side} leaves ignored files of the ${other} where they are`, async () => {
      using scene = new Scene();
      write(scene.host, '.gitignore', '*.log\n');
      write(scene.host, 'old/a.ts');
      await scene.exchange();
      write(scene[other], 'old/precious.log', 'precious');
      write(scene[other], 'old/node_modules/m.js', 'installed');
      renameSync(join(scene[side], 'old'), join(scene[side], 'new'));
      for (let pass = 0; pass < 2; pass++) await scene.exchange();
      const after = contents(scene[other]);
      assert.equal(after['old/precious.log'], 'precious');
      assert.equal(after['old/node_modules/m.js'], 'installed');
      assert.equal(after['new/a.ts'], 'old/a.ts');
      assert.equal(after['old/a.ts'], undefined);
    });
  }

  test('a guest that changes an ignore file decides nothing in the same pass', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', 'secret\n');
    write(scene.host, 'secret', 'of the host');
    write(scene.host, 'src/a.ts');
    await scene.exchange();
    write(scene.guest, '.gitignore', '');
    write(scene.guest, 'secret', 'by the guest');
    await scene.exchange();
    assert.equal(contents(scene.host)['secret'], 'of the host');
    assert.equal(contents(scene.guest)['secret'], 'by the guest');
    // And a listing that names it all the same is refused.
    write(scene.guest, '.gitignore', '*\n');
    mkdirSync(join(scene.guest, 'src/b'));
    await scene.exchange();
    await scene.exchange();
    assert.equal(contents(scene.host)['src/a.ts'], 'src/a.ts');
    assert.equal(contents(scene.guest)['src/a.ts'], 'src/a.ts');
  });
});

function track(root: string, ...paths: string[]): void {
  execFileSync('git', ['init', '-q', root]);
  execFileSync('git', ['-C', root, 'add', '-f', ...paths]);
}
