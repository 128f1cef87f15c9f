import { type Answer, json, type ServerEvent } from './answer.ts';
import { callId } from './call-id.ts';
import { type MessagesRequest, offersBash, positionInMessages } from './messages-request.ts';
import { nextTurn, type Script, SIDE_ANSWER, type Turn } from './script.ts';
import { smallestInstance } from './smallest-instance.ts';

/** Answers `POST /v1/messages`. */
export function answerMessages(request: MessagesRequest, script: Script, nonce: string): Answer {
  const message = {
    id: `msg_pcoder_${nonce}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    ...contentOf(turnFor(request, script), nonce),
    stop_sequence: null,
    usage: {
      input_tokens: countTokens(request),
      output_tokens: 1,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
  return request.stream === true ? { kind: 'events', events: eventsOf(message) } : json(message);
}

/** A rough count, four bytes each, for `POST /v1/messages/count_tokens` and usage figures. */
export function countTokens(request: MessagesRequest): number {
  return Math.ceil(JSON.stringify(request.messages).length / 4);
}

type Block = { type: 'text'; text: string } | { type: 'tool_use'; id: string; name: string; input: unknown };
interface Message {
  content: Block[];
  stop_reason: 'tool_use' | 'end_turn';
  usage: Record<string, number>;
}

/** Requests without the shell tool are side requests: titles, topics, summaries. Some want JSON of a given shape. */
function turnFor(request: MessagesRequest, script: Script): Turn {
  if (offersBash(request)) return nextTurn(script, positionInMessages(request));
  const schema = request.output_config?.format?.schema;
  const text = schema === undefined ? SIDE_ANSWER : JSON.stringify(smallestInstance(schema, SIDE_ANSWER));
  return { kind: 'text', text };
}

function contentOf(turn: Turn, nonce: string): Pick<Message, 'content' | 'stop_reason'> {
  if (turn.kind === 'text') return { content: [{ type: 'text', text: turn.text }], stop_reason: 'end_turn' };
  const id = callId('toolu', turn.step, nonce);
  const input = { command: turn.command, description: turn.say };
  return {
    content: [
      { type: 'text', text: turn.say },
      { type: 'tool_use', id, name: 'Bash', input },
    ],
    stop_reason: 'tool_use',
  };
}

function eventsOf(message: Message): ServerEvent[] {
  const { content, stop_reason, usage } = message;
  return [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    ...content.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: 'message_stop' },
  ];
}

function blockEvents(block: Block, index: number): ServerEvent[] {
  const [empty, delta] =
    block.type === 'text'
      ? [
          { type: 'text', text: '' },
          { type: 'text_delta', text: block.text },
        ]
      : [
          { ...block, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
        ];
  return [
    { type: 'content_block_start', index, content_block: empty },
    { type: 'content_block_delta', index, delta },
    { type: 'content_block_stop', index },
  ];
}
