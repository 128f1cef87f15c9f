import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LiveExchange } from '../../src/exchange/live.ts';
import { type Passed, ProjectExchange } from '../../src/exchange/project-exchange.ts';
import { FolderWatch } from '../../src/exchange/shared/folder-watch.ts';
import { FolderTree } from '../../src/exchange/shared/guest-tree.ts';
import { ignoreByDefault } from '../../src/exchange/shared/ignore.ts';
import { contents, LINUX, Scene, write } from './scene.ts';

describe('a live exchange', { timeout: 60_000 }, () => {
  test('carries changes over both ways as they happen, in old and new folders', async () => {
    await using scene = await LiveScene.begin();
    write(scene.host, 'a/from-host', 'one');
    write(scene.guest, 'b/from-guest', 'two');
    await scene.agree({ a: '/', 'a/from-host': 'one', b: '/', 'b/from-guest': 'two' });
    write(scene.guest, 'a/from-host', 'changed by the guest');
    mkdirSync(join(scene.host, 'b/deep/er'), { recursive: true });
    write(scene.host, 'b/deep/er/file', 'three');
    await scene.agree({
      a: '/',
      'a/from-host': 'changed by the guest',
      b: '/',
      'b/deep': '/',
      'b/deep/er': '/',
      'b/deep/er/file': 'three',
      'b/from-guest': 'two',
    });
    renameSync(join(scene.guest, 'b/deep'), join(scene.guest, 'c'));
    rmSync(join(scene.host, 'a'), { recursive: true });
    await scene.agree({ b: '/', 'b/from-guest': 'two', c: '/', 'c/er': '/', 'c/er/file': 'three' });
  });

  test('takes an atomic save, the way editors do it, for a change of that file', async () => {
    await using scene = await LiveScene.begin();
    write(scene.host, 'f', 'one');
    await scene.agree({ f: 'one' });
    for (const content of ['two', 'three', 'four']) {
      write(scene.host, '.f.swp', content);
      renameSync(join(scene.host, '.f.swp'), join(scene.host, 'f'));
      await scene.agree({ f: content });
    }
  });

  test('lets a removal rest, so that a file that is written anew never goes', async () => {
    await using scene = await LiveScene.begin();
    write(scene.host, 'f', 'one');
    await scene.agree({ f: 'one' });
    const { ino } = statSync(join(scene.host, 'f'));
    rmSync(join(scene.guest, 'f'));
    await sleep(150);
    assert.equal(statSync(join(scene.host, 'f')).ino, ino);
    write(scene.guest, 'f', 'two');
    await scene.agree({ f: 'two' });
    rmSync(join(scene.guest, 'f'));
    await scene.agree({});
  });

  test('looks only at what was noticed', async () => {
    await using scene = await LiveScene.begin();
    write(scene.host, 'f', 'one');
    await scene.agree({ f: 'one' });
    assert.ok(scene.noticed >= 1);
    assert.equal(scene.whole, 1);
  });

  test('goes on after a pass that failed, and says so once', async () => {
    await using scene = await LiveScene.begin();
    write(scene.host, 'f', 'one');
    await scene.agree({ f: 'one' });
    scene.fail = 2;
    write(scene.host, 'f', 'two');
    await scene.agree({ f: 'two' });
    assert.equal(scene.failures.length, 1);
  });
});

class LiveScene extends Scene implements AsyncDisposable {
  readonly failures: unknown[] = [];
  noticed = 0;
  whole = 0;
  /** passes that are to fail */
  fail = 0;
  #live: LiveExchange | undefined;
  #close = () => {};

  static async begin(): Promise<LiveScene> {
    const scene = new LiveScene();
    mkdirSync(scene.guest);
    await scene.#begin();
    return scene;
  }

  async #begin(): Promise<void> {
    const watch = new FolderWatch(this.guest, {
      recursive: false,
      ignore: ignoreByDefault,
      noticed: () => live.noticed(),
    });
    const exchange = new ProjectExchange({
      root: this.host,
      base: this.base,
      guest: new FolderTree(this.guest, { session: 's1', watch }),
      host: LINUX,
    });
    const first = Promise.withResolvers<void>();
    const live = new LiveExchange({
      pass: async (noticed): Promise<Passed> => {
        if (this.fail > 0) {
          this.fail -= 1;
          throw new Error('no luck');
        }
        if (noticed) this.noticed += 1;
        else this.whole += 1;
        const passed = await exchange.pass({ session: 's1', noticed, linger: true });
        first.resolve();
        return passed;
      },
      failed: (error) => this.failures.push(error),
      sees: () => watch.sees && exchange.blind === undefined,
    });
    watch.begin();
    exchange.watch(() => live.noticed());
    this.#live = live;
    this.#close = () => {
      watch.close();
      exchange.unwatch();
    };
    await first.promise;
  }

  /** Waits until both sides hold just this. */
  async agree(expected: Record<string, string>): Promise<void> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      try {
        assert.deepEqual(settled(contents(this.host)), expected);
        assert.deepEqual(settled(contents(this.guest)), expected);
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live?.close();
    this.#close();
    this[Symbol.dispose]();
  }
}

/** Without what an exchange is just staging. */
function settled(found: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(found).filter(([path]) => !path.startsWith('.pcoder-tmp-')));
}
