import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { contents, remove, Scene, write } from './scene.ts';

/** What must be on both sides in the end, wherever the exchange before was cut off. */
const WANTED = {
  'both.pcoder-conflict-s1-1.txt': 'guest',
  'both.txt': 'host',
  'new-guest': '/',
  'new-guest/file': 'new-guest/file',
  'new-host': 'new-host',
  'of-guest': 'guest',
  'of-host': 'host',
  type: 'type',
  'type.pcoder-conflict-s1-1': '/',
  'type.pcoder-conflict-s1-1/inner': 'guest',
};

describe('an exchange that is cut off', () => {
  test('at any change, by an error, is completed by the next without loss', async () => {
    let at = 0;
    for (let completed = false; !completed; at += 1) {
      using scene = await changedOnBothSides();
      const effect = failAt(at, () => {
        throw new Error('cut off');
      });
      scene.restartGuest({ effect });
      completed = await scene.exchange({ effect }).then(
        () => true,
        () => false,
      );
      await assertNextCompletes(scene, at);
    }
    assert.ok(at > 20, `only ${at} changes`);
  });
});

function failAt(at: number, fail: () => void): (what: string) => void {
  let count = 0;
  return () => {
    if (count === at) fail();
    count += 1;
  };
}

async function changedOnBothSides(): Promise<Scene> {
  const scene = new Scene();
  for (const name of ['both.txt', 'of-guest', 'of-host', 'gone-guest', 'gone-host/x', 'type'])
    write(scene.host, name);
  await scene.exchange();
  write(scene.host, 'both.txt', 'host');
  write(scene.guest, 'both.txt', 'guest');
  write(scene.guest, 'of-guest', 'guest');
  write(scene.host, 'of-host', 'host');
  remove(scene.guest, 'gone-guest');
  remove(scene.host, 'gone-host');
  remove(scene.guest, 'type');
  write(scene.guest, 'type/inner', 'guest');
  write(scene.guest, 'new-guest/file');
  write(scene.host, 'new-host');
  return scene;
}

async function assertNextCompletes(scene: Scene, at: number): Promise<void> {
  const told = `cut off at change ${at}`;
  scene.restartGuest();
  await scene.exchange();
  const host = contents(scene.host);
  assert.deepEqual(host, WANTED, told);
  assert.deepEqual(contents(scene.guest), host, told);
  assert.deepEqual(
    readdirSync(scene.host).filter((name) => name.startsWith('.')),
    [],
    told,
  );
  const again = await scene.exchange();
  assert.deepEqual([again.toGuest, again.toHost, again.conflicts], [[], [], []], told);
}
