import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { incoming } from '../src/channel/byte-flow.ts';
import { Connection } from '../src/channel/connection.ts';
import { conversation, type Method, request, serve } from '../src/channel/methods.ts';
import { SocketTransport } from '../src/channel/socket-transport.ts';
import { Fault, Machine } from '../src/index.ts';
import { SessionRequest } from '../src/session/request.ts';
import { Nothing, SESSION, STOP } from '../src/supervisor/protocol.ts';

const REPORT = {
  changed: ['a'],
  deleted: [],
  conflicts: [],
  refused: [],
  waiting: [],
  freshWaiting: 0,
  omitted: { changed: 0, deleted: 0, conflicts: 0, refused: 0, waiting: 0 },
};

test('a session gives the output of both kinds, the exit code and the report', async () => {
  const asked: SessionRequest[] = [];
  using machine = machineOver({
    [SESSION]: conversation(SessionRequest, async (given, stream) => {
      asked.push(given);
      const read = [];
      for await (const chunk of incoming(stream)) read.push(Buffer.from(chunk));
      stream.send({ type: 'session', id: 's1', guestPath: '/home/portable/projects/p' });
      await stream.write(Buffer.concat(read));
      await stream.write(Buffer.from('to stderr'), 1);
      stream.send({ type: 'report', ...REPORT });
      stream.send({ type: 'exit', code: 3, signal: null });
      stream.end();
    }),
  });
  const session = await machine.exec(['cat'], { project: '/p', input: 'né' });
  assert.deepEqual(asked[0], {
    project: '/p',
    exchange: 'once',
    allow: [],
    work: { kind: 'command', argv: ['cat'] },
  });
  assert.equal(session.stdout.toString(), 'né');
  assert.equal(session.stderr.toString(), 'to stderr');
  assert.equal(session.code, 3);
  assert.equal(session.id, 's1');
  assert.deepEqual(session.report?.changed, ['a']);
});

test("a session's fault reaches the caller with its code", async () => {
  using machine = machineOver({
    [SESSION]: conversation(SessionRequest, () => {
      throw new Fault('project-unusable', 'no such folder');
    }),
  });
  await assert.rejects(machine.exec(['true']), { name: 'Fault', code: 'project-unusable' });
});

test('an aborted signal leaves the session and tells the supervisor', async () => {
  const left = Promise.withResolvers<void>();
  const stop = new AbortController();
  using machine = machineOver(
    {
      [SESSION]: conversation(SessionRequest, (_given, stream) => {
        stream.listen({ closed: () => left.resolve() });
        stop.abort();
      }),
    },
    stop.signal,
  );
  await assert.rejects(machine.exec(['sleep', '1000']), { code: 'interrupted' });
  await left.promise;
});

test('a stop says how the machine went down', async () => {
  using machine = machineOver({ [STOP]: request(Nothing, () => ({ manner: 'guest shutdown' })) });
  assert.equal(await machine.stop(), 'guest shutdown');
});

function machineOver(methods: Record<string, Method>, signal?: AbortSignal): Machine {
  const [ours, theirs] = duplexPair();
  new Connection(new SocketTransport(theirs), 'even', serve(methods));
  return new Machine(
    new Connection(new SocketTransport(ours), 'odd'),
    signal === undefined ? {} : { signal },
  );
}
