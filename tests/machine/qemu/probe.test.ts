import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QemuInstall } from '../../../src/bundle/assets/qemu.ts';
import { PROBE_WITHIN, probe } from '../../../src/machine/qemu/probe.ts';

/** A QEMU that is this shell script. */
const pretended = (script: string): QemuInstall =>
  ({
    command: () => ({ file: '/bin/sh', args: ['-c', script, 'qemu'], env: {} }),
    dataArgs: [],
  }) as unknown as QemuInstall;
const proof = (script: string, signal?: AbortSignal) =>
  probe('kvm', pretended(script), { kernel: '/k', initrd: '/i' }, signal);

describe('the proof of an accelerator', { concurrency: true }, () => {
  it('holds when the guest lives and its clock moves', async () => {
    assert.equal(
      (await proof('echo "boot noise pcoder-probe alive 0.61"; echo "pcoder-probe alive 0.72"')).works,
      true,
    );
  });

  for (const [what, script] of [
    ['says nothing', 'true'],
    ['speaks once', 'echo pcoder-probe alive 0.61'],
    ['has a clock that stands', 'echo pcoder-probe alive 0.61; echo pcoder-probe alive 0.61'],
    ['has a clock that runs back', 'echo pcoder-probe alive 0.61; echo pcoder-probe alive 0.51'],
  ] as const) {
    it(`fails when the guest ${what}`, async () => {
      assert.equal((await proof(script)).works, false);
    });
  }

  it('that QEMU ends early quotes its last words, made safe, and how it ended', async () => {
    assert.deepEqual(await proof('echo first >&2; printf "could not access KVM\\033[2J\\n" >&2; exit 1'), {
      works: false,
      reason: 'QEMU ended with code 1: could not access KVM\\u{1b}[2J',
    });
    assert.deepEqual(await proof('kill -ABRT $$'), { works: false, reason: 'QEMU ended with SIGABRT' });
  });

  it('that hangs is given up at the deadline although it ignores every gentle signal', {
    timeout: PROBE_WITHIN + 6000,
  }, async () => {
    const before = performance.now();
    const result = await proof(
      'trap "" TERM INT HUP; echo pcoder-probe alive 0.61; while :; do read -r line </dev/zero; done',
    );
    assert.deepEqual(result, {
      works: false,
      reason: `the guest did not come up within ${PROBE_WITHIN / 1000} s`,
    });
    assert.ok(performance.now() - before < PROBE_WITHIN + 3000);
  });

  it('stops at once when nobody waits any more', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 50);
    const before = performance.now();
    await assert.rejects(proof('exec sleep 30', stop.signal), /enough/);
    assert.ok(performance.now() - before < 2000);
  });
});
