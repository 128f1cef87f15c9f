import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { isFault } from '../../src/fault/fault.ts';
import { findTool, TOOLS } from '../../src/tools/registry.ts';

it('every tool is found by its name, and names are unlike each other', () => {
  for (const tool of TOOLS) assert.equal(findTool(tool.name), tool);
  assert.equal(new Set(TOOLS.map((tool) => tool.name)).size, TOOLS.length);
});

it('an unknown tool is a fault that lists those that exist', () => {
  assert.throws(
    () => findTool('vim'),
    (error) => isFault(error, 'tool-unknown') && error.hint === 'tools: claude, codex',
  );
});

it('every tool starts the program its pinned package names', async () => {
  const pinned = JSON.parse(await readFile(join(import.meta.dirname, '../../image/apps.json'), 'utf8'));
  for (const tool of TOOLS) assert.equal(tool.program, pinned.apps[tool.app]?.program, tool.name);
});
