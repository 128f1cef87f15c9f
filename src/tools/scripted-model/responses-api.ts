import { type Answer, json, type ServerEvent } from './answer.ts';
import { callId } from './call-id.ts';
import { positionInItems, type ResponsesRequest, type ShellTool, shellTool } from './responses-request.ts';
import { nextTurn, type Script, SIDE_ANSWER, type Turn } from './script.ts';
import { smallestInstance } from './smallest-instance.ts';

/** Answers `POST /v1/responses`. */
export function answerResponses(request: ResponsesRequest, script: Script, nonce: string): Answer {
  const output = outputOf(request, script, nonce);
  const tokens = Math.ceil(JSON.stringify(request.input).length / 4);
  const response = {
    id: `resp_pcoder_${nonce}`,
    object: 'response',
    created_at: 0,
    model: request.model,
    status: 'completed',
    output,
    usage: {
      input_tokens: tokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens + 1,
    },
  };
  if (request.stream !== true) return json(response);
  const events: ServerEvent[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    ...output.flatMap((item, index) => itemEvents(item, index)),
    { type: 'response.completed', response },
  ];
  return { kind: 'events', events: events.map((event, sequence_number) => ({ ...event, sequence_number })) };
}

type Item = Readonly<{ type: string; id: string }> & Readonly<Record<string, unknown>>;

function outputOf(request: ResponsesRequest, script: Script, nonce: string): Item[] {
  const tool = shellTool(request);
  if (tool === undefined) {
    const schema = request.text?.format?.schema;
    return [
      message(
        schema === undefined ? SIDE_ANSWER : JSON.stringify(smallestInstance(schema, SIDE_ANSWER)),
        nonce,
      ),
    ];
  }
  const turn = nextTurn(script, positionInItems(request));
  return turn.kind === 'text'
    ? [message(turn.text, nonce)]
    : [message(turn.say, nonce), callItem(tool, turn, nonce)];
}

function message(text: string, nonce: string): Item {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return { type: 'message', id: `msg_pcoder_${nonce}`, role: 'assistant', status: 'completed', content };
}

function callItem(tool: ShellTool, turn: Extract<Turn, { kind: 'call' }>, nonce: string): Item {
  const call_id = callId('call', turn.step, nonce);
  const args = JSON.stringify({ cmd: turn.command });
  if (tool === 'exec_command') {
    return {
      type: 'function_call',
      id: `fc_pcoder_${nonce}`,
      call_id,
      name: tool,
      arguments: args,
      status: 'completed',
    };
  }
  const input = `const result = await tools.exec_command(${args});\ntext(result.output);\n`;
  return {
    type: 'custom_tool_call',
    id: `ctc_pcoder_${nonce}`,
    call_id,
    name: tool,
    input,
    status: 'completed',
  };
}

/** Clients build items from `done`; the text delta is what a terminal shows while it arrives. */
function itemEvents(item: Item, output_index: number): ServerEvent[] {
  const events: ServerEvent[] = [{ type: 'response.output_item.added', output_index, item }];
  if (item.type === 'message') {
    const delta = (item.content as [{ text: string }])[0].text;
    events.push({
      type: 'response.output_text.delta',
      item_id: item.id,
      output_index,
      content_index: 0,
      delta,
    });
  }
  events.push({ type: 'response.output_item.done', output_index, item });
  return events;
}
