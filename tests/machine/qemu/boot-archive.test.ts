import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
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
    assert.deepEqual(found.get('pcoder/agentd.cjs')?.content, parts.agent);
    assert.deepEqual(found.get('pcoder/boot.key')?.content, parts.bootKey);
    assert.equal(found.get('pcoder/ssh/host_ed25519')?.content.toString(), parts.sshHostKey);
    assert.equal(found.get('pcoder/ssh/authorized_keys')?.content.toString(), `${parts.sshAuthorizedKey}\n`);
    assert.match(
      found.get('pcoder/start')?.content.toString() ?? '',
      /^#!\/bin\/sh\n[^]*agentd\.cjs[^]*exec \/sbin\/init\n$/,
    );
  });

  it('holds the daemon’s start-up snapshot where there is one', () => {
    const archive = bootArchive({ ...parts, agentSnapshot: Buffer.from('snapshot') });
    const blob = members(archive).find(({ path }) => path === 'pcoder/agentd.blob');
    assert.equal(blob?.content.toString(), 'snapshot');
    assert.ok(!found.has('pcoder/agentd.blob'));
  });

  it('starts the daemon without its snapshot, at once and saying so, when that ended it', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'start-'));
    t.after(() => rmSync(folder, { recursive: true }));
    // The loop of the real script, with a node that refuses every snapshot and serves without one.
    const start = found.get('pcoder/start')?.content.toString() ?? '';
    const loop = /^\(\n[^]*?\n\)/m.exec(start)?.[0] ?? '';
    writeFileSync(join(folder, 'agentd.blob'), 'of another Node');
    writeFileSync(
      join(folder, 'node'),
      '#!/bin/sh\necho "node $1"\ncase $1 in --snapshot-blob) exit 1;; esac\nkill $PPID\n',
      { mode: 0o755 },
    );
    const script = loop
      .replace("trap '' HUP INT TERM", '')
      .replaceAll('/usr/local/bin/node', join(folder, 'node'))
      .replaceAll('/run/pcoder', folder);
    const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8', timeout: 5000 });
    assert.deepEqual(stdout.trim().split('\n'), [
      'node --snapshot-blob',
      'agentd: ended; it goes on without its start-up snapshot',
      'node --no-opt',
    ]);
  });

  it('has pipes ready for the first commands, where only root finds them', () => {
    const pipes = [...found.values()].filter(({ path }) => path.startsWith('pcoder/pipes/ready-'));
    assert.equal(pipes.length, 16);
    for (const { mode } of [...pipes, found.get('pcoder/greeted')].filter((each) => each !== undefined))
      assert.equal(mode & 0o170000, 0o010000);
    assert.equal((found.get('pcoder/pipes')?.mode ?? 0) & 0o777, 0o700);
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
