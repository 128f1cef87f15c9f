import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import type { GuestGit } from '../../../src/exchange/git/guest-git.ts';
import { GIT_LIMITS } from '../../../src/exchange/git/limits.ts';
import {
  bytes,
  commitOf,
  forged,
  lying,
  objectHead,
  packed,
  packHead,
  packOf,
  refusedWhole,
  sealed,
  tree,
  whole,
} from './forged.ts';
import { GitScene, gitWith, outsideObjects } from './scene.ts';

describe('a ref of the guest', { timeout: 60_000 }, () => {
  it('gets a name on the host only if that can be nothing else, and the good ones still come', async () => {
    using scene = new GitScene();
    await scene.bring();
    const tip = scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    const bad = [
      'refs/heads/../../x',
      'refs/heads/-x',
      'refs/heads/--upload-pack=x',
      'refs/heads/a/../b',
      'refs/heads/a//b',
      'refs/heads/a/',
      'refs/heads//a',
      'refs/heads/',
      'refs/heads/.hidden',
      'refs/heads/a/.b',
      'refs/heads/x.lock',
      'refs/heads/x.LOCK/y',
      'refs/heads/a..b',
      'refs/heads/a@{1}',
      'refs/heads/@',
      'refs/heads/a.',
      'refs/heads/a~1',
      'refs/heads/a^',
      'refs/heads/a:b',
      'refs/heads/a?b',
      'refs/heads/a*',
      'refs/heads/a[b',
      'refs/heads/a\\b',
      'refs/heads/a\u001b[31mred',
      'refs/heads/a\u202eb',
      'refs/heads/a\tb',
      'refs/heads/a\0b',
      'refs/heads/a\ufffdb',
      'refs/heads/CON',
      'refs/heads/aux.txt',
      'refs/heads/file::$DATA',
      'refs/heads/HEAD~1',
      'refs/heads/refs/heads/main',
      'refs/heads/tags/x',
      'refs/heads/tags',
      `refs/heads/${'x'.repeat(300)}`,
      'refs/heads/good/below',
      'refs/heads/Good',
    ];
    const silent = [
      'refs/pcoder/s0/main',
      'refs/replace/x',
      'refs/notes/commits',
      'refs/remotes/origin/main',
      'refs/stash',
      'ORIG_HEAD',
      '../../x',
      'refs/headsx',
    ];
    const lines = ['refs/heads/good', 'refs/tags/x', ...bad, ...silent]
      .map((name) => `${tip} ${name}\n`)
      .join('');
    const refs = `${lines}@ refs/heads/../../x\n@ ../../etc/passwd\n@ refs/heads/good\n`;
    const brought = await scene.bring();
    const before = outsideObjects(scene.root);
    const { commits, notes } = await scene.fetch('s1', {
      guest: lying(scene, { refs }),
      forward: brought?.state,
    });
    const now = outsideObjects(scene.root);
    const made = Object.keys(now).filter((path) => before[path] !== now[path]);
    const landed = commits.map(({ ref }) => ref);
    for (const ref of landed) assert.match(ref, /^refs\/pcoder\/s1\/(good|Good|good\/below|tags\/x)$/);
    assert.deepEqual(made.sort(), landed.map((ref) => `.git/${ref}`).sort());
    // Of three that cannot stand beside each other one came.
    assert.equal(landed.length, 2);
    for (const text of notes) assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f\u202a-\u202e]/);
    assert.match(notes.join(), /33 more refs stay/);
  });

  it('that lists itself for ever, or as nothing git could say, ends the fetch', async () => {
    using scene = new GitScene();
    await scene.bring();
    const endless = async function* () {
      for (;;) yield Buffer.from(`${'a'.repeat(40)} refs/heads/x\n`.repeat(1000));
    };
    const { guest } = scene;
    const guests: GuestGit[] = [
      { ...lying(scene, {}), refs: endless },
      lying(scene, { refs: 'nonsense\n' }),
      lying(scene, { refs: `${'a'.repeat(64)} refs/heads/x\n` }),
      lying(scene, { refs: `${'a'.repeat(40)} refs/heads/x y\n` }),
    ];
    for (const each of guests)
      await assert.rejects(scene.fetch('s1', { guest: each }), { code: 'protocol-violation' });
    assert.ok(guest);
  });

  it('past the number that is taken stays in the guest', async () => {
    using scene = new GitScene();
    await scene.bring();
    const tip = scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    const refs = Array.from({ length: 30 }, (_x, index) => `${tip} refs/heads/b${index}\n`).join('');
    const limits = { ...GIT_LIMITS, landed: 5 };
    const { commits, notes } = await scene.fetch('s1', { guest: lying(scene, { refs }), limits });
    assert.equal(commits.length, 5);
    assert.match(notes.join(), /25 of 30 refs stay in the guest/);
  });

  it('that names what is no commit, or lacks something behind it, is refused and the others come', async () => {
    using scene = new GitScene();
    await scene.bring();
    const blob = forged('blob', 'lonely');
    const lone = forged('tree', tree(['100644', 'x', blob.name]));
    const tagger = 'tagger A <a@b> 1 +0000\n\nx\n';
    const ofTree = forged('tag', `object ${lone.name}\ntype tree\ntag t\n${tagger}`);
    const first = scene.inGuest('rev-parse', 'HEAD');
    const annotated = forged('tag', `object ${first}\ntype commit\ntag u\n${tagger}`);
    const file = forged('blob', 'two\n');
    const top = forged('tree', tree(['100644', 'a.txt', file.name]));
    const good = forged('commit', commitOf(top.name, undefined, `parent ${first}\n`));
    const refs = [
      `${good.name} refs/heads/main`,
      `${blob.name} refs/heads/a-blob`,
      `${lone.name} refs/tags/a-tree`,
      `${ofTree.name} refs/tags/of-a-tree`,
      `${annotated.name} refs/heads/a-tag`,
      `${'1'.repeat(40)} refs/heads/nowhere`,
    ].join('\n');
    const pack = () => packOf([blob, lone, ofTree, annotated, good, top, file]);
    const { commits, notes } = await scene.fetch('s1', { guest: lying(scene, { refs: `${refs}\n`, pack }) });
    assert.deepEqual(
      commits.map(({ ref }) => ref),
      ['refs/pcoder/s1/main'],
    );
    assert.equal(notes.filter((note) => /was refused/.test(note)).length, 5);
    scene.host('fsck', '--full', '--strict');
  });
});

describe('a pack of the guest', { timeout: 120_000 }, () => {
  const limits = { ...GIT_LIMITS, work: 20_000 };
  const packs: [string, RegExp, (real: Buffer, scene: GitScene) => AsyncIterable<Uint8Array>][] = [
    ['is cut short', /refused/, (real) => bytes(real.subarray(0, real.length - 30))],
    [
      'has one bit turned',
      /refused/,
      (real) => {
        const turned = Buffer.from(real);
        turned[20] = (turned[20] ?? 0) ^ 1;
        return bytes(turned);
      },
    ],
    [
      'has one bit turned and a right sum',
      /refused|missing/,
      (real) => {
        const turned = Buffer.from(real.subarray(0, -20));
        turned[30] = (turned[30] ?? 0) ^ 4;
        return bytes(sealed(turned));
      },
    ],
    ['is none', /no pack/, () => bytes('<html>not a pack at all</html>')],
    ['is of another version', /no pack/, () => bytes(packHead(1, 4))],
    ['is nothing', /ended early/, () => bytes()],
    [
      'announces more objects than anybody has',
      /announced 4294967295 new objects/,
      () => bytes(packHead(0xffffffff)),
    ],
    [
      'announces an object of an exabyte',
      /refused/,
      () => bytes(packHead(1), objectHead(3, 2 ** 60), deflateSync(Buffer.alloc(100))),
    ],
    ['is empty', /was refused/, () => bytes(sealed(packHead(0)))],
    [
      'is a difference to an object of the host',
      /refused/,
      (_real, scene) => {
        const base = scene.host('rev-parse', 'HEAD:a.txt');
        const delta = Buffer.from([4, 4, 4, ...Buffer.from('evil')]);
        return bytes(
          sealed(
            Buffer.concat([
              packHead(1),
              objectHead(7, delta.length),
              Buffer.from(base, 'hex'),
              deflateSync(delta),
            ]),
          ),
        );
      },
    ],
    [
      'is a difference to what nobody has',
      /refused/,
      () => {
        const delta = Buffer.from([4, 4, 4, ...Buffer.from('evil')]);
        return bytes(
          sealed(
            Buffer.concat([
              packHead(1),
              objectHead(7, delta.length),
              Buffer.alloc(20, 7),
              deflateSync(delta),
            ]),
          ),
        );
      },
    ],
    [
      'is a difference to itself',
      /refused/,
      () => {
        const delta = Buffer.from([4, 4, 4, ...Buffer.from('evil')]);
        return bytes(
          sealed(
            Buffer.concat([packHead(1), objectHead(6, delta.length), Buffer.from([12]), deflateSync(delta)]),
          ),
        );
      },
    ],
    [
      'never ends',
      /more than 1 MiB/,
      () =>
        (async function* () {
          yield packHead(400_000);
          for (;;) yield packed('blob', randomBytes(60_000));
        })(),
    ],
    [
      'ends in a failure of the guest',
      /went away/,
      (real) =>
        (async function* () {
          yield real.subarray(0, 40);
          throw new Error('it went away');
        })(),
    ],
  ];
  for (const [name, reason, make] of packs) {
    it(`that ${name} leaves the host as it was`, async () => {
      using scene = new GitScene();
      await scene.bring();
      scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
      let real: Buffer | undefined;
      const guest = lying(scene, {
        pack: (source) =>
          (async function* () {
            real ??= await whole(source());
            yield* make(real, scene);
          })(),
      });
      const fetch = async () => {
        const { commits, notes } = await scene.fetch('s1', {
          guest,
          limits: { ...limits, received: 2 ** 20 },
        });
        assert.deepEqual(commits, []);
        throw new Error(notes.join());
      };
      await refusedWhole(scene, fetch, reason);
    });
  }

  it('that never comes ends with its deadline', async () => {
    using scene = new GitScene();
    await scene.bring();
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    const stalled = async function* () {
      yield packHead(3);
      await new Promise<void>(() => {});
    };
    const guest = lying(scene, { pack: stalled });
    await refusedWhole(
      scene,
      () => scene.fetch('s1', { guest, limits: { ...limits, work: 1000 } }),
      /could not read/,
    );
  });

  it('with an object too large to be held at once is refused before it is', async () => {
    using scene = new GitScene();
    await scene.bring();
    const top = scene.inGuest('rev-parse', 'HEAD^{tree}');
    const commit = forged('commit', commitOf(top) + 'x'.repeat(8 << 20));
    const guest = lying(scene, {
      refs: `${commit.name} refs/heads/x
`,
      pack: () => packOf([commit]),
    });
    const fetch = () => scene.fetch('s1', { guest, limits: { ...limits, allocation: 4 << 20 } });
    await refusedWhole(scene, fetch, /refused/);
  });

  it('with something behind its end brings what is before it and nothing more', async () => {
    using scene = new GitScene();
    await scene.bring();
    const tip = scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    const pack = (real: () => AsyncIterable<Uint8Array>) =>
      (async function* () {
        yield* real();
        yield Buffer.from('PACK and more');
      })();
    await scene.fetch('s1', { guest: lying(scene, { pack }) }).catch(() => {});
    const found = gitWith(scene.root, {}, 'for-each-ref', '--format=%(objectname)', 'refs/pcoder');
    assert.ok(found === '' || found === tip);
    scene.host('fsck', '--full', '--strict');
  });
});
