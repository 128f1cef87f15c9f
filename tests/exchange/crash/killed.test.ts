import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { contents } from '../scene.ts';
import { CutOffScene, visibleIn } from './cut-off-scene.ts';
import { KINDS, type Operation, perform } from './operations.ts';

/** A process for each crash takes long; `PCODER_KILLS=all` has one die at every call. */
const KILLS = process.env['PCODER_KILLS'] ?? '6';

const ON_GUEST: readonly Operation[] = KINDS.map((kind) => ({ kind, nth: 0 }));
const ON_HOST: readonly Operation[] = KINDS.map((kind) => ({ kind, nth: 1 }));

describe('an exchange in a process of its own', () => {
  test('killed with -9 at calls all over it, is completed by the next without loss', async () => {
    using scene = await CutOffScene.agreedOn([...ON_GUEST, ...ON_HOST]);
    for (const operation of ON_GUEST) perform(scene.guest, operation);
    for (const operation of ON_HOST) perform(scene.host, operation);
    const before = visibleIn(scene.host);
    using whole = scene.copy();
    const { output } = await exchangeKilledAt(whole, 'never');
    const after = contents(whole.host);
    const all = Number(output);
    assert.ok(all > 120, `only ${output} calls`);
    const step = KILLS === 'all' ? 1 : all / Number(KILLS);
    const points = Array.from({ length: Math.floor(all / step) }, (_, index) => Math.floor(index * step));
    const take = async () => {
      for (let at = points.shift(); at !== undefined; at = points.shift())
        await dieAndRecover(scene, at, { before, after });
    };
    await Promise.all(Array.from({ length: availableParallelism() }, take));
  });
});

async function dieAndRecover(
  scene: CutOffScene,
  at: number,
  { before, after }: Record<'before' | 'after', Record<string, string>>,
): Promise<void> {
  using copy = scene.copy();
  const { signal } = await exchangeKilledAt(copy, String(at));
  assert.equal(signal, 'SIGKILL', `killed at ${at}`);
  await copy.pass('s1');
  const host = contents(copy.host);
  assert.deepEqual(contents(copy.guest), host, `killed at ${at}`);
  for (const [path, content] of Object.entries(after))
    assert.equal(host[path], content, `killed at ${at}: ${path}`);
  const again = await copy.passAgain('s1');
  assert.deepEqual([again.toGuest, again.toHost, again.conflicts], [[], [], []], `killed at ${at}`);
  if (copy.hasChanges('s1')) assert.deepEqual((await copy.undo('s1', 'u1')).left, [], `killed at ${at}`);
  assert.deepEqual(visibleIn(copy.host), before, `killed at ${at}: not undone`);
}

async function exchangeKilledAt(
  scene: CutOffScene,
  at: string,
): Promise<{ signal: NodeJS.Signals | null; output: string }> {
  const child = spawn(process.execPath, [
    join(import.meta.dirname, 'exchange-to-be-killed.ts'),
    scene.home,
    at,
  ]);
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code, signal) => resolve(signal)),
  );
  const output = await text(child.stdout);
  return { signal: await ended, output };
}
