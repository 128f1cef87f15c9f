import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { incoming } from '../../src/channel/byte-flow.ts';
import type { ChannelStream } from '../../src/channel/channel-stream.ts';
import {
  EXCHANGE_GET,
  EXCHANGE_PUT,
  EXCHANGE_SCAN,
  ExchangeRequest,
  ScanRequest,
} from '../../src/channel/messages/exchange.ts';
import { EXEC, ExecRequest } from '../../src/channel/messages/exec.ts';
import { Nothing, SYNC } from '../../src/channel/messages/guest.ts';
import { conversation, request, serve } from '../../src/channel/methods.ts';
import { EgressGate } from '../../src/egress/gate.ts';
import { FolderTree } from '../../src/exchange/shared/guest-tree.ts';
import { HOLD_NOTHING } from '../../src/exchange/waiting.ts';
import { Fault } from '../../src/fault/fault.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { CommandFace } from '../../src/session/command-face.ts';
import { Projects } from '../../src/session/projects.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import type { SessionRequest } from '../../src/session/request.ts';
import { runSession, type SessionContext } from '../../src/session/run-session.ts';
import { Turns } from '../../src/session/turns.ts';
import { Line } from '../channel/line.ts';

describe('a session', { timeout: 20_000 }, () => {
  let top: string;
  let guest: Line;
  let wire: Line;
  let happened: string[];
  let flushes: number;
  let records: SessionRecord[];
  let program: (request: ExecRequest, stream: ChannelStream, copy: string) => void;
  let context: SessionContext;

  beforeEach(async () => {
    top = mkdtempSync(join(tmpdir(), 'session-'));
    for (const folder of ['project', 'portable', 'guest']) mkdirSync(join(top, folder));
    writeFileSync(join(top, 'project/in.txt'), 'from the host');
    happened = [];
    flushes = 0;
    records = [];
    program = (_request, stream) => finish(stream, 0);
    const copy = join(top, 'guest');
    const tree = new FolderTree(copy, { session: 's' });
    const exchanged = async (bytes: AsyncIterable<Uint8Array>, stream: ChannelStream) => {
      noted('exchange');
      for await (const chunk of bytes) await stream.write(chunk);
      stream.end();
    };
    const noted = (name: string) => happened.at(-1) === name || happened.push(name);
    guest = await Line.join({
      guest: serve({
        [SYNC]: request(Nothing, () => void flushes++),
        [EXCHANGE_SCAN]: conversation(ScanRequest, (request, stream) =>
          exchanged(tree.scan(request), stream),
        ),
        [EXCHANGE_GET]: conversation(ExchangeRequest, (_r, stream) =>
          exchanged(tree.get(incoming(stream)), stream),
        ),
        [EXCHANGE_PUT]: conversation(ExchangeRequest, (_r, stream) =>
          exchanged(tree.put(incoming(stream)), stream),
        ),
        [EXEC]: conversation(ExecRequest, (asked, stream) => {
          noted('program');
          stream.listen({});
          stream.send({ type: 'started', pid: 1 });
          program(asked, stream, copy);
        }),
      }),
    });
    const folder = { root: join(top, 'portable'), state: join(top, 'portable/state') };
    context = {
      folder,
      machineName: 'default',
      machine: { state: { state: 'running', connection: guest.host } } as unknown as Machine,
      up: async () => {
        noted('up');
        return guest.host;
      },
      gate: new EgressGate(),
      tools: {
        profile: () => assert.fail(),
        appDisk: () => assert.fail(),
        scriptedPort: () => assert.fail(),
      },
      projects: new Projects({ folder, machineName: 'default', turns: new Turns(), rules: HOLD_NOTHING }),
      watch: (record) => void records.push(structuredClone(record)),
    };
  });
  afterEach(async () => {
    await guest[Symbol.asyncDispose]();
    await wire?.[Symbol.asyncDispose]();
    rmSync(top, { recursive: true });
  });

  function finish(stream: ChannelStream, code: number): void {
    stream.send({ type: 'exit', code, signal: null });
    stream.end();
  }

  /** Runs it as the supervisor would; gives what the command was told, in order. */
  async function run(
    more: Partial<SessionRequest> = {},
    act: (command: ChannelStream) => void = () => {},
  ): Promise<Record<string, unknown>[]> {
    const ended = Promise.withResolvers<void>();
    wire = await Line.join({
      guest: (_open, stream) => {
        const asked: SessionRequest = {
          project: join(top, 'project'),
          work: { kind: 'command', argv: ['program', 'secret argument'] },
          exchange: 'once',
          allow: [],
          ...more,
        };
        runSession(context, asked, new CommandFace(stream)).then(ended.resolve, ended.reject);
      },
    });
    const told: Record<string, unknown>[] = [];
    const command = wire.host.open('session', {});
    const closed = new Promise((resolve) =>
      command.listen({
        message: (value) => told.push(value as Record<string, unknown>),
        data: (chunk) => {
          told.push({ type: `data ${chunk}` });
          command.consumed(chunk.byteLength);
        },
        closed: resolve,
        end: () => command.end(),
      }),
    );
    act(command);
    await ended.promise;
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 100))]);
    return told.filter(({ type }) => type !== 'progress');
  }

  it('brings the machine up, the project in, runs, brings the result back, and tells its exit last', async () => {
    program = (_request, stream, copy) => {
      assert.equal(readFileSync(join(copy, 'in.txt'), 'utf8'), 'from the host');
      writeFileSync(join(copy, 'out.txt'), 'from the guest');
      void stream.write(Buffer.from('hello'));
      finish(stream, 7);
    };
    const told = await run();
    assert.deepEqual(
      happened.filter((name, index) => name !== happened[index - 1]),
      ['up', 'exchange', 'program', 'exchange'],
    );
    assert.equal(flushes, 1);
    assert.deepEqual(
      told.map(({ type }) => type),
      ['session', 'started', 'data hello', 'report', 'exit'],
    );
    assert.deepEqual(told.at(-2)?.['changed'], ['out.txt']);
    assert.deepEqual(
      [told.at(-1)?.['code'], readFileSync(join(top, 'project/out.txt'), 'utf8')],
      [7, 'from the guest'],
    );
    assert.deepEqual(
      records.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]),
      ['starting', 'running', 'returning', 'finished'],
    );
  });

  it('keeps a private record of itself without the program’s arguments', async () => {
    await run();
    const [id = ''] = readdirSync(join(context.folder.state, 'sessions'));
    const file = join(context.folder.state, 'sessions', id, 'session.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const record = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual([record.id, record.work, record.state, record.code], [id, 'program', 'finished', 0]);
    assert.ok(!readFileSync(file, 'utf8').includes('secret argument'));
  });

  it('that exchanges nothing leaves the project alone', async () => {
    program = (_request, stream, copy) => {
      writeFileSync(join(copy, 'out.txt'), 'stays');
      finish(stream, 0);
    };
    const told = await run({ exchange: 'none' });
    assert.ok(!happened.includes('exchange'));
    assert.ok(!told.some(({ type }) => type === 'report'));
    assert.deepEqual(readdirSync(join(top, 'project')), ['in.txt']);
  });

  it('whose command goes while the program runs still brings the result back', async () => {
    let gone = () => {};
    program = (_request, stream, copy) => {
      writeFileSync(join(copy, 'out.txt'), 'half done');
      stream.listen({ closed: () => {} });
      gone();
    };
    await assert.rejects(
      run({}, (command) => (gone = () => command.reset(new Fault('interrupted', 'left')))),
    );
    assert.equal(readFileSync(join(top, 'project/out.txt'), 'utf8'), 'half done');
    assert.equal(records.at(-1)?.state, 'failed');
  });

  it('whose command goes before the program runs does not run it', async () => {
    context = {
      ...context,
      up: async (_progress, signal) => {
        signal.throwIfAborted();
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
      },
    };
    await assert.rejects(
      run({}, (command) => command.reset(new Fault('interrupted', 'left'))),
      { code: 'interrupted' },
    );
    assert.ok(!happened.includes('program'));
    assert.equal(records.at(-1)?.state, 'failed');
  });

  it('gives the program its way out for as long as it runs and no longer', async () => {
    let env: Record<string, string> = {};
    program = (asked, stream) => {
      env = asked.env;
      finish(stream, 0);
    };
    await run({ allow: ['example.com'] });
    const { username, password } = new URL(env['HTTPS_PROXY'] ?? '');
    assert.equal(username, records[0]?.id);
    const late = context.gate.serve(
      { host: 'example.com', port: 443, session: username, token: password },
      {} as ChannelStream,
    );
    await assert.rejects(late, { code: 'egress-refused', message: /no running session/ });
  });

  it('refuses a wrong --allow before anything else is done', async () => {
    await assert.rejects(run({ allow: ['https://example.com/'] }), { code: 'usage' });
    assert.deepEqual(happened, []);
  });

  it('on a project that must not be copied as a whole never reaches the machine', async () => {
    await assert.rejects(run({ project: '/' }), { code: 'project-unusable' });
    assert.deepEqual(happened, []);
  });
});
