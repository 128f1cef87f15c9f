import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { duplexOf } from '../../src/channel/byte-flow.ts';
import type { ChannelStream } from '../../src/channel/channel-stream.ts';
import { EGRESS, EgressRequest } from '../../src/channel/messages/egress.ts';
import { conversation, serve } from '../../src/channel/methods.ts';
import { parseAllowed } from '../../src/egress/allow-list.ts';
import { AuditLog } from '../../src/egress/audit-log.ts';
import { EgressGate, type Network } from '../../src/egress/gate.ts';
import type { Fault } from '../../src/fault/fault.ts';
import { Line } from '../channel/line.ts';

describe('the gate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'));
  after(() => rmSync(folder, { recursive: true }));
  let logFile: string;
  let count = 0;
  let world: Server;
  let line: Line;
  let log: AuditLog;
  let gate: EgressGate;
  let connected: string[];
  let resolved: string[];
  /** what each lookup of a name gives, one after the other */
  let answers: Record<string, string[][]>;

  const network: Network = {
    resolve: async (name) => {
      resolved.push(name);
      const next = answers[name]?.shift();
      if (next === undefined) throw new Error('ENOTFOUND');
      return next;
    },
    connect: (address, port) => {
      connected.push(`${address}:${port}`);
      // Addresses of the pretended world that end in .99 refuse.
      return connect({
        host: '127.0.0.1',
        port: address.endsWith('.99') ? 1 : (world.address() as AddressInfo).port,
      });
    },
    now: () => 1_700_000_000_000,
  };

  beforeEach(async () => {
    [connected, resolved, answers] = [[], [], {}];
    world = createServer((socket: Socket) => void socket.on('error', () => {}).pipe(socket)).listen(
      0,
      '127.0.0.1',
    );
    await once(world, 'listening');
    gate = new EgressGate(network);
    logFile = join(folder, `${count++}.jsonl`);
    log = new AuditLog(logFile);
    line = await Line.join({
      host: serve({
        [EGRESS]: conversation(EgressRequest, (request, stream) => gate.serve(request, stream)),
      }),
    });
    gate.grant('s1', {
      token: 'secret',
      log,
      allowed: ['api.example.com', '*.example.org', '192.168.7.7:22', 'host.pcoder.internal:9000'].map(
        (text) => parseAllowed(text, 'test'),
      ),
    });
  });
  afterEach(async () => {
    await line[Symbol.asyncDispose]();
    world.close();
    await log.settled();
  });

  const ask = (host: string, port = 443, more: object = {}) =>
    line.guest.open(EGRESS, { host, port, session: 's1', token: 'secret', ...more });

  function outcome(stream: ChannelStream): Promise<'connected' | Fault | undefined> {
    return new Promise((resolve) => stream.listen({ message: () => resolve('connected'), closed: resolve }));
  }

  async function records(): Promise<Record<string, unknown>[]> {
    await log.settled();
    return readFileSync(logFile, 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
  }

  async function refusedWith(stream: ChannelStream, reason: RegExp): Promise<void> {
    const end = await outcome(stream);
    assert.ok(
      typeof end === 'object' && end.code === 'egress-refused' && reason.test(end.message),
      JSON.stringify(end),
    );
    assert.deepEqual(connected, []);
  }

  it('connects an allowed name and carries bytes both ways, to their end', async () => {
    answers['api.example.com'] = [['1.2.3.4']];
    const stream = ask('API.example.com.');
    assert.equal(await outcome(stream), 'connected');
    const wire = duplexOf(stream);
    wire.end(Buffer.alloc(500_000, 7));
    let received = 0;
    for await (const chunk of wire) received += chunk.byteLength;
    assert.equal(received, 500_000);
    assert.deepEqual(connected, ['1.2.3.4:443']);
    const found = await records();
    assert.deepEqual(found[0], {
      time: '2023-11-14T22:13:20.000Z',
      host: 'API.example.com.',
      port: 443,
      verdict: 'allowed',
      rule: 'test: api.example.com:443',
      address: '127.0.0.1',
    });
    assert.equal(statSync(logFile).mode & 0o777, 0o600);
  });

  it('looks a name up once and connects only to what it has checked: rebinding gains nothing', async () => {
    answers['api.example.com'] = [['1.2.3.4'], ['127.0.0.1'], ['169.254.169.254']];
    assert.equal(await outcome(ask('api.example.com')), 'connected');
    assert.deepEqual([resolved, connected], [['api.example.com'], ['1.2.3.4:443']]);
  });

  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '::1',
    '::ffff:192.168.0.1',
    'fe80::1',
    '64:ff9b::7f00:1',
  ]) {
    it(`refuses an allowed name that resolves to ${address}, also beside a public address`, async () => {
      answers['api.example.com'] = [['1.2.3.4', address]];
      await refusedWith(ask('api.example.com'), /internal address/);
      const [record] = await records();
      assert.equal(record?.['verdict'], 'refused');
      assert.ok(String(record?.['reason']).includes(address));
    });
  }

  it('refuses a name that does not resolve, or to nothing', async () => {
    answers['empty.example.org'] = [[]];
    await refusedWith(ask('empty.example.org'), /no address/);
    await refusedWith(ask('gone.example.org'), /does not resolve/);
  });

  it('refuses what no rule names without looking it up, and says how to allow it', async () => {
    const end = await outcome(ask('evil.test', 8443));
    assert.ok(typeof end === 'object' && end.code === 'egress-refused');
    assert.equal(end.hint, 'start the session with --allow evil.test:8443');
    assert.deepEqual([resolved, connected], [[], []]);
    assert.deepEqual(await records(), [
      {
        time: '2023-11-14T22:13:20.000Z',
        host: 'evil.test',
        port: 8443,
        verdict: 'refused',
        reason: 'no rule allows it',
      },
    ]);
  });

  for (const literal of [
    '127.0.0.1',
    '169.254.169.254',
    '::1',
    '2130706433',
    '0x7f.1',
    '1.2.3.4',
    'localhost',
  ]) {
    it(`refuses the literal ${literal} that nobody named`, async () => {
      await refusedWith(ask(literal), /not allowed/);
    });
  }

  it('reaches an internal address that a person named exactly, on that port only', async () => {
    assert.equal(await outcome(ask('192.168.7.7', 22)), 'connected');
    assert.deepEqual(connected, ['192.168.7.7:22']);
    connected = [];
    await refusedWith(ask('192.168.7.7', 23), /no rule/);
  });

  it('takes the host’s loopback by its own name only, never by lookup', async () => {
    assert.equal(await outcome(ask('host.pcoder.internal', 9000)), 'connected');
    assert.deepEqual([resolved, connected], [[], ['127.0.0.1:9000']]);
    connected = [];
    await refusedWith(ask('host.pcoder.internal', 9001), /no rule/);
  });

  for (const [what, more] of [
    ['an unknown session', { session: 'nobody' }],
    ['a wrong token', { token: 'guess' }],
    ['an empty token', { token: '' }],
    ['a session named like what every object has', { session: 'constructor' }],
  ] as const) {
    it(`refuses ${what}, even for an allowed name`, async () => {
      answers['api.example.com'] = [['1.2.3.4']];
      await refusedWith(ask('api.example.com', 443, more), /belongs to no running session/);
      assert.deepEqual(resolved, []);
    });
  }

  it('refuses a session that is over', async () => {
    gate.revoke('s1');
    await refusedWith(ask('api.example.com'), /belongs to no running session/);
  });

  it('tries the next address when one does not accept, and says when none did', async () => {
    answers['api.example.com'] = [['1.2.3.99', '1.2.3.4'], ['1.2.3.99']];
    assert.equal(await outcome(ask('api.example.com')), 'connected');
    assert.deepEqual(connected, ['1.2.3.99:443', '1.2.3.4:443']);
    const end = await outcome(ask('api.example.com'));
    assert.ok(typeof end === 'object' && end.code === 'guest-unreachable');
    assert.equal((await records()).at(-1)?.['verdict'], 'failed');
  });

  it('shows hostile names as escapes, in the log and in the answer', async () => {
    const end = await outcome(ask('evil\x1b[2J.test\n'));
    assert.ok(typeof end === 'object' && !/[\x1b\n]/.test(end.message + end.hint));
    assert.equal((await records())[0]?.['host'], 'evil\\u{1b}[2J.test\\u{a}');
  });

  it('notes how much a connection carried once it has ended', async () => {
    answers['api.example.com'] = [['1.2.3.4']];
    const stream = ask('api.example.com');
    await outcome(stream);
    const wire = duplexOf(stream);
    wire.end('hello');
    for await (const _chunk of wire);
    while ((await records()).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const last = (await records()).at(-1);
    assert.deepEqual([last?.['verdict'], last?.['sent'], last?.['received']], ['closed', 5, 5]);
  });
});
