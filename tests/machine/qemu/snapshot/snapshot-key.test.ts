import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { difference, keyName, type SnapshotKey } from '../../../../src/machine/qemu/snapshot/snapshot-key.ts';
import { KEY } from './synthetic.ts';

const OTHERS: { [name in keyof SnapshotKey]?: { value: SnapshotKey[name]; said: string } } = {
  qemu: { value: 'e'.repeat(64), said: 'QEMU' },
  accelerator: { value: 'kvm', said: 'accelerator' },
  cpu: { value: 'Skylake', said: 'processor model' },
  memory: { value: 2048, said: 'memory size' },
  cpus: { value: 1, said: 'number of processors' },
  image: { value: 'debian-13-2', said: 'image' },
  kernel: { value: 'f'.repeat(64), said: 'kernel' },
  agent: { value: 'e'.repeat(64), said: 'agent daemon' },
  arguments: { value: 'f'.repeat(64), said: 'set of devices or kernel settings' },
};

describe('the key of a snapshot', () => {
  it('fits itself', () => assert.equal(difference(KEY, { ...KEY }), undefined));

  for (const [name, { value, said }] of Object.entries(OTHERS)) {
    it(`names what is not the same: ${said}`, () => {
      const other = { ...KEY, [name]: value };
      assert.equal(difference(KEY, other), `it was taken with another ${said}`);
      assert.notEqual(keyName(other), keyName(KEY));
    });
  }

  it('names all of it', () => {
    assert.equal(
      difference(KEY, { ...KEY, memory: 1, cpus: 9 }),
      'it was taken with another memory size, number of processors',
    );
  });

  it('has one name, whatever the order it was read in', () => {
    const turned = Object.fromEntries(Object.entries(KEY).reverse()) as SnapshotKey;
    assert.equal(keyName(turned), keyName(KEY));
    assert.match(keyName(KEY), /^[0-9a-f]{16}$/);
  });
});
