import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeContent } from '../../../src/exchange/quarantine/judge-content.ts';
import { Quarantine } from '../../../src/exchange/quarantine/quarantine.ts';
import { contents, remove, Scene, write } from '../scene.ts';

const hold = { review: false, quarantine: new Quarantine(), removals: 1 };

describe('an ignore file from the guest', () => {
  test('goes on when it only leaves out more', async () => {
    using scene = new Scene();
    write(scene.host, '.gitignore', 'secret\n');
    await scene.exchange({ hold });
    write(scene.guest, '.gitignore', 'secret\ndist/\n');
    write(scene.guest, 'pkg/.gitignore', '*.o\n');
    const report = await scene.exchange({ hold });
    assert.deepEqual(report.toHost, ['.gitignore', 'pkg', 'pkg/.gitignore']);
  });

  for (const [what, change] of [
    ['takes a line out', (guest: string) => write(guest, '.gitignore', '*.log\n')],
    ['brings back', (guest: string) => write(guest, '.gitignore', '*.log\nsecret\n!secret\n')],
    ['brings back further down', (guest: string) => write(guest, 'sub/.gitignore', '!secret\n')],
    ['is removed', (guest: string) => remove(guest, '.gitignore')],
    ['says what pcoder takes', (guest: string) => write(guest, '.pcoderignore', '# nothing\n')],
    [
      'is too long to be read whole',
      (guest: string) => write(guest, '.gitignore', `${'#\n'.repeat(30_000)}*.log\nsecret\n`),
    ],
  ] as const) {
    test(`waits when it ${what}, and the host keeps what it kept`, async () => {
      using scene = new Scene();
      write(scene.host, '.gitignore', '*.log\nsecret\n');
      write(scene.host, 'secret');
      write(scene.host, 'sub/secret');
      await scene.exchange({ hold });
      change(scene.guest);
      for (let pass = 0; pass < 2; pass++) await scene.exchange({ hold });
      assert.equal(contents(scene.host)['.gitignore'], '*.log\nsecret\n');
      assert.equal(contents(scene.guest)['secret'], undefined);
      assert.equal(contents(scene.guest)['sub/secret'], undefined);
    });
  }

  test('waits in every spelling of its name', () => {
    assert.ok(judgeContent('.GitIgnore', Buffer.from('a\n'), Buffer.from('')) !== undefined);
  });
});
