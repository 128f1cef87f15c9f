import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { probeHostTraits } from '../../src/exchange/host-traits.ts';
import { BY_HOST, playAll } from './groups.ts';
import { type InsensitiveDisk, insensitiveDisk } from './insensitive-disk.ts';

describe('a hostile guest, on a disk that ignores case', () => {
  let disk: InsensitiveDisk | string = '';
  before(() => {
    disk = insensitiveDisk();
    // Where everything is there for it, as in CI, its absence is a failure.
    if (typeof disk === 'string' && process.env['CI'] !== undefined) throw new Error(disk);
  });
  after(() => {
    if (typeof disk !== 'string') disk[Symbol.dispose]();
  });

  for (const [group, cases] of Object.entries(BY_HOST)) {
    test(group, async (t) => {
      if (typeof disk === 'string') return t.skip(disk);
      t.diagnostic(disk.kind);
      const traits = probeHostTraits(disk.folder);
      assert.ok(traits.caseInsensitive);
      await playAll(cases, { parent: disk.folder, traits, exact: false });
    });
  }
});
