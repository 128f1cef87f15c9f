// Started in QEMU's place with its arguments; what each start does is a line of `script`, a file: the first one is taken and removed.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod/mini';
import { Connection } from '../../../src/channel/connection.ts';
import { proveAsGuest } from '../../../src/channel/handshake.ts';
import { request, serve } from '../../../src/channel/methods.ts';
import { PREAMBLE } from '../../../src/channel/preamble.ts';
import { SocketTransport } from '../../../src/channel/socket-transport.ts';

/** `up`: its guest answers · `assertion`, `error`: it ends while its guest comes up · `killed while loading`: it reads no snapshot */
export type Behaviour = 'up' | 'assertion' | 'error' | 'killed while loading';

const [script = '', ...args] = process.argv.slice(2);
const [behaviour = 'up', ...rest] = readFileSync(script, 'utf8').split('\n') as Behaviour[];
writeFileSync(script, rest.join('\n'));
const argumentOf = (option: string) => args[args.indexOf(option) + 1] ?? '';
const socketOf = (id: string) =>
  /path=([^,]+)/.exec(args.find((arg) => arg.startsWith(`socket,id=${id},`)) ?? '')?.[1] ?? '';
const pidFile = argumentOf('-pidfile');
writeFileSync(pidFile, String(process.pid));

createServer((client) => {
  client.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
  client.on('error', () => {});
  createInterface({ input: client }).on('line', (line) => {
    const { execute, id } = JSON.parse(line);
    if (execute === 'migrate-incoming' && behaviour === 'killed while loading')
      process.kill(process.pid, 'SIGKILL');
    const answer = execute === 'query-migrate' ? { status: 'completed' } : {};
    client.write(`${JSON.stringify({ return: answer, id })}\r\n`);
    if (execute === 'quit') setImmediate(() => process.exit(0));
  });
}).listen(socketOf('qmp'));

createServer((host) => {
  host.on('error', () => {});
  if (behaviour === 'assertion' || behaviour === 'error') return fail(behaviour);
  host.write(PREAMBLE);
  // Two keys while a guest is renewed; it still goes by the first.
  const bootKey = readFileSync(join(dirname(pidFile), 'boot.key')).subarray(0, 32);
  proveAsGuest(new SocketTransport(host, { hunt: true }), bootKey).then((proven) => {
    const answers = request(z.unknown(), () => null);
    new Connection(proven, 'even', serve({ renew: answers, identify: answers }));
  });
}).listen(socketOf('channel'));

function fail(how: 'assertion' | 'error'): void {
  const words = {
    assertion:
      "../accel/tcg/cputlb.c:1346: iotlb_to_section: Assertion `section_index < d->map.sections_nb' failed.",
    error: 'could not read the disk',
  };
  process.stderr.write(`qemu-system-x86_64: ${words[how]}\n`);
  setTimeout(() => process.exit(1), 20);
}
