import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { lockProject } from '../../../src/exchange/undo/project-lock.ts';
import { contents, write } from '../scene.ts';
import { UndoScene } from './undo-scene.ts';

describe('the right to change a project', () => {
  test('is waited for, by exchanges and by undo', async () => {
    using scene = new UndoScene();
    write(scene.host, 'f', 'old');
    await scene.pass('s0');
    write(scene.guest, 'f', 'new');
    const lock = await lockProject(scene.folder, scene.host);
    const passing = scene.pass('s1');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(contents(scene.host).f, 'old');
    lock.release();
    await passing;
    assert.equal(contents(scene.host).f, 'new');
  });

  test('is not waited for longer than said, nor by who gives up', async () => {
    using scene = new UndoScene();
    const lock = await lockProject(scene.folder, scene.host);
    await assert.rejects(lockProject(scene.folder, scene.host, { within: 30 }), { code: 'project-busy' });
    const signal = AbortSignal.timeout(30);
    await assert.rejects(lockProject(scene.folder, scene.host, { signal }), { code: 'interrupted' });
    const other = await lockProject(scene.folder, scene.home, { within: 0 });
    other.release();
    lock.release();
  });

  test('tells what a crash has left from what is at work', async () => {
    using scene = new UndoScene();
    write(scene.host, 'f', 'old');
    await scene.pass('s0');
    write(scene.guest, 'f', 'new');
    const left = () => readdirSync(scene.host).filter((name) => name.startsWith('.pcoder-tmp-'));
    await scene.pass('s1', {
      effect: (what) => {
        if (what !== 'replace f') return;
        assert.deepEqual(left(), ['.pcoder-tmp-s1']);
      },
    });
    // Of another portable folder, perhaps at work now; and of a session here that was cut off.
    mkdirSync(join(scene.host, '.pcoder-tmp-foreign'));
    mkdirSync(join(scene.host, '.pcoder-tmp-s1'));
    const lock = await lockProject(scene.folder, scene.host);
    await scene.pass('s2');
    assert.equal(left().length, 2);
    lock.release();
    await scene.pass('s2');
    assert.deepEqual(left(), ['.pcoder-tmp-foreign']);
  });
});
