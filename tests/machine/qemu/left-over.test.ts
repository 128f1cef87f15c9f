import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeftOver } from '../../../src/machine/qemu/left-over.ts';

describe('work that was put off', () => {
  it('is done once when it must be, and waited for', async () => {
    const done: string[] = [];
    const left = new LeftOver(() => {});
    left.add(async () => {
      await Promise.resolve();
      done.push('it');
    });
    assert.deepEqual(done, []);
    await Promise.all([left.finish(), left.finish()]);
    await left.finish();
    assert.deepEqual(done, ['it']);
  });

  it('that fails is said, and keeps nobody from going on', async () => {
    const said: unknown[] = [];
    const left = new LeftOver((error) => said.push(error));
    left.add(() => Promise.reject(new Error('no')));
    await left.finish();
    assert.equal(String(said[0]), 'Error: no');
  });

  it('is nothing where nothing was', async () => {
    await new LeftOver(() => {}).finish();
  });
});
