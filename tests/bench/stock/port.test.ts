import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { freePort, greets } from '../../../bench/stock/port.ts';

async function listening(answer: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const port = await freePort();
  const server = createServer(answer).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, port };
}

test('a port greets when an ssh server speaks on it', async () => {
  const { server, port } = await listening((socket) => socket.end('SSH-2.0-OpenSSH_10\r\n'));
  assert.equal(await greets(port, 2000), true);
  server.close();
});

test('a port that is closed, hangs up, keeps silent or says something else does not greet', async () => {
  assert.equal(await greets(await freePort(), 2000), false);
  const answers = [(socket: Socket) => socket.end(), () => {}, (socket: Socket) => socket.end('220 mail')];
  for (const answer of answers) {
    const { server, port } = await listening(answer);
    assert.equal(await greets(port, 100), false);
    server.close();
  }
});
