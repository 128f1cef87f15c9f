import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { tarball } from './tarball.ts';

export interface Registry {
  /** on 127.0.0.1 */
  port: number;
  close(): Promise<void>;
}

/** What each package needs; the first four are what the project asks for (bench/work/material.ts). */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'bench-a': ['bench-e', 'bench-f'],
  'bench-b': ['bench-f', 'bench-g'],
  'bench-c': ['bench-h'],
  'bench-d': ['bench-e', 'bench-h'],
  'bench-e': ['bench-i'],
  'bench-f': ['bench-i', 'bench-j'],
  'bench-g': ['bench-k'],
  'bench-h': ['bench-l'],
  'bench-i': [],
  'bench-j': [],
  'bench-k': ['bench-l'],
  'bench-l': [],
};

/** An npm registry with twelve generated packages of twenty files each, on a random loopback port. */
export async function startRegistry(): Promise<Registry> {
  const archives = new Map(Object.keys(PACKAGES).map((name) => [name, archiveOf(name)]));
  const server = createServer((request, response) => {
    const [, name = '', ...rest] = (request.url ?? '/').split('?', 1)[0]?.split('/') ?? [];
    const archive = archives.get(name);
    if (archive === undefined) return void response.writeHead(404).end('{}');
    if (rest.length > 0) return void response.end(archive);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(packument(name, archive, `http://${request.headers.host}`)));
  });
  return listenOnLoopback(server);
}

/** What a registry tells of a package. */
export function packument(name: string, archive: Buffer, base: string) {
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  const dist = { tarball: `${base}/${name}/-/${name}-1.0.0.tgz`, integrity };
  return {
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { ...manifest(name), dist } },
  };
}

function archiveOf(name: string): Buffer {
  const files: Record<string, string> = { 'package/package.json': JSON.stringify(manifest(name)) };
  for (let index = 0; index < 20; index++)
    files[`package/lib/file-${index}.js`] = `// ${name} ${index}\n${'export const value = 1;\n'.repeat(60)}`;
  return tarball(files);
}

function manifest(name: string) {
  const dependencies = Object.fromEntries((PACKAGES[name] ?? []).map((needed) => [needed, '1.0.0']));
  return { name, version: '1.0.0', dependencies };
}

async function listenOnLoopback(server: Server): Promise<Registry> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
