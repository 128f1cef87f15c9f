import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import {
  DEMO_SCRIPT,
  NOTICE,
  nextTurn,
  type Position,
  type Turn,
} from '../../../src/tools/scripted-model/script.ts';
import { shell } from './conversation.ts';

async function play(project: string): Promise<string> {
  let position: Position = { at: 'start' };
  for (;;) {
    const turn: Turn = nextTurn(DEMO_SCRIPT, position);
    if (turn.kind === 'text') return turn.text;
    position = { at: 'result', step: turn.step, output: await shell(turn.command, project) };
  }
}

async function inCopy(test: (project: string) => Promise<void>): Promise<void> {
  const project = await mkdtemp(join(tmpdir(), 'pcoder-demo-'));
  try {
    await test(project);
  } finally {
    await rm(project, { recursive: true });
  }
}

it('the demo script really mends the sample project, and a second run finds it mended', () =>
  inCopy(async (project) => {
    await cp(join(import.meta.dirname, '../../../demo/project'), project, { recursive: true });
    assert.match(await shell('python3 -B test_temperature.py; true', project), /FAILED/);
    for (const run of ['first', 'second']) assert.match(await play(project), /its test passes/, run);
    assert.match(await shell('python3 -B test_temperature.py', project), /OK/);
  }));

it('the demo script changes nothing in another project and says that it is not written for it', () =>
  inCopy(async (project) => {
    const text = await play(project);
    assert.ok(text.startsWith(NOTICE));
    assert.match(text, /written for the sample project/);
    assert.equal(await shell('ls -A', project), '');
  }));
