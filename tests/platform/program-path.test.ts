import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { it } from 'node:test';
import { findProgram } from '../../src/platform/program-path.ts';

it('finds a program on PATH, but none of the project’s, of a relative folder, or that is no program', async () => {
  const home = mkdtempSync(join(tmpdir(), 'path-'));
  try {
    const project = join(home, 'project');
    const folders = ['bin', 'project/bin', 'plain', 'folder/git'].map((name) => join(home, name));
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    for (const name of ['bin', 'project/bin']) writeFileSync(join(home, name, 'git'), '', { mode: 0o755 });
    writeFileSync(join(home, 'plain/git'), '');
    chmodSync(join(home, 'plain/git'), 0o644);
    const path = [
      '.',
      '',
      join(project, 'bin'),
      join(home, 'plain'),
      join(home, 'folder'),
      join(home, 'bin'),
    ].join(delimiter);
    assert.equal(await findProgram('git', { path, outside: project }), join(home, 'bin/git'));
    assert.equal(await findProgram('git', { path: join(project, 'bin'), outside: project }), undefined);
  } finally {
    rmSync(home, { recursive: true });
  }
});
