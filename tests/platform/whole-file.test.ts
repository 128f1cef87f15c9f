import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import * as z from 'zod/mini';
import { isFault } from '../../src/fault/fault.ts';
import { isSuperuser } from '../../src/platform/host.ts';
import { readJson, writeJson } from '../../src/platform/json-file.ts';
import { writeWhole } from '../../src/platform/whole-file.ts';

const top = mkdtempSync(join(tmpdir(), 'whole-'));
after(() => rmSync(top, { recursive: true }));

describe('a file written whole', () => {
  it('has the content, the mode, and nothing left beside it', async () => {
    const folder = join(top, 'new/deep');
    await writeWhole(join(folder, 'key'), Buffer.from([0, 255, 10]), { mode: 0o600 });
    assert.deepEqual([...readFileSync(join(folder, 'key'))], [0, 255, 10]);
    assert.equal(statSync(join(folder, 'key')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['key']);
  });

  it('takes the narrower mode also when it replaces a wider file', async () => {
    const path = join(top, 'wide');
    writeFileSync(path, 'old', { mode: 0o644 });
    await writeWhole(path, 'new', { mode: 0o600 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('is one of the contents whole when many write at once', async () => {
    const path = join(top, 'contested');
    const contents = Array.from({ length: 20 }, (_, index) =>
      String.fromCharCode(97 + index).repeat(500_000),
    );
    await writeWhole(path, contents[0] ?? '');
    let writing = true;
    const writes = Promise.all(contents.map((content) => writeWhole(path, content))).finally(() => {
      writing = false;
    });
    while (writing) assert.ok(contents.includes(await readFile(path, 'utf8')));
    await writes;
    assert.deepEqual(
      readdirSync(top).filter((name) => name.includes('contested')),
      ['contested'],
    );
  });

  it('is not disturbed by what a crash left beside it', async () => {
    const path = join(top, 'crashed', 'file');
    mkdirSync(join(top, 'crashed'));
    writeFileSync(join(top, 'crashed', '.file.0123456789ab.tmp'), 'half');
    await writeWhole(path, 'whole');
    assert.equal(readFileSync(path, 'utf8'), 'whole');
  });

  it('is the old one or the new one after kill -9 in the middle of writing', { timeout: 20_000 }, () => {
    const path = join(top, 'killed');
    for (let round = 0; round < 5; round++) {
      writeFileSync(path, 'o'.repeat(1000));
      const program = `import { writeWhole } from ${JSON.stringify(join(import.meta.dirname, '../../src/platform/whole-file.ts'))};
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${round * 12});
        for (;;) await writeWhole(${JSON.stringify(path)}, 'n'.repeat(8_000_000));`;
      assert.throws(
        () => execFileSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' }),
        { signal: 'SIGKILL' },
      );
      const content = readFileSync(path, 'utf8');
      assert.ok(content === 'o'.repeat(1000) || content === 'n'.repeat(8_000_000), `${content.length} bytes`);
    }
  });

  it('that does not fit on the disk is a disk-full fault, the old content stays, nothing is left over', {
    skip: isSuperuser() ? false : 'mounting a small disk needs root',
  }, async (t) => {
    const disk = join(top, 'small');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      return t.skip('this host lets nobody mount a tmpfs');
    }
    try {
      await writeWhole(join(disk, 'file'), 'old');
      await assert.rejects(
        writeWhole(join(disk, 'file'), 'n'.repeat(200_000)),
        (error) => isFault(error, 'disk-full') && /free some space/.test(error.hint ?? ''),
      );
      assert.equal(readFileSync(join(disk, 'file'), 'utf8'), 'old');
      assert.deepEqual(readdirSync(disk), ['file']);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('in a folder nobody may write to is a folder-unwritable fault', {
    skip: isSuperuser() ? 'root may write everywhere' : false,
  }, async () => {
    const closed = join(top, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    await assert.rejects(writeWhole(join(closed, 'file'), 'x'), { code: 'folder-unwritable' });
    chmodSync(closed, 0o700);
  });

  it('below something that is no folder fails and makes nothing', async () => {
    writeFileSync(join(top, 'plain'), '');
    await assert.rejects(writeWhole(join(top, 'plain', 'file'), 'x'));
    assert.ok(!existsSync(join(top, 'plain', 'file')));
  });
});

describe('a JSON file', () => {
  const Shape = z.object({ name: z.string(), size: z.int() });

  it('comes back as it was written', async () => {
    await writeJson(join(top, 'good.json'), { name: 'ä', size: 3 });
    assert.deepEqual(await readJson(join(top, 'good.json'), Shape), { name: 'ä', size: 3 });
  });

  it('that is not there is undefined, not an error', async () => {
    assert.equal(await readJson(join(top, 'none.json'), Shape), undefined);
  });

  for (const [what, text, named] of [
    ['cut off', '{"name":', 'not valid JSON'],
    ['empty', '', 'not valid JSON'],
    ['of another shape', '{"name":1,"size":2}', 'name'],
    ['a list', '[]', 'schema'],
  ] as const) {
    it(`that is ${what} names itself and what is wrong`, async () => {
      const path = join(top, 'bad.json');
      writeFileSync(path, text);
      await assert.rejects(
        readJson(path, Shape),
        (error) =>
          isFault(error, 'config-invalid') && error.message.includes(path) && error.message.includes(named),
      );
    });
  }
});
