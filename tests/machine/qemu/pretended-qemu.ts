import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Asked {
  execute: string;
  arguments?: unknown;
  id: number;
}

/** The control socket of a QEMU that answers what a test tells it to. */
export class PretendedQemu implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'qmp-'));
  readonly path = join(this.#folder, 'qmp.sock');
  readonly #server: Server;
  readonly asked: Asked[] = [];
  clients: Socket[] = [];

  private constructor(greeting: string, answer: (asked: Asked, client: Socket) => void) {
    this.#server = createServer((client) => {
      this.clients.push(client);
      client.on('error', () => {});
      client.write(greeting);
      createInterface({ input: client }).on('line', (line) => {
        const asked = JSON.parse(line) as Asked;
        this.asked.push(asked);
        if (asked.execute === 'qmp_capabilities')
          client.write(`${JSON.stringify({ return: {}, id: asked.id })}\r\n`);
        else answer(asked, client);
      });
    }).listen(this.path);
  }

  static async start(
    answer: (asked: Asked, client: Socket) => void = () => {},
    greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n',
  ): Promise<PretendedQemu> {
    const qemu = new PretendedQemu(greeting, answer);
    await once(qemu.#server, 'listening');
    return qemu;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    rmSync(this.#folder, { recursive: true });
  }
}
