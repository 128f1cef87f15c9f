import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import type { Accelerator } from '../../../src/machine/qemu/accelerator.ts';
import type { ProbeResult } from '../../../src/machine/qemu/probe.ts';
import { decideAccelerator, lastVerdict, type VerdictQuestion } from '../../../src/machine/qemu/verdict.ts';

const HANGS: ProbeResult = { works: false, reason: 'the guest did not come up within 6 s' };
const WORKS: ProbeResult = { works: true, milliseconds: 640 };

describe('the accelerator', () => {
  const top = mkdtempSync(join(tmpdir(), 'verdict-'));
  after(() => rmSync(top, { recursive: true }));
  const cache = join(top, 'accelerator.json');
  const identity = { hostBoot: 'b1', qemuHash: 'q1', kernelHash: 'k1' };
  let tried: Accelerator[];
  beforeEach(() => {
    tried = [];
    rmSync(cache, { force: true });
  });

  const decide = (results: Partial<Record<Accelerator, ProbeResult>>, more: Partial<VerdictQuestion> = {}) =>
    decideAccelerator({
      candidates: ['kvm', 'tcg'],
      identity,
      cache,
      probe: async (accelerator) => {
        tried.push(accelerator);
        return results[accelerator] ?? HANGS;
      },
      ...more,
    });

  it('that proves itself is taken', async () => {
    const { accelerator, reason } = await decide({ kvm: WORKS });
    assert.deepEqual([accelerator, reason, tried], ['kvm', 'a guest answered in 640 ms', ['kvm']]);
  });

  it('whose guest hangs gives way to emulation, and the reason says so', async () => {
    const { accelerator, reason, trials } = await decide({ kvm: HANGS });
    assert.deepEqual([accelerator, tried], ['tcg', ['kvm']]);
    assert.equal(reason, 'software emulation, because kvm: the guest did not come up within 6 s');
    assert.deepEqual(trials, [{ accelerator: 'kvm', works: false, reason: HANGS.reason }]);
  });

  it('is the first that works, the others named with their reasons', async () => {
    const candidates: Accelerator[] = ['whpx', 'whpx,kernel-irqchip=off', 'tcg'];
    const { accelerator, trials } = await decide({ 'whpx,kernel-irqchip=off': WORKS }, { candidates });
    assert.deepEqual(
      [accelerator, trials.map(({ works }) => works), tried],
      ['whpx,kernel-irqchip=off', [false, true], candidates.slice(0, 2)],
    );
  });

  it('is proven once and remembered, reason included', async () => {
    const first = await decide({ kvm: HANGS });
    tried = [];
    assert.deepEqual(await decide({ kvm: WORKS }), first);
    assert.deepEqual([tried, await lastVerdict(cache)], [[], first]);
  });

  for (const changed of ['hostBoot', 'qemuHash', 'kernelHash'] as const) {
    it(`is proven anew when ${changed} has changed`, async () => {
      await decide({ kvm: HANGS });
      const { accelerator } = await decide({ kvm: WORKS }, { identity: { ...identity, [changed]: 'other' } });
      assert.deepEqual([accelerator, tried], ['kvm', ['kvm', 'kvm']]);
    });
  }

  it('is proven anew when what was remembered cannot be read', async () => {
    await decide({ kvm: HANGS });
    for (const damaged of ['', '{}', readFileSync(cache, 'utf8').replace('tcg', 'warp')]) {
      writeFileSync(cache, damaged);
      assert.equal(await lastVerdict(cache), undefined);
      assert.equal((await decide({ kvm: WORKS })).accelerator, 'kvm');
      await decide({ kvm: HANGS });
    }
  });

  it('that a person chose is taken without proof and does not replace what is remembered', async () => {
    const proven = await decide({ kvm: HANGS });
    tried = [];
    const { accelerator, reason } = await decide({}, { forced: 'kvm' });
    assert.deepEqual([accelerator, reason, tried], ['kvm', 'chosen by setting', []]);
    assert.deepEqual(await lastVerdict(cache), proven);
  });

  it('is an error when nothing works and emulation is no candidate', async () => {
    await assert.rejects(decide({}, { candidates: ['kvm'] }), { code: 'qemu-failed' });
  });

  it('is not decided by a proof that was interrupted', async () => {
    const interrupted = new Error('interrupted');
    await assert.rejects(decide({}, { probe: () => Promise.reject(interrupted) }), interrupted);
    assert.equal(await lastVerdict(cache), undefined);
  });
});
