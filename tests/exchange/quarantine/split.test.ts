import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Quarantine } from '../../../src/exchange/quarantine/quarantine.ts';
import { splitChanges } from '../../../src/exchange/quarantine/split.ts';
import type { Entry, Tree } from '../../../src/exchange/shared/entry.ts';

/** `path` → content of a file, `→ target` of a link, `/` for a folder. */
type Drawn = Record<string, string>;

function split(base: Drawn, guest: Drawn, host: Drawn = base, list = new Quarantine()) {
  const found = splitChanges({ base: tree(base), host: tree(host), guest: tree(guest) }, list);
  const paths = (changes: { path: string }[]) => changes.map(({ path }) => path).sort();
  return { go: paths(found.go), wait: paths(found.wait), read: paths(found.read), found };
}

describe('the changes of a guest', () => {
  test('go on, but for those that could run on the host', () => {
    const { go, wait, found } = split(
      { a: '1' },
      { a: '2', '.envrc': 'x', d: '/', 'd/.vscode': '/', 'd/.vscode/tasks.json': 'x' },
    );
    assert.deepEqual(go, ['a', 'd']);
    assert.deepEqual(wait, ['.envrc', 'd/.vscode', 'd/.vscode/tasks.json']);
    assert.match(found.wait[0]?.reason ?? '', /folder is entered/);
  });

  test('wait when they remove what a person relies on', () => {
    const base = { '.pre-commit-config.yaml': 'x', '.vscode': '/', '.vscode/settings.json': 'x', a: 'x' };
    const { go, wait } = split(base, {});
    assert.deepEqual(go, ['a']);
    assert.deepEqual(wait, ['.pre-commit-config.yaml', '.vscode', '.vscode/settings.json']);
  });

  test('wait when a folder gets such a name, and when it loses it', () => {
    const { go, wait } = split(
      { cfg: '/', 'cfg/tasks.json': 'x' },
      { '.VSCode': '/', '.VSCode/tasks.json': 'x' },
    );
    assert.deepEqual(go, ['cfg', 'cfg/tasks.json']);
    assert.deepEqual(wait, ['.VSCode', '.VSCode/tasks.json']);
    const back = split({ '.vscode': '/', '.vscode/tasks.json': 'x' }, { cfg: '/', 'cfg/tasks.json': 'x' });
    assert.deepEqual(back.wait, ['.vscode', '.vscode/tasks.json']);
  });

  test('are none where both sides or the agreement have it so', () => {
    const { go, wait } = split(
      { '.envrc': '1' },
      { '.envrc': '1', '.npmrc': 'n' },
      { '.envrc': '2', '.npmrc': 'n' },
    );
    assert.deepEqual([go, wait], [[], []]);
  });

  test('wait when only the executable bit of such a file changed', () => {
    const base = tree({ gradlew: 'x' });
    const guest = tree({ gradlew: 'x' });
    guest.set('gradlew', { ...file('gradlew', 'x'), exec: true } as Entry);
    const { wait } = splitChanges({ base, host: base, guest }, new Quarantine());
    assert.equal(wait.length, 1);
  });

  test('wait when a link takes such a name, leads there, or would make such paths below itself', () => {
    const guest = {
      '.vscode': '→ cfg',
      CLAUDE: '→ .claude',
      'a/.config': '→ ../cfg',
      cfg: '/',
      'cfg/fish': '/',
      hook: '→ .husky/pre-commit',
      plain: '→ cfg/x',
      'x/.env': '→ ../cfg/y',
      far: '→ near/x',
      near: '→ .claude',
    };
    const { go, wait } = split({}, guest);
    assert.deepEqual(go, ['cfg', 'cfg/fish', 'plain']);
    assert.deepEqual(wait, ['.vscode', 'CLAUDE', 'a/.config', 'far', 'hook', 'near', 'x/.env']);
  });

  test('wait when a link of the host makes such a path of them', () => {
    const base = {
      '.github': '→ ci',
      '.vscode': '→ editor/cfg',
      editor: '/',
      'AGENTS.md': '→ docs/agents.txt',
    };
    const guest = {
      ...base,
      ci: '/',
      'ci/workflows': '/',
      'ci/workflows/x.yml': 'x',
      docs: '/',
      'docs/agents.txt': 'x',
      'docs/other.txt': 'x',
      'editor/cfg': '→ ../real',
      real: '/',
      'real/tasks.json': 'x',
    };
    const { go, wait } = split(base, guest);
    assert.deepEqual(go, ['docs', 'docs/other.txt']);
    assert.deepEqual(wait, [
      'ci',
      'ci/workflows',
      'ci/workflows/x.yml',
      'docs/agents.txt',
      'editor/cfg',
      'real',
      'real/tasks.json',
    ]);
  });

  test('wait in a folder that git would take for a repository', () => {
    const base = { fixtures: '/', 'fixtures/HEAD': 'x', 'fixtures/objects': '/', a: 'x' };
    const { go, wait } = split(base, {
      ...base,
      a: 'y',
      'fixtures/refs': '/',
      'fixtures/config': 'fsmonitor',
    });
    assert.deepEqual(go, ['a']);
    assert.deepEqual(wait, ['fixtures/config', 'fixtures/refs']);
    assert.deepEqual(split({}, { HEAD: 'x', 'x.git': '/', 'x.git/config': 'x' }).wait, [
      'HEAD',
      'x.git',
      'x.git/config',
    ]);
  });

  test('are read first where their content decides, and wait unread when they are large or no file', () => {
    const large = tree({});
    large.set('package.json', { ...file('package.json', 'x'), size: 2 ** 21 } as Entry);
    assert.equal(
      splitChanges({ base: new Map(), host: new Map(), guest: large }, new Quarantine()).wait.length,
      1,
    );
    const { read, wait, go } = split(
      { 'a/package.json': 'x' },
      { 'package.json': 'x', 'b/package.json': '→ x' },
    );
    assert.deepEqual([read, wait, go], [['package.json'], ['b/package.json'], ['a/package.json']]);
  });

  test('wait unread when there is too much to be read', () => {
    const guest = tree({});
    for (let n = 0; n < 100; n += 1)
      guest.set(`${n}/package.json`, { ...file(`${n}/package.json`, 'x'), size: 2 ** 20 } as Entry);
    const { read, wait } = splitChanges({ base: new Map(), host: new Map(), guest }, new Quarantine());
    assert.deepEqual([read.length, wait.length], [32, 68]);
  });

  test('go on by a setting, and wait by one', () => {
    const list = new Quarantine({ add: ['*.sql'], allow: ['AGENTS.md'] });
    const { go, wait } = split({}, { 'AGENTS.md': 'x', 'a.sql': 'x' }, {}, list);
    assert.deepEqual([go, wait], [['AGENTS.md'], ['a.sql']]);
  });

  test('are judged to an end when a guest makes thousands of links to confuse', { timeout: 120_000 }, () => {
    const guest: Drawn = {};
    for (let n = 0; n < 20_000; n += 1) guest[`l${n}`] = n % 2 === 0 ? '→ .' : `→ l${n - 1}`;
    for (let n = 0; n < 20_000; n += 1) guest[`f${n}`] = 'x';
    split({ '.vscode': '→ .' }, { ...guest, '.vscode': '→ .' });
    split({}, guest);
  });
});

function tree(drawn: Drawn): Tree {
  return new Map(Object.entries(drawn).map(([path, what]) => [path, entryOf(path, what)]));
}

function entryOf(path: string, what: string): Entry {
  if (what === '/') return { path, type: 'folder' };
  return what.startsWith('→ ') ? { path, type: 'link', target: what.slice(2) } : file(path, what);
}

function file(path: string, content: string): Entry {
  return { path, type: 'file', exec: false, size: content.length, digest: content };
}
