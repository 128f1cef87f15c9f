import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as z from 'zod/mini';
import type { Connection } from '../../src/channel/connection.ts';
import type { Machine, StartOptions } from '../../src/machine/machine.ts';
import { SessionRequest } from '../../src/session/request.ts';
import { Journal } from '../../src/supervisor/journal.ts';
import { SessionEvent, StatusReply } from '../../src/supervisor/protocol.ts';
import { sshConfig } from '../../src/supervisor/ssh-listener.ts';
import { StartQueue } from '../../src/supervisor/start-queue.ts';

const fits = (schema: z.core.$ZodType, value: unknown) => z.safeParse(schema, value).success;

describe('the supervisor’s messages', () => {
  const session = { project: '/p', work: { kind: 'command', argv: ['true'] }, exchange: 'once', allow: [] };

  it('accept what a command asks for', () => {
    for (const work of [
      session.work,
      { kind: 'shell' },
      {
        kind: 'tool',
        tool: 'claude',
        profile: 'demo',
        args: ['-p', 'x'],
        credential: { name: 'K', value: 'v' },
      },
    ])
      assert.ok(fits(SessionRequest, { ...session, work }), work.kind);
    assert.ok(fits(SessionRequest, { ...session, terminal: { rows: 24, columns: 80 }, term: 'xterm' }));
  });

  for (const [what, value] of [
    ['another kind of work', { ...session, work: { kind: 'reboot' } }],
    ['a shell string instead of arguments', { ...session, work: { kind: 'command', argv: 'rm -rf /' } }],
    ['an exchange that does not exist', { ...session, exchange: 'twice' }],
    ['a terminal without rows', { ...session, terminal: { rows: 0, columns: 80 } }],
    ['a path without end', { ...session, project: 'x'.repeat(5000) }],
    [
      'a key without end',
      {
        ...session,
        work: {
          kind: 'tool',
          tool: 't',
          profile: 'p',
          args: [],
          credential: { name: 'K', value: 'v'.repeat(20_000) },
        },
      },
    ],
    ['nothing', null],
  ] as const) {
    it(`refuse ${what}`, () => assert.equal(fits(SessionRequest, value), false));
  }

  it('tell a session’s events and a status, and nothing of another shape', () => {
    assert.ok(fits(SessionEvent, { type: 'exit', code: null, signal: 'SIGTERM' }));
    assert.ok(
      fits(SessionEvent, { type: 'progress', event: { type: 'amount', step: 's', done: 1, unit: 'bytes' } }),
    );
    assert.ok(!fits(SessionEvent, { type: 'exit', code: 'zero', signal: null }));
    assert.ok(!fits(SessionEvent, { type: 'secret', value: 'x' }));
    assert.ok(
      !fits(StatusReply, {
        machine: 'm',
        state: 'flying',
        supervisor: { pid: 1, resident: 1 },
        sessions: [],
        notes: [],
      }),
    );
  });
});

describe('the ssh configuration', () => {
  it('pins the host key, uses one key only, and keeps odd paths whole', () => {
    const text = sshConfig({ sshUserKey: '/a b/%d/id', sshKnownHosts: '/a b/%d/known' }, 'default', 4022);
    for (const line of [
      '  Port 4022',
      '  StrictHostKeyChecking yes',
      '  IdentitiesOnly yes',
      '  IdentityFile "/a b/%%d/id"',
      '  UserKnownHostsFile "/a b/%%d/known"',
    ])
      assert.ok(text.split('\n').includes(line), line);
  });
});

describe('the journal', () => {
  it('keeps the last notes for people and writes all, hostile text made safe', (t) => {
    const top = mkdtempSync(join(tmpdir(), 'journal-'));
    t.after(() => rmSync(top, { recursive: true }));
    const path = join(top, 'supervisor.log');
    appendFileSync(path, 'earlier\n');
    const journal = new Journal(path);
    for (let index = 0; index < 30; index++) journal.note(`note ${index}\x1b[2J`);
    assert.equal(journal.recent.length, 20);
    assert.match(journal.recent.at(-1) ?? '', /^note 29/);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    assert.equal(lines.length, 31);
    assert.ok(lines.at(-1)?.endsWith('note 29\\u{1b}[2J'));
    new Journal(join(top, 'nowhere', 'log')).note('a log that cannot be written stops nothing');
  });
});

describe('a start many wait for', () => {
  /** A machine whose start ends when the test says so. */
  function pretended() {
    const start = Promise.withResolvers<Connection>();
    const calls: StartOptions[] = [];
    const machine = {
      start: (options: StartOptions) => {
        calls.push(options);
        return start.promise;
      },
    } as unknown as Machine;
    return { queue: new StartQueue(machine), calls, start };
  }

  it('tells its progress to all and gives all the one connection', async () => {
    const { queue, calls, start } = pretended();
    const seen: string[] = [];
    const waits = ['a', 'b'].map((name) =>
      queue.up((event) => seen.push(`${name} ${event.type}`), new AbortController().signal),
    );
    calls[0]?.progress({ type: 'step', step: 'x' });
    const connection = {} as Connection;
    start.resolve(connection);
    assert.deepEqual(
      [await Promise.all(waits), seen],
      [
        [connection, connection],
        ['a step', 'b step'],
      ],
    );
  });

  it('is given up when the last of them has gone, not before', async () => {
    const { queue, calls, start } = pretended();
    const [one, two] = [new AbortController(), new AbortController()];
    const waits = [one, two].map(({ signal }) => queue.up(() => {}, signal));
    one.abort();
    assert.equal(calls[0]?.signal?.aborted, false);
    two.abort();
    assert.equal(calls[0]?.signal?.aborted, true);
    start.reject(new Error('given up'));
    await Promise.allSettled(waits);
    await assert.rejects(queue.up(() => {}, one.signal));
  });
});
