import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeOpensshKey } from '../../src/machine/openssh-key.ts';
import { ensureSshKeys, newBootKey, readBootKeys, writeBootKeys } from '../../src/machine/qemu/keys.ts';

const top = mkdtempSync(join(tmpdir(), 'keys-'));
after(() => rmSync(top, { recursive: true }));

/** The fields of the unencrypted envelope, as openssh PROTOCOL.key lists them. */
function read(privateKey: string) {
  const bytes = Buffer.from(privateKey.replace(/-----.*-----|\n/g, ''), 'base64');
  assert.equal(bytes.subarray(0, 15).toString('latin1'), 'openssh-key-v1\0');
  let rest = bytes.subarray(15);
  const number = () => {
    const value = rest.readUInt32BE(0);
    rest = rest.subarray(4);
    return value;
  };
  const field = () => {
    const length = number();
    const value = rest.subarray(0, length);
    rest = rest.subarray(length);
    return value;
  };
  const [cipher, kdf, options, count, publicBlob] = [field(), field(), field(), number(), field()];
  const whole = field();
  assert.equal(whole.byteLength % 8, 0);
  rest = whole;
  const [one, two, kind, point, secret, comment] = [number(), number(), field(), field(), field(), field()];
  const padding = [...rest];
  return { cipher, kdf, options, count, publicBlob, one, two, kind, point, secret, comment, padding };
}

describe('an OpenSSH key pair', () => {
  it('has the form of PROTOCOL.key, for comments of every length', () => {
    for (let length = 0; length < 10; length++) {
      const key = read(makeOpensshKey('c'.repeat(length)).privateKey);
      assert.deepEqual(
        [String(key.cipher), String(key.kdf), key.options.byteLength, key.count, key.one === key.two],
        ['none', 'none', 0, 1, true],
      );
      assert.deepEqual(
        [String(key.kind), key.secret.byteLength, String(key.comment)],
        ['ssh-ed25519', 64, 'c'.repeat(length)],
      );
      assert.deepEqual(
        key.padding,
        Array.from({ length: key.padding.length }, (_, index) => index + 1),
      );
    }
  });

  it('is one pair: what its private half signs its public half verifies', () => {
    const pair = makeOpensshKey('x');
    const { secret, point, publicBlob } = read(pair.privateKey);
    assert.deepEqual(secret.subarray(32), point);
    assert.equal(pair.publicKey, `ssh-ed25519 ${publicBlob.toString('base64')} x`);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
    const privateKey = createPrivateKey({
      key: { ...jwk, d: secret.subarray(0, 32).toString('base64url') },
      format: 'jwk',
    });
    const signature = sign(null, Buffer.from('text'), privateKey);
    assert.ok(verify(null, Buffer.from('text'), createPublicKey({ key: jwk, format: 'jwk' }), signature));
  });

  it('is read by ssh-keygen as that key', {
    skip: spawnSync('ssh-keygen', ['-?']).error === undefined ? false : 'this host has no ssh-keygen',
  }, () => {
    for (const comment of ['pcoder', '', 'a longer comment']) {
      const pair = makeOpensshKey(comment);
      const file = join(top, `k${comment.length}`);
      writeFileSync(file, pair.privateKey, { mode: 0o600 });
      assert.equal(
        execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim(),
        pair.publicKey.trim(),
      );
    }
  });

  it('is never made twice', () => {
    assert.notEqual(makeOpensshKey('x').publicKey, makeOpensshKey('x').publicKey);
  });
});

describe('a machine’s keys', () => {
  const ssh = join(top, 'ssh');
  const names = { ssh, sshUserKey: join(ssh, 'id_ed25519'), sshHostKey: join(ssh, 'host_ed25519') };

  it('are made once, private, and stay', async () => {
    const first = await ensureSshKeys(names);
    assert.deepEqual(await ensureSshKeys(names), first);
    for (const path of [names.sshUserKey, names.sshHostKey]) assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(ssh).mode & 0o777, 0o700);
    assert.equal(readFileSync(`${names.sshUserKey}.pub`, 'utf8').trim(), first.userPublic);
    assert.notEqual(first.hostPublic, first.userPublic);
  });

  it('whose making was cut off are made anew', async () => {
    const { userPublic } = await ensureSshKeys(names);
    rmSync(`${names.sshUserKey}.pub`);
    assert.notEqual((await ensureSshKeys(names)).userPublic, userPublic);
  });

  it('of a boot are fresh each time, private, and refused when damaged', async () => {
    const path = join(top, 'boot.key');
    const first = await newBootKey(path);
    assert.notDeepEqual(await newBootKey(path), first);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    writeFileSync(path, 'short');
    assert.deepEqual(await readBootKeys(path), []);
    assert.deepEqual(await readBootKeys(join(top, 'none')), []);
    await writeBootKeys(path, Buffer.alloc(32, 1), Buffer.alloc(32, 2));
    assert.deepEqual(await readBootKeys(path), [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]);
  });
});
