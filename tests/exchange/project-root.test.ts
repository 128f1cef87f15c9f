import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { probeHostTraits } from '../../src/exchange/host-traits.ts';
import { projectPaths, refuseUnsuitableRoot } from '../../src/exchange/project-root.ts';

describe('a project root', () => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'root-')));
  after(() => rmSync(top, { recursive: true }));
  const home = join(top, 'home/user');
  const portable = join(top, 'home/user/work/stick/pcoder');
  mkdirSync(portable, { recursive: true });
  const around = { home, portable };

  test('is neither the disk, the home folder, nor anything that holds them or the portable folder from afar', async () => {
    for (const root of ['/', top, join(top, 'home'), home, join(home, 'work')]) {
      await assert.rejects(refuseUnsuitableRoot(root, around), { code: 'project-unusable' }, root);
    }
    await assert.rejects(refuseUnsuitableRoot(join(top, 'nothing'), around), { code: 'project-unusable' });
  });

  test('may be the portable folder, the folder it lies in, or any other', async () => {
    mkdirSync(join(home, 'other'));
    for (const root of [portable, join(home, 'work/stick'), join(home, 'other')]) {
      assert.equal(await refuseUnsuitableRoot(root, around), root);
    }
  });

  test('is judged by its real path', async () => {
    symlinkSync(home, join(top, 'alias'));
    await assert.rejects(refuseUnsuitableRoot(join(top, 'alias'), around), { code: 'project-unusable' });
  });

  test('leaves out the absolute paths inside it', () => {
    assert.deepEqual(projectPaths('/p', ['/p/state', '/p/a/b', '/p', '/other', '/pq']), ['state', 'a/b']);
  });

  test('tells what its file system holds, and is left clean', () => {
    const traits = probeHostTraits(portable);
    assert.equal(typeof traits.caseInsensitive, 'boolean');
    if (process.platform === 'linux')
      assert.deepEqual(traits, { caseInsensitive: false, windowsNames: false, execBits: true, links: true });
  });
});
