import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FolderTree } from '../../src/exchange/shared/guest-tree.ts';
import { SessionUndo } from '../../src/exchange/undo/session-undo.ts';
import { exchangeOnce } from '../exchange/exchange-once.ts';
import { contents, LINUX, remove, write } from '../exchange/scene.ts';
import { Desk } from './pretended-terminal.ts';

const FIRST = '20260101-000000-aaaa';
const SECOND = '20260102-000000-bbbb';

let desk: Desk;
let guest: string;
beforeEach(async () => {
  desk = new Desk();
  guest = join(desk.top, 'guest');
  for (const name of ['changed', 'gone', 'src/kept']) write(desk.project, name, 'old');
  await exchange('20251231-000000-0000');
  write(guest, 'changed', 'by the first');
  remove(guest, 'gone');
  write(guest, 'src/made', 'by the first');
  await exchange(FIRST);
  write(guest, 'changed', 'by the second');
  write(guest, 'src/kept', 'by the second');
  await exchange(SECOND);
});
afterEach(() => desk[Symbol.dispose]());

describe('undo', () => {
  it('brings back the last session, then the one before, then says that nothing is left', async () => {
    const one = await desk.pcoder(['undo']);
    assert.equal(one.code, 0, one.err);
    assert.match(one.err, /^pcoder: brought back: changed, src\/kept$/m);
    const [, as = ''] = /^pcoder: to take this back: pcoder undo (\S+)$/m.exec(one.err) ?? [];
    assert.equal(contents(desk.project).changed, 'by the first');
    const two = await desk.pcoder(['undo'], { cwd: join(desk.project, 'src') });
    assert.match(two.err, /^pcoder: removed, made by that session: src\/made$/m);
    assert.deepEqual(contents(desk.project), { changed: 'old', gone: 'old', src: '/', 'src/kept': 'old' });
    const three = await desk.pcoder(['undo', '--json']);
    assert.deepEqual([three.code, JSON.parse(three.out).error.code], [2, 'session-unknown']);
    assert.equal(
      (await desk.pcoder(['undo', as])).code,
      1,
      'what the first undo changed was changed again since',
    );
  });

  it('of an undo brings back what that one took', async () => {
    const { out } = await desk.pcoder(['undo', '--json']);
    const { session, undo } = JSON.parse(out);
    assert.equal(session, SECOND);
    await desk.pcoder(['undo', undo]);
    assert.equal(contents(desk.project).changed, 'by the second');
    assert.equal(JSON.parse((await desk.pcoder(['undo', '--json'])).out).session, SECOND);
  });

  it('of some paths leaves the others to a later one', async () => {
    const some = await desk.pcoder(['undo', '--path', 'kept', '--json'], { cwd: join(desk.project, 'src') });
    assert.deepEqual(JSON.parse(some.out).restored, ['src/kept']);
    const rest = JSON.parse((await desk.pcoder(['undo', '--json'])).out);
    assert.deepEqual([rest.session, rest.restored, rest.already], [SECOND, ['changed'], ['src/kept']]);
    const outside = await desk.pcoder(['undo', '--path', '../elsewhere']);
    assert.equal(outside.code, 2);
    assert.match(outside.err, /is not in the project/);
  });

  it('leaves what was changed since, says where the old content is, and fails', async () => {
    const { code, out } = await desk.pcoder(['undo', FIRST, '--json'], { cwd: desk.top });
    const { left, restored, removed } = JSON.parse(out);
    assert.equal(code, 1);
    assert.deepEqual([restored, removed], [['gone'], ['src/made']]);
    assert.deepEqual(
      left.map(({ path, reason, text }: Record<string, string>) => [path, reason, text]),
      [['changed', 'changed', 'it was changed since']],
    );
    assert.equal(readFileSync(left[0].kept, 'utf8'), 'old');
    const again = await desk.pcoder(['undo', FIRST]);
    assert.match(
      again.err,
      /^pcoder: left as it is: changed \(it was changed since\); before the session it was \//m,
    );
  });

  it('lists what can be undone, the last first', async () => {
    const { out } = await desk.pcoder(['undo', '--list']);
    assert.match(
      out,
      new RegExp(`^${SECOND}  .* would bring back 2, remove 0\n${FIRST}  .* would bring back 2, remove 1\n$`),
    );
    await desk.pcoder(['undo']);
    const [last] = JSON.parse((await desk.pcoder(['undo', '--list', '--json'])).out);
    assert.deepEqual([last.undoes, last.project, last.restores], [SECOND, desk.project, 2]);
    const other = join(desk.top, 'other');
    mkdirSync(other);
    assert.match((await desk.pcoder(['undo', '--list', '--project', other])).err, /no session that changed/);
  });

  it('knows no session that it does not know, and no project that is gone', async () => {
    for (const name of ['20990101-000000-ffff', '../../etc']) {
      const { code, err } = await desk.pcoder(['undo', name]);
      assert.equal(code, 2);
      assert.match(err, /^error: nothing is kept of a session /);
    }
    const other = await desk.pcoder(['undo', FIRST, '--project', desk.top]);
    assert.match(other.err, /^error: session 20260101-000000-aaaa changed /);
    rmSync(desk.project, { recursive: true });
    assert.match((await desk.pcoder(['undo', FIRST])).err, /^error: there is no project folder/);
  });
});

async function exchange(session: string): Promise<void> {
  await exchangeOnce({
    root: desk.project,
    base: join(desk.top, 'base.jsonl'),
    guest: new FolderTree(guest, { session }),
    session,
    host: LINUX,
    undo: new SessionUndo(desk.folder, session, desk.project),
  });
}
