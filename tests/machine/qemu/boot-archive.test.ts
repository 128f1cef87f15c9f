import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { bootArchive } from '../../../src/machine/qemu/boot-archive.ts';

const parts = {
  agent: Buffer.from('agent'),
  bootKey: Buffer.from([0, 255, 1]),
  sshHostKey: 'HOST KEY\n',
  sshAuthorizedKey: 'ssh-ed25519 AAAA pcoder',
};

interface Member {
  path: string;
  mode: number;
  uid: number;
  content: Buffer;
}

/** Reads a "newc" archive as the kernel does: hexadecimal header, name and data each filled up to a multiple of four. */
function members(archive: Buffer): Member[] {
  const found: Member[] = [];
  for (let at = 0; ; ) {
    const header = archive.subarray(at, at + 110).toString('latin1');
    assert.match(header, /^070701[0-9a-f]{104}$/);
    const field = (index: number) => Number.parseInt(header.slice(6 + index * 8, 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const path = archive.subarray(at + 110, nameEnd - 1).toString();
    const start = Math.ceil(nameEnd / 4) * 4;
    if (path === 'TRAILER!!!') {
      assert.equal(Math.ceil(start / 4) * 4, archive.byteLength);
      return found;
    }
    found.push({ path, mode: field(1), uid: field(2), content: archive.subarray(start, start + field(6)) });
    at = Math.ceil((start + field(6)) / 4) * 4;
  }
}

describe('the boot archive', () => {
  const found = new Map(members(bootArchive(parts)).map((member) => [member.path, member]));

  it('holds the agent daemon, the keys and how to start, byte for byte', () => {
    assert.deepEqual(found.get('pcoder/agentd.mjs')?.content, parts.agent);
    assert.deepEqual(found.get('pcoder/boot.key')?.content, parts.bootKey);
    assert.equal(found.get('pcoder/ssh/host_ed25519')?.content.toString(), parts.sshHostKey);
    assert.equal(found.get('pcoder/ssh/authorized_keys')?.content.toString(), `${parts.sshAuthorizedKey}\n`);
    assert.match(
      found.get('pcoder/start')?.content.toString() ?? '',
      /^#!\/bin\/sh\n[^]*agentd\.mjs[^]*exec \/sbin\/init\n$/,
    );
  });

  it('has a folder before what lies in it, all of it root’s', () => {
    const seen = new Set(['.']);
    for (const { path, uid } of found.values()) {
      const parent = path.split('/').slice(0, -1).join('/') || '.';
      assert.ok(seen.has(parent), path);
      seen.add(path);
      assert.equal(uid, 0);
    }
  });

  it('keeps keys from everyone but root, and lets only the start be run', () => {
    const rights = Object.fromEntries([...found].map(([path, { mode }]) => [path, mode & 0o777]));
    for (const secret of ['pcoder/boot.key', 'pcoder/ssh/host_ed25519'])
      assert.equal(rights[secret], 0o600, secret);
    assert.equal(rights['pcoder'], 0o700);
    assert.equal((rights['pcoder/start'] ?? 0) & 0o100, 0o100);
    const types = Object.fromEntries([...found].map(([path, { mode }]) => [path, mode & 0o170000]));
    assert.deepEqual([types['pcoder'], types['pcoder/start']], [0o040000, 0o100000]);
  });

  it('lets nobody log in by password, as root, or with another key', () => {
    const config = found.get('pcoder/ssh/sshd_config')?.content.toString() ?? '';
    for (const line of [
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin no',
      'AllowUsers portable',
      'AuthorizedKeysFile /run/pcoder/ssh/authorized_keys',
    ]) {
      assert.ok(config.split('\n').includes(line), line);
    }
  });

  it('is listed by cpio', (t) => {
    const top = mkdtempSync(join(tmpdir(), 'cpio-'));
    after(() => rmSync(top, { recursive: true }));
    const file = join(top, 'archive');
    writeFileSync(file, bootArchive(parts));
    try {
      const listed = execFileSync('cpio', ['-t', '--quiet', '-F', file], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      assert.deepEqual(listed.trim().split('\n'), [...found.keys()]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      t.skip('this host has no cpio');
    }
  });
});
