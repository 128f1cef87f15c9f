import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agentModule } from '../../src/bundle/agent-build.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('the agent daemon is the same to the byte in a copy of the folder: snapshots taken with one fit the other', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'a copied folder '));
  try {
    await cp(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const [one, other] = await Promise.all([ROOT, copy].map((root) => agentModule({ root, state: '' })));
    assert.ok(one !== undefined && other !== undefined);
    assert.ok(Buffer.from(one.module).equals(Buffer.from(other.module)));
  } finally {
    await rm(copy, { recursive: true });
  }
});
