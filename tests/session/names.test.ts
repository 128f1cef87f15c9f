import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import * as z from 'zod/mini';
import { ExchangeRequest } from '../../src/channel/messages/exchange.ts';
import { MakeFolder } from '../../src/channel/messages/guest.ts';
import { guestProject } from '../../src/session/guest-project.ts';
import { proxyEnvironment } from '../../src/session/proxy-environment.ts';
import { newSessionId } from '../../src/session/session-id.ts';
import { Turns } from '../../src/session/turns.ts';

describe('a project’s name in the guest', () => {
  it('is its own, readable, and apart from others of the same name', () => {
    const one = guestProject('/home/me/work/My Project (2)');
    assert.match(one.key, /^My-Project-2-?-[0-9a-f]{8}$/);
    assert.equal(guestProject('/home/me/work/My Project (2)').key, one.key);
    assert.notEqual(guestProject('/home/you/work/My Project (2)').key, one.key);
    assert.match(guestProject('/home/me/Проект').key, /^Проект-/);
    assert.match(guestProject('/').key, /^project-/);
    assert.match(guestProject('/x/..hidden').key, /^hidden-/);
  });

  it('fits what the guest accepts as a project’s folder, whatever the host’s path', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 255, size: 'max' }), {
          minLength: 1,
          maxLength: 4,
        }),
        (parts) => {
          const { path, key } = guestProject(`/${parts.join('/')}`);
          assert.ok(z.safeParse(ExchangeRequest, { root: path, session: 's' }).success, path);
          assert.ok(z.safeParse(MakeFolder, { path }).success);
          assert.ok(
            Buffer.byteLength(key) <= 255 && key !== '.' && key !== '..' && !key.startsWith('-'),
            key,
          );
        },
      ),
    );
  });
});

describe('a session’s id', () => {
  it('sorts by time and is not given twice', () => {
    assert.match(newSessionId(new Date('2026-11-20T14:30:05Z')), /^20261120-143005-[0-9a-f]{4}$/);
    assert.ok(
      newSessionId(new Date('2026-11-20T14:30:05Z')) < newSessionId(new Date('2026-11-20T14:30:06Z')),
    );
  });

  it('and its token survive the trip through a proxy’s address', () => {
    const url = new URL(proxyEnvironment('20261120-143005-7f3a', 'ab12').HTTPS_PROXY ?? '');
    assert.deepEqual(
      [url.username, url.password, url.hostname],
      ['20261120-143005-7f3a', 'ab12', '127.0.0.1'],
    );
  });
});

describe('turns', () => {
  it('go one at a time and in order under one key, side by side under two', async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const work = (name: string, milliseconds: number) => async () => {
      seen.push(`${name}+`);
      await sleep(milliseconds);
      seen.push(`${name}-`);
      return name;
    };
    const all = await Promise.all([
      turns.take('p', work('a', 20)),
      turns.take('p', work('b', 1)),
      turns.take('q', work('c', 5)),
    ]);
    assert.deepEqual(
      [all, seen],
      [
        ['a', 'b', 'c'],
        ['a+', 'c+', 'c-', 'a-', 'b+', 'b-'],
      ],
    );
  });

  it('go on after one that failed, which alone hears of it', async () => {
    const turns = new Turns();
    const failing = turns.take('p', () => Promise.reject(new Error('no')));
    const next = turns.take('p', async () => 'next');
    await assert.rejects(failing, /no/);
    assert.equal(await next, 'next');
  });
});
