import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as z from 'zod/mini';
import { type Registry, startRegistry } from '../../../bench/work/registry.ts';

let registry: Registry;
let base: string;
before(async () => {
  registry = await startRegistry();
  base = `http://127.0.0.1:${registry.port}`;
});
after(() => registry.close());

test('every package that a package needs is served, with an archive of the digest it names', async () => {
  const open = ['bench-a', 'bench-b', 'bench-c', 'bench-d'];
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const { dist, dependencies } = await packument(name);
    const archive = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
    assert.equal(dist.integrity, `sha512-${createHash('sha512').update(archive).digest('base64')}`);
    open.push(...Object.keys(dependencies));
  }
  assert.equal(seen.size, 12);
});

test('archives are said to lie where the caller reached the registry', async () => {
  const { dist } = await packument('bench-a');
  assert.ok(dist.tarball.startsWith(`${base}/`));
});

test('a package it does not have is not found', async () => {
  assert.equal((await fetch(`${base}/left-out`)).status, 404);
});

const Packument = z.object({
  versions: z.object({
    '1.0.0': z.object({
      dist: z.object({ tarball: z.string(), integrity: z.string() }),
      dependencies: z.record(z.string(), z.string()),
    }),
  }),
});

async function packument(name: string) {
  const response = await fetch(`${base}/${name}`);
  return Packument.parse(await response.json()).versions['1.0.0'];
}
