import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { guestTalk, hostTalk, scriptOf, startTalk, type Talk } from '../../../bench/work/talk.ts';

let state: string;
let talk: Talk;
before(async () => {
  state = await mkdtemp(join(tmpdir(), 'pcoder-talk-'));
  talk = await startTalk({ root: state, state }, 6);
});
after(async () => {
  await talk.close();
  await rm(state, { recursive: true, force: true });
});

test('all turns of a conversation but the last have a tool call, whose own output lets it go on', () => {
  const { steps } = scriptOf(6);
  assert.equal(steps.length, 5);
  for (const { command, expect } of steps) assert.ok(expect !== undefined && command.includes(expect));
});

for (const agent of ['claude', 'codex'] as const) {
  test(`${agent} has the same command line on the host as in the guest, reaches the model on the loopback and keeps its state apart`, async () => {
    const where = { program: `/somewhere/${agent}`, cwd: state, config: join(state, agent) };
    const { file, args, env } = await hostTalk({ root: state, state }, agent, talk, where);
    assert.equal(file, where.program);
    assert.ok(guestTalk(agent, talk).args.every((word) => args.includes(word)));
    assert.match(`${args.join(' ')} ${Object.values(env).join(' ')}`, /http:\/\/127\.0\.0\.1:\d+/);
    assert.ok(Object.values(env).includes(where.config));
    assert.ok(!Object.keys(env).some((name) => name.startsWith('BUN_JSC')));
  });
}
