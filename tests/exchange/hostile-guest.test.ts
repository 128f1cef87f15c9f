import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Entry } from '../../src/exchange/shared/entry.ts';
import type { GuestTree } from '../../src/exchange/shared/guest-tree.ts';
import { writeListing } from '../../src/exchange/shared/listing.ts';
import { END_RECORD, encodeRecord } from '../../src/exchange/shared/record.ts';
import { contents, LINUX, link, Scene, write } from './scene.ts';

describe('a hostile guest', () => {
  const ESCAPES = [
    '../x',
    'a/../../x',
    '/abs',
    'C:x',
    'C:/x',
    '..\\x',
    'a//b',
    './a',
    'a/.',
    '..',
    '.',
    'a\0b',
    'a\nb',
    'f::$DATA',
    '\ud800',
    'x'.repeat(256),
    `${'d/'.repeat(100)}x`,
  ];
  const GIT = [
    '.git',
    '.GIT',
    'git~1',
    '.git ',
    '.git.',
    '.git::$INDEX_ALLOCATION',
    '.g\u200cit',
    '.gI\u200dT',
    '\uff0egit',
  ];

  for (const path of ESCAPES) {
    test(`cannot use the path ${JSON.stringify(path.slice(0, 20))}`, async () => {
      using scene = new Scene();
      write(scene.host, 'mine');
      scene.tree = new Lying([file(path, 'evil'), file('fine', 'fine')], { [path]: 'evil', fine: 'fine' });
      const report = await scene.exchange();
      assert.deepEqual(contents(scene.host), { fine: 'fine', mine: 'mine' });
      assert.equal(report.refused.length, 1);
    });
  }

  for (const name of GIT) {
    test(`cannot write below ${JSON.stringify(name)}`, async () => {
      using scene = new Scene();
      write(scene.host, '.git/config', 'mine');
      const entries = [
        folder(name),
        folder(`${name}/hooks`),
        file(`${name}/hooks/pre-commit`, 'evil'),
        folder('sub'),
        file(`sub/${name}`, 'gitdir: /'),
      ];
      scene.tree = new Lying(entries, { [`${name}/hooks/pre-commit`]: 'evil', [`sub/${name}`]: 'gitdir: /' });
      const report = await scene.exchange();
      assert.deepEqual(contents(scene.host), { '.git': '/', '.git/config': 'mine', sub: '/' });
      assert.ok(report.refused.every(({ reason }) => reason === 'git' || reason === 'name'));
    });
  }

  for (const target of [
    '/etc/passwd',
    '..',
    '../x',
    'a/../../x',
    'd/../..',
    'C:\\x',
    '.git/hooks',
    '.GIT',
    'a\\b',
    'x:y',
  ]) {
    test(`cannot make a link to ${target}`, async () => {
      using scene = new Scene();
      scene.tree = new Lying([{ path: 'l', type: 'link', target }]);
      const report = await scene.exchange();
      assert.deepEqual(contents(scene.host), {});
      assert.deepEqual(
        report.refused.map(({ reason }) => reason),
        ['link'],
      );
    });
  }

  test('cannot make a link through a link of the host that leads out', async () => {
    using scene = new Scene();
    mkdirSync(join(scene.home, 'outside'));
    link(scene.host, 'out', '../outside');
    link(scene.host, 'in', 'sub');
    scene.tree = new Lying([
      { path: 'l', type: 'link', target: 'out/secret' },
      { path: 'm', type: 'link', target: 'out' },
      { path: 'ok', type: 'link', target: 'in/later' },
    ]);
    const report = await scene.exchange();
    assert.deepEqual(contents(scene.host), { in: '→ sub', ok: '→ in/later', out: '→ ../outside' });
    assert.deepEqual(report.refused.map(({ path, reason }) => [path, reason]).sort(), [
      ['l', 'link'],
      ['m', 'link'],
      ['out', 'link'],
    ]);
  });

  test('cannot put a file below a link', async () => {
    using scene = new Scene();
    scene.tree = new Lying([{ path: 'l', type: 'link', target: 'd' }, folder('d'), file('l/x', 'evil')], {
      'l/x': 'evil',
    });
    await scene.exchange();
    assert.deepEqual(contents(scene.host), { d: '/', l: '→ d' });
  });

  test('cannot pass other content off under a digest, and is asked again next time', async () => {
    using scene = new Scene();
    write(scene.host, 'a', 'mine');
    await scene.exchange();
    scene.tree = new Lying([file('a', 'good'), file('b', 'good')], { a: 'evil', b: 'evil' });
    const report = await scene.exchange();
    assert.deepEqual(contents(scene.host), { a: 'mine' });
    assert.deepEqual(
      report.refused.map(({ reason }) => reason),
      ['changed', 'changed'],
    );
  });

  test('that withholds a file it announced causes no removals', async () => {
    using scene = new Scene();
    write(scene.host, 'old');
    write(scene.host, 'rest');
    await scene.exchange();
    scene.tree = new Lying([file('new', 'old'), file('rest', 'rest')]);
    await scene.exchange();
    assert.deepEqual(contents(scene.host), { old: 'old', rest: 'rest' });
  });

  const BROKEN: [string, () => Uint8Array[]][] = [
    ['lists a path twice', () => [...writeListing(true, [file('a', '1'), file('a', '2')], [])]],
    ['ends in the middle of a record', () => [encodeRecord({ present: true }).subarray(0, 7)]],
    ['sends a record of 4 GiB', () => [Buffer.from([255, 255, 255, 255])]],
    ['sends what is not JSON', () => [Buffer.from([2, 0, 0, 0, 0x7b, 0x7b])]],
    ['sends what is not UTF-8', () => [Buffer.from([4, 0, 0, 0, 0x22, 0xc0, 0xaf, 0x22])]],
    ['sends a field too many', () => [encodeRecord({ present: true, more: 1 }), END_RECORD]],
    ['goes on after the end', () => [END_RECORD, END_RECORD]],
    [
      'claims a negative size',
      () => [encodeRecord({ entries: [{ ...file('a', ''), size: -1 }] }), END_RECORD],
    ],
  ];
  for (const [what, bytes] of BROKEN) {
    test(`that ${what} is cut off`, async () => {
      using scene = new Scene();
      write(scene.host, 'a', 'mine');
      const lying = new Lying([]);
      lying.scan = () => stream(bytes());
      scene.tree = lying;
      await assert.rejects(scene.exchange(), { code: 'protocol-violation' });
      assert.deepEqual(contents(scene.host), { a: 'mine' });
    });
  }

  test('that sends what was not asked for is cut off', async () => {
    using scene = new Scene();
    const lying = new Lying([file('a', 'a')], { a: 'a' });
    lying.extra = { b: 'evil' };
    scene.tree = lying;
    await assert.rejects(scene.exchange(), { code: 'protocol-violation' });
    assert.equal(contents(scene.host).b, undefined);
  });

  test('that breaks off in the middle of a file is cut off', async () => {
    using scene = new Scene();
    const lying = new Lying([file('a', 'a')]);
    lying.get = () =>
      stream([encodeRecord({ op: 'put', entry: file('a', 'a') })]) as AsyncGenerator<Uint8Array>;
    scene.tree = lying;
    await assert.rejects(scene.exchange(), { code: 'protocol-violation' });
    assert.deepEqual(contents(scene.host), {});
  });

  test('that has too much is refused', async () => {
    using scene = new Scene();
    scene.tree = new Lying([{ ...file('a', 'a'), size: 5e9 } as Entry]);
    await assert.rejects(scene.exchange(), { code: 'exchange-refused' });
    scene.tree = new Lying([file('a', 'a'), file('b', 'b'), file('c', 'c')]);
    await assert.rejects(scene.exchange({ limits: { entries: 2, bytes: 10 } }), { code: 'exchange-refused' });
  });

  test('a full disk ends the exchange with nothing half-written', async () => {
    using scene = new Scene();
    scene.tree = new Lying([file('a', 'a'), file('b', 'b')], { a: 'a', b: 'b' });
    const effect = (what: string) => {
      if (what === 'write b') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    await assert.rejects(scene.exchange({ effect, host: LINUX }), { code: 'disk-full' });
    assert.deepEqual(contents(scene.host), {});
  });
});

/** A guest that says what it likes. */
class Lying implements GuestTree {
  extra: Record<string, string> = {};
  readonly #entries: Entry[];
  readonly #sent: Record<string, string>;

  constructor(entries: Entry[], sent: Record<string, string> = {}) {
    this.#entries = entries;
    this.#sent = sent;
  }

  scan(): AsyncIterable<Uint8Array> {
    return stream(writeListing(true, this.#entries, []));
  }

  async *get(): AsyncGenerator<Uint8Array> {
    for (const entry of this.#entries) {
      const content = this.#sent[entry.path];
      if (entry.type !== 'file' || content === undefined || entry.path.includes('..')) continue;
      if (!ASKABLE.test(entry.path)) continue;
      yield encodeRecord({ op: 'put', entry });
      yield Buffer.from(content);
    }
    for (const [path, content] of Object.entries(this.extra)) {
      yield encodeRecord({ op: 'put', entry: file(path, content) });
      yield Buffer.from(content);
    }
    yield END_RECORD;
  }

  async *put(items: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const _ of items) {
      // taken and forgotten
    }
    yield* writeListing(true, [], []);
  }
}

/** Only these are asked for; sending others would end the exchange at once. */
const ASKABLE = /^(fine|a|b|l)$/;

async function* stream(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

function file(path: string, content: string): Entry {
  return {
    path,
    type: 'file',
    exec: false,
    size: content.length,
    digest: createHash('sha256').update(content).digest('hex'),
  };
}

function folder(path: string): Entry {
  return { path, type: 'folder' };
}
