import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PassOptions } from '../../src/exchange/options.ts';
import { ProjectExchange } from '../../src/exchange/project-exchange.ts';
import { Quarantine } from '../../src/exchange/quarantine/quarantine.ts';
import type { GuestTree } from '../../src/exchange/shared/guest-tree.ts';
import { HOLD_NOTHING, type Waiting } from '../../src/exchange/waiting.ts';
import { contents, LINUX, remove, Scene, write } from './scene.ts';

const REVIEW = { ...HOLD_NOTHING, review: true };
const ALL = (waiting: readonly Waiting[]) => new Set(waiting.map(({ path }) => path));

describe('changes that wait', () => {
  test('stay in the guest while the host goes on changing other files', async () => {
    using scene = await changedByGuest();
    write(scene.host, 'of-host', 'new');
    const { waiting, report } = await scene.pass({ hold: REVIEW });
    assert.deepEqual(paths(waiting), ['changed', 'gone', 'new', 'new/file']);
    assert.deepEqual([report.toHost, report.deleted.onHost], [[], []]);
    assert.deepEqual(contents(scene.host), { changed: 'changed', gone: 'gone', 'of-host': 'new' });
    assert.deepEqual(contents(scene.guest), {
      changed: 'by guest',
      new: '/',
      'new/file': 'new/file',
      'of-host': 'new',
    });
  });

  test('come to the host when they are accepted, each on its own', async () => {
    using scene = await changedByGuest();
    await scene.pass({ hold: REVIEW });
    const { waiting } = await scene.pass({ hold: REVIEW, accept: () => new Set(['changed', 'gone']) });
    assert.deepEqual(paths(waiting), ['new', 'new/file']);
    assert.deepEqual(contents(scene.host), { changed: 'by guest', 'of-host': 'of-host' });
    assert.deepEqual((await scene.pass({ hold: REVIEW, accept: ALL })).waiting, []);
    assert.deepEqual(contents(scene.host), contents(scene.guest));
  });

  test("give way to the host's version when they are discarded", async () => {
    using scene = await changedByGuest();
    const before = contents(scene.host);
    assert.deepEqual((await scene.pass({ hold: REVIEW, discard: ALL })).waiting, []);
    assert.deepEqual(contents(scene.guest), before);
    assert.deepEqual(contents(scene.host), before);
    assert.deepEqual((await scene.pass({})).report, NOTHING);
  });

  test('that are accepted after the host changed the same file are kept beside it', async () => {
    using scene = await changedByGuest();
    await scene.pass({ hold: REVIEW });
    write(scene.host, 'changed', 'by host');
    const { report } = await scene.pass({ hold: REVIEW, accept: () => new Set(['changed']) });
    assert.deepEqual(
      report.conflicts.map(({ copy }) => copy),
      ['changed.pcoder-conflict-s1-1'],
    );
    assert.equal(contents(scene.host)['changed'], 'by host');
    assert.equal(contents(scene.host)['changed.pcoder-conflict-s1-1'], 'by guest');
  });

  test('can be asked for without anything being carried over', async () => {
    using scene = await changedByGuest();
    write(scene.host, 'of-host', 'new');
    const { waiting } = await scene.pass({ hold: REVIEW, dry: true });
    assert.deepEqual(paths(waiting), ['changed', 'gone', 'new', 'new/file']);
    assert.equal(contents(scene.guest)['of-host'], 'of-host');
  });

  test('are all removals when the whole copy was emptied, and the host keeps everything', async () => {
    using scene = new Reviewed();
    write(scene.host, 'a');
    write(scene.host, 'b');
    await scene.pass({});
    remove(scene.guest, 'a');
    remove(scene.guest, 'b');
    const { waiting } = await scene.pass({});
    assert.deepEqual(
      waiting.map(({ path, hold }) => [path, hold.why]),
      [
        ['a', 'many-removals'],
        ['b', 'many-removals'],
      ],
    );
    assert.deepEqual(contents(scene.host), { a: 'a', b: 'b' });
    await scene.pass({ discard: ALL });
    assert.deepEqual(contents(scene.guest), { a: 'a', b: 'b' });
  });
});

test('removals that come one by one are counted together, from the beginning of a session', async () => {
  using scene = new Reviewed();
  const names = Array.from({ length: 60 }, (_, index) => `f${index}`);
  for (const name of names) write(scene.host, name);
  const hold = { ...HOLD_NOTHING, removals: 0.5 };
  await scene.pass({ hold, first: true });
  let waiting: readonly Waiting[] = [];
  for (const name of names.slice(0, 40)) {
    remove(scene.guest, name);
    ({ waiting } = await scene.pass({ hold }));
  }
  assert.equal(Object.keys(contents(scene.host)).length, 30);
  assert.equal(waiting.length, 10);
  await scene.pass({ hold, accept: ALL });
  assert.equal(Object.keys(contents(scene.host)).length, 20);
});

const NOTHING = {
  toGuest: [],
  toHost: [],
  deleted: { onHost: [], onGuest: [] },
  conflicts: [],
  refused: [],
};

class Reviewed extends Scene {
  #exchange: ProjectExchange | undefined;

  pass(options: Partial<PassOptions>) {
    this.#exchange ??= new ProjectExchange({
      root: this.host,
      base: this.base,
      guest: this.tree,
      host: LINUX,
    });
    return this.#exchange.pass({ session: 's1', ...options });
  }
}

async function changedByGuest(): Promise<Reviewed> {
  const scene = new Reviewed();
  for (const name of ['changed', 'gone', 'of-host']) write(scene.host, name);
  await scene.pass({});
  write(scene.guest, 'changed', 'by guest');
  remove(scene.guest, 'gone');
  write(scene.guest, 'new/file');
  return scene;
}

function paths(waiting: readonly Waiting[]): string[] {
  return waiting.map(({ path }) => path);
}

describe('files that could run a program on the host', () => {
  const hold = { ...HOLD_NOTHING, quarantine: new Quarantine() };

  test('wait while the rest goes on, also in folders that are new', async () => {
    using scene = new Reviewed();
    write(scene.host, 'f');
    await scene.pass({ hold });
    write(scene.guest, '.vscode/tasks.json', '{}');
    write(scene.guest, 'new/.envrc', 'evil');
    write(scene.guest, 'new/fine', 'fine');
    const { waiting } = await scene.pass({ hold });
    assert.ok(paths(waiting).includes('new/.envrc'));
    assert.ok(waiting.every((item) => item.hold.why === 'quarantine'));
    assert.deepEqual(contents(scene.host), { f: 'f', new: '/', 'new/fine': 'fine' });
    await scene.pass({ hold, accept: ALL });
    assert.deepEqual(contents(scene.host), contents(scene.guest));
  });

  test('that run only in parts go on when those parts are as before, and wait when they are not', async () => {
    using scene = new Reviewed();
    const manifest = (more: object) =>
      JSON.stringify({ name: 'p', scripts: { test: 'node --test' }, ...more });
    write(scene.host, 'package.json', manifest({}));
    await scene.pass({ hold });
    const harmless = manifest({ dependencies: { left: '^1.0.0' } });
    write(scene.guest, 'package.json', harmless);
    assert.deepEqual((await scene.pass({ hold })).waiting, []);
    assert.equal(contents(scene.host)['package.json'], harmless);
    write(scene.guest, 'package.json', manifest({ scripts: { postinstall: 'evil' } }));
    assert.deepEqual(paths((await scene.pass({ hold })).waiting), ['package.json']);
    assert.equal(contents(scene.host)['package.json'], harmless);
  });

  test('are judged by the content that is put, not by another that is sent to be looked at', async () => {
    using scene = new Reviewed();
    write(scene.host, 'package.json', '{"name":"p"}');
    await scene.pass({ hold });
    write(scene.guest, 'package.json', '{"name":"p","scripts":{"postinstall":"evil"}}');
    const { tree } = scene;
    let asked = 0;
    const lying: GuestTree = {
      scan: (request) => tree.scan(request),
      put: (items) => tree.put(items),
      get: async function* (wanted) {
        asked += 1;
        for await (const piece of tree.get(wanted)) {
          const text = Buffer.from(piece).toString('latin1');
          yield Buffer.from(asked === 1 ? text.replace('postinstall', 'xostinstall') : text, 'latin1');
        }
      },
    };
    const exchange = new ProjectExchange({ root: scene.host, base: scene.base, guest: lying, host: LINUX });
    const { waiting } = await exchange.pass({ session: 's2', hold });
    assert.deepEqual(paths(waiting), ['package.json']);
    assert.equal(contents(scene.host)['package.json'], '{"name":"p"}');
  });
});
