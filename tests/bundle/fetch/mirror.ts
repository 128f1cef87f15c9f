import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Mirror {
  url: string;
  /** the `Range` header of each request, in order */
  ranges: (string | undefined)[];
}

/** A server on the loopback that lives as long as the test. Without a handler it serves `content`, ranges included. */
export async function mirror(
  context: TestContext,
  content: Buffer,
  handler: (request: IncomingMessage, response: ServerResponse, attempt: number) => boolean = () => false,
): Promise<Mirror> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    if (!handler(request, response, ranges.length)) serve(content, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`, ranges };
}

export function serve(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length && from > 0) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const length = content.length - from;
  const range = `bytes ${from}-${content.length - 1}/${content.length}`;
  if (from > 0) response.writeHead(206, { 'content-length': length, 'content-range': range });
  else response.writeHead(200, { 'content-length': length });
  response.end(content.subarray(from));
}
