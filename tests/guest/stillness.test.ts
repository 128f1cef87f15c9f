import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Stillness } from '../../src/guest/stillness.ts';

describe('programs held through a snapshot', () => {
  let root: string;
  let stillness: Stillness;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'groups-'));
    writeFileSync(join(root, 'self'), '0::/init.scope\n');
    stillness = new Stillness(root, join(root, 'self'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** Groups as the kernel shows them; these are still as soon as they are told. */
  function makeGroups(...names: string[]): void {
    for (const name of names) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, 'cgroup.events'), 'populated 1\nfrozen 1\n');
    }
  }
  const written = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

  it('are all but those that do the work, in every group of the system', async () => {
    makeGroups('init.scope', 'system.slice', 'user.slice');
    await stillness.hold([17]);
    assert.equal(written('pcoder', 'cgroup.procs'), '17');
    for (const group of ['init.scope', 'system.slice', 'user.slice'])
      assert.equal(written(group, 'cgroup.freeze'), '1');
    assert.ok(stillness.isHeld);
  });

  it('go on afterwards, and who held them is back where it was', async () => {
    makeGroups('init.scope', 'system.slice');
    await stillness.hold([17]);
    stillness.release([17]);
    assert.equal(written('init.scope', 'cgroup.procs'), '17');
    const [freed, entered] = ['cgroup.freeze', 'cgroup.procs'].map(
      (name) => statSync(join(root, 'init.scope', name), { bigint: true }).mtimeNs,
    );
    assert.ok((freed ?? 0n) <= (entered ?? 0n), 'in a group that is held it would be held itself');
    for (const group of ['init.scope', 'system.slice']) assert.equal(written(group, 'cgroup.freeze'), '0');
    assert.equal(stillness.isHeld, false);
  });

  it('are none before the system has started', async () => {
    await stillness.hold([17]);
    assert.equal(stillness.isHeld, false);
    stillness.release([17]);
  });

  it('are waited for until they are still', async () => {
    makeGroups('init.scope');
    writeFileSync(join(root, 'init.scope', 'cgroup.events'), 'populated 1\nfrozen 0\n');
    setTimeout(() => writeFileSync(join(root, 'init.scope', 'cgroup.events'), 'populated 1\nfrozen 1\n'), 60);
    const began = Date.now();
    await stillness.hold([17]);
    assert.ok(Date.now() - began >= 50);
  });
});
