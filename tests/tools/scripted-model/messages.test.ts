import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ScriptedModel, startScriptedModel } from '../../../src/tools/scripted-model/server.ts';
import { events, post } from './conversation.ts';

const SCRIPT = {
  steps: [
    { say: 'first', command: 'echo one', expect: 'one' },
    { say: 'second', command: 'echo two' },
  ],
  closing: 'all done',
};
const HEADERS = { 'anthropic-version': '2023-06-01' };
const TOOLS = [{ name: 'Read' }, { name: 'Bash' }];

let model: ScriptedModel;
before(async () => {
  model = await startScriptedModel({ script: SCRIPT, keepRequests: 10 });
});
after(() => model.close());

const user = { role: 'user', content: 'do it' };

async function ask(messages: unknown[], more: object = { tools: TOOLS }) {
  const reply = await post(model.port, '/v1/messages?beta=true', { model: 'm', messages, ...more }, HEADERS);
  assert.equal(reply.status, 200, reply.text);
  return JSON.parse(reply.text);
}

/** The conversation with one more tool call answered. */
function answered(messages: unknown[], reply: { content: { id?: string }[] }, content: unknown) {
  const id = reply.content.find((block) => block.id !== undefined)?.id;
  return [
    ...messages,
    { role: 'assistant', content: reply.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] },
  ];
}

describe('the scripted model over the Messages API', () => {
  it('asks for each step in turn and says at the end what it is', async () => {
    const first = await ask([user]);
    assert.equal(first.stop_reason, 'tool_use');
    assert.deepEqual(first.content[1].input, { command: 'echo one', description: 'first' });
    const afterOne = answered([user], first, 'one\n');
    const second = await ask(afterOne);
    assert.equal(second.content[1].input.command, 'echo two');
    const last = await ask(answered(afterOne, second, [{ type: 'text', text: 'two' }]));
    assert.equal(last.stop_reason, 'end_turn');
    assert.match(
      last.content[0].text,
      /scripted demo model.*not a real one[\s\S]*all done[\s\S]*echo one[\s\S]*echo two/,
    );
  });

  it('streams the same as events a client can put together', async () => {
    const { text, type } = await post(
      model.port,
      '/v1/messages',
      { model: 'm', stream: true, messages: [user], tools: TOOLS },
      HEADERS,
    );
    assert.equal(type, 'text/event-stream');
    const all = events(text);
    assert.equal(all[0]?.type, 'message_start');
    assert.equal(all.at(-1)?.type, 'message_stop');
    const json = all
      .map((event) => (event.delta as { partial_json?: string } | undefined)?.partial_json ?? '')
      .join('');
    assert.equal(JSON.parse(json).command, 'echo one');
  });

  it('stops and says so when a command gave something else than the script is written for', async () => {
    const last = await ask(answered([user], await ask([user]), 'sh: not found'));
    assert.equal(last.stop_reason, 'end_turn');
    assert.match(last.content[0].text, /step 1 lacks "one"/);
  });

  it('begins anew when the user speaks again', async () => {
    const messages = answered([user], await ask([user]), 'sh: not found');
    const again = await ask([...messages, { role: 'assistant', content: 'stopped' }, user]);
    assert.equal(again.content[1].input.command, 'echo one');
  });

  it('answers side requests that offer no shell, in the shape they want', async () => {
    assert.equal((await ask([user], {})).content[0].text, 'Scripted demo');
    const schema = {
      type: 'object',
      required: ['title', 'new'],
      properties: { title: { type: 'string' }, new: { type: 'boolean' } },
    };
    const titled = await ask([user], { output_config: { format: { type: 'json_schema', schema } } });
    assert.deepEqual(JSON.parse(titled.content[0].text), { title: 'Scripted demo', new: false });
  });

  it('counts tokens, lists its model and keeps what it was asked', async () => {
    const { text } = await post(
      model.port,
      '/v1/messages/count_tokens',
      { model: 'm', messages: [user] },
      HEADERS,
    );
    assert.ok(JSON.parse(text).input_tokens > 0);
    assert.equal(model.requests.at(-1)?.path, '/v1/messages/count_tokens');
    const models = await fetch(`http://127.0.0.1:${model.port}/v1/models`, { headers: HEADERS });
    assert.match(await models.text(), /pcoder-scripted-demo/);
  });

  it('answers what it does not know or understand with an error of that API', async () => {
    const unknown = await post(model.port, '/v1/complete', {}, HEADERS);
    assert.deepEqual([unknown.status, JSON.parse(unknown.text).error.type], [404, 'not_found_error']);
    for (const body of ['{', {}, { model: 'm', messages: [] }]) {
      const refused = await post(model.port, '/v1/messages', body, HEADERS);
      assert.deepEqual([refused.status, JSON.parse(refused.text).type], [400, 'error']);
    }
  });
});
