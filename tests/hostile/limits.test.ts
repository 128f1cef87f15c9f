import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { END_RECORD, encodeRecord } from '../../src/exchange/shared/record.ts';
import { exchangeOnce } from '../exchange/exchange-once.ts';
import { file, folder } from './claims.ts';
import { LyingGuest, rawRecord, sent } from './lying-guest.ts';
import { memoryFolder } from './memory-folder.ts';

describe('a guest without measure', () => {
  test('that lists a million entries is cut off past the limit, in little memory', async () => {
    let given = 0;
    const before = process.memoryUsage().rss;
    await assert.rejects(
      listing(function* () {
        yield encodeRecord({ present: true });
        for (; given < 1_000_000; given += 200)
          yield encodeRecord({
            entries: Array.from({ length: 200 }, (_, n) => folder(`d${given + n}`).entry),
          });
        yield END_RECORD;
      }),
      { code: 'exchange-refused' },
    );
    assert.ok(given <= 200_200, `${given} were taken`);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 400, `${grown} MiB`);
  });

  test('that refuses more names than a report can hold is cut off', async () => {
    await assert.rejects(
      listing(function* () {
        for (let n = 0; n < 20_000; n += 1)
          yield encodeRecord({ refused: [{ path: `x${n}`, reason: 'special' }] });
        yield END_RECORD;
      }),
      { code: 'exchange-refused' },
    );
  });

  test('that lists names of gigabytes is cut off before they are kept', async () => {
    let given = 0;
    const name = 'x'.repeat(4000);
    await assert.rejects(
      listing(function* () {
        for (; given < 200_000; given += 10)
          yield encodeRecord({
            entries: Array.from({ length: 10 }, (_, n) => folder(`${name}${given + n}`).entry),
          });
        yield END_RECORD;
      }),
      { code: 'exchange-refused' },
    );
    assert.ok(given < 20_000, `${given} were taken`);
  });

  test('that refuses names of a thousand folders each costs seconds, not hours', async () => {
    const since = process.cpuUsage();
    await listing(function* () {
      for (let n = 0; n < 500; n += 1)
        yield encodeRecord({ refused: [{ path: `${n}/${'a/'.repeat(8000)}x`, reason: 'special' }] });
      yield END_RECORD;
    });
    const { user, system } = process.cpuUsage(since);
    assert.ok(user + system < 8e6, `${(user + system) / 1e6} s`);
  });

  test('that lists the deepest and widest trees there are has them refused, in seconds', async () => {
    const since = process.cpuUsage();
    const deep = 'd/'.repeat(2047);
    await listing(function* () {
      for (let n = 0; n < 1000; n += 1)
        yield encodeRecord({ entries: [folder(`${deep}${n % 10}${n}`.slice(-4096)).entry] });
      yield END_RECORD;
    });
    const { user, system } = process.cpuUsage(since);
    assert.ok(user + system < 8e6, `${(user + system) / 1e6} s`);
  });

  test('that says its name is one of thousands of folded ones costs seconds', async () => {
    const since = process.cpuUsage();
    await listing(function* () {
      for (let n = 0; n < 3000; n += 1)
        yield encodeRecord({ entries: [folder(`\u1e9e\ufb01${'\u0345'.repeat(40)}${n}`).entry] });
      yield END_RECORD;
    });
    const { user, system } = process.cpuUsage(since);
    assert.ok(user + system < 15e6, `${(user + system) / 1e6} s`);
  });

  test('that sends a file in pieces of one byte is served, and one that never ends is cut off', async () => {
    const big = file('big', 'x'.repeat(20_000));
    await listing(undefined, (honest) => [...Buffer.concat(honest)].map((byte) => Buffer.from([byte])), [
      file('a', 'bytes'),
    ]);
    await assert.rejects(
      listing(undefined, () => endless(sent(big.entry, 'x'.repeat(20_000))), [big]),
      { code: 'protocol-violation' },
    );
  });

  test('that sends one record of the largest size after the other is cut off at the first', async () => {
    await assert.rejects(
      listing(() => endless(rawRecord(`{"present":true,"x":"${'x'.repeat(262_000)}"}`))),
      {
        code: 'protocol-violation',
      },
    );
  });
});

async function listing(
  bytes?: () => Iterable<Uint8Array>,
  files?: (honest: Uint8Array[]) => Iterable<Uint8Array>,
  claims: ReturnType<typeof file>[] = [],
): Promise<void> {
  const home = mkdtempSync(join(memoryFolder(), 'limits-'));
  try {
    const root = join(home, 'project');
    mkdirSync(root);
    await exchangeOnce({
      root,
      base: join(home, 'base.json'),
      guest: new LyingGuest(claims, { listing: bytes, files }),
      session: 's1',
      host: { caseInsensitive: true, windowsNames: false, execBits: true, links: true },
    }).finally(() => assert.ok(readdirSync(root).every((name) => !name.startsWith('.pcoder-'))));
  } finally {
    rmSync(home, { recursive: true });
  }
}

function* endless(bytes: Uint8Array): Generator<Uint8Array> {
  for (;;) yield bytes;
}
