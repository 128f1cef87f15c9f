import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarball } from '../../../bench/work/tarball.ts';

test('tar unpacks every file with its content, whatever its length', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pcoder-tarball-'));
  try {
    const files = {
      'package/empty': '',
      'package/lib/block': 'x'.repeat(512),
      'package/text': 'ü\n'.repeat(700),
    };
    await writeFile(join(folder, 'all.tgz'), tarball(files));
    execFileSync('tar', ['-xzf', 'all.tgz'], { cwd: folder });
    for (const [name, content] of Object.entries(files))
      assert.equal(await readFile(join(folder, name), 'utf8'), content);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
