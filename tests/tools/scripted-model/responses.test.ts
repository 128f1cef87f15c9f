import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ScriptedModel, startScriptedModel } from '../../../src/tools/scripted-model/server.ts';
import { events, post } from './conversation.ts';

const SCRIPT = {
  steps: [
    { say: 'first', command: 'echo "one"' },
    { say: 'second', command: 'echo two' },
  ],
  closing: 'all done',
};
const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'do it' }] };
const EXEC_COMMAND = [{ type: 'function', name: 'exec_command' }, { type: 'web_search' }];
/** how Codex 0.169 offers its tools to the newest models */
const CODE_MODE = {
  type: 'additional_tools',
  role: 'developer',
  tools: [{ type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] }],
};

let model: ScriptedModel;
before(async () => {
  model = await startScriptedModel({ script: SCRIPT });
});
after(() => model.close());

interface Item {
  type: string;
  call_id?: string;
  name?: string;
  arguments?: string;
  input?: string;
  content?: { text: string }[];
}

async function ask(input: unknown, more: object = { tools: EXEC_COMMAND }): Promise<Item[]> {
  const { status, text } = await post(model.port, '/v1/responses', { model: 'm', input, ...more });
  assert.equal(status, 200, text);
  return JSON.parse(text).output;
}

const output = (call: Item | undefined, type: string, text: unknown) => ({
  type,
  call_id: call?.call_id,
  output: text,
});

describe('the scripted model over the Responses API', () => {
  it('asks for each step in turn and says at the end what it is', async () => {
    const first = await ask([user]);
    assert.deepEqual(JSON.parse(first[1]?.arguments ?? ''), { cmd: 'echo "one"' });
    const afterOne = [user, ...first, output(first[1], 'function_call_output', 'one')];
    const second = await ask(afterOne);
    assert.equal(JSON.parse(second[1]?.arguments ?? '').cmd, 'echo two');
    const last = await ask([...afterOne, ...second, output(second[1], 'function_call_output', 'two')]);
    assert.match(last[0]?.content?.[0]?.text ?? '', /scripted demo model.*not a real one[\s\S]*all done/);
  });

  it('calls the shell by JavaScript where only that is offered', async () => {
    const first = await ask([CODE_MODE, user], {});
    assert.equal(first[1]?.type, 'custom_tool_call');
    assert.match(first[1]?.input ?? '', /tools\.exec_command\(\{"cmd":"echo \\"one\\""\}\)/);
    const result = output(first[1], 'custom_tool_call_output', [{ type: 'input_text', text: 'one' }]);
    const second = await ask([CODE_MODE, user, ...first, result], {});
    assert.match(second[1]?.input ?? '', /echo two/);
  });

  it('streams created, its items and completed, numbered', async () => {
    const { text } = await post(model.port, '/v1/responses', {
      model: 'm',
      stream: true,
      input: [user],
      tools: EXEC_COMMAND,
    });
    const all = events(text);
    assert.equal(all[0]?.type, 'response.created');
    assert.equal(all.at(-1)?.type, 'response.completed');
    assert.deepEqual(
      all.map((event) => event.sequence_number),
      all.map((_, index) => index),
    );
    const done = all
      .filter((event) => event.type === 'response.output_item.done')
      .map((event) => (event.item as Item).type);
    assert.deepEqual(done, ['message', 'function_call']);
  });

  it('begins anew when the user speaks again', async () => {
    const first = await ask([user]);
    const again = await ask([user, ...first, output(first[1], 'function_call_output', 'one'), user]);
    assert.match(again[1]?.arguments ?? '', /one/);
  });

  it('answers side requests that offer no shell, in the shape they want', async () => {
    const schema = { type: 'object', required: ['title'], properties: { title: { type: 'string' } } };
    const titled = await ask([user], { text: { format: { type: 'json_schema', schema } } });
    assert.deepEqual(JSON.parse(titled[0]?.content?.[0]?.text ?? ''), { title: 'Scripted demo' });
    assert.equal((await ask('hello', {}))[0]?.content?.[0]?.text, 'Scripted demo');
  });

  it('answers what it does not know or understand with an error of that API', async () => {
    const unknown = await post(model.port, '/v1/embeddings', {});
    assert.deepEqual([unknown.status, JSON.parse(unknown.text).error.param], [404, null]);
    assert.equal((await post(model.port, '/v1/responses', { model: 1 })).status, 400);
  });
});
