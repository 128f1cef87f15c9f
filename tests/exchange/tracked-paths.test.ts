import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gitFacts, indexPaths } from '../../src/exchange/tracked-paths.ts';

describe('the paths git tracks', () => {
  for (const version of ['2', '3', '4']) {
    test(`are read from an index of version ${version} as git reads them`, () => {
      const root = mkdtempSync(join(tmpdir(), 'index-'));
      try {
        const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' });
        git('init', '-q');
        const names = [
          'a',
          'ab',
          'abc',
          'dir/x',
          'dir/xy.ts',
          'd',
          'é',
          'a long name with spaces',
          'z'.repeat(200),
        ];
        mkdirSync(join(root, 'dir'));
        for (const name of names) writeFileSync(join(root, name), name);
        git('add', '-A');
        // An entry that is only intended makes git write the longer flags.
        if (version !== '2') {
          writeFileSync(join(root, 'intended'), '');
          git('add', '-N', 'intended');
        }
        git('update-index', '--index-version', version === '3' ? '2' : version);
        const told = git('ls-files', '-z').split('\0').filter(Boolean);
        const index = readFileSync(join(root, '.git/index'));
        assert.equal(index.readUInt32BE(4), Number(version));
        assert.deepEqual(indexPaths(index), told);
      } finally {
        rmSync(root, { recursive: true });
      }
    });
  }

  test('are none in a damaged index', () => {
    assert.deepEqual(indexPaths(Buffer.from('DIRC')), []);
    assert.deepEqual(indexPaths(Buffer.from('DIRC\0\0\0\x02\0\0\0\x05aaaa')), []);
    assert.deepEqual(indexPaths(Buffer.alloc(100)), []);
  });

  test('are found from inside a further work tree', async () => {
    const root = mkdtempSync(join(tmpdir(), 'worktree-'));
    try {
      const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { stdio: 'pipe' });
      git('init', '-q', 'main');
      writeFileSync(join(root, 'main/a'), '');
      git('-C', 'main', 'add', 'a');
      git('-C', 'main', '-c', 'user.name=n', '-c', 'user.email=e@x', 'commit', '-qm', 'one');
      git('-C', 'main', 'worktree', 'add', '-q', '../other');
      mkdirSync(join(root, 'other/sub'));
      const facts = await gitFacts(join(root, 'other/sub'));
      assert.deepEqual([facts?.top, [...(facts?.tracked ?? [])]], [join(root, 'other'), ['a']]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
