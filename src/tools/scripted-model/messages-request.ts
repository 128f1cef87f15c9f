import * as z from 'zod/mini';
import { stepOf } from './call-id.ts';
import type { Position } from './script.ts';

const block = z.looseObject({
  type: z.string(),
  tool_use_id: z.optional(z.string()),
  content: z.optional(z.unknown()),
  text: z.optional(z.string()),
});

/** The part of an Anthropic Messages request the script looks at. */
export const messagesRequest = z.looseObject({
  model: z.string().check(z.maxLength(200)),
  stream: z.optional(z.boolean()),
  messages: z
    .array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(block)]) }))
    .check(z.minLength(1), z.maxLength(100_000)),
  tools: z.optional(z.array(z.looseObject({ name: z.optional(z.string()) })).check(z.maxLength(2000))),
  output_config: z.optional(
    z.looseObject({ format: z.optional(z.looseObject({ schema: z.optional(z.unknown()) })) }),
  ),
});

export type MessagesRequest = z.infer<typeof messagesRequest>;

/** The tool that runs a command, if the request offers it. */
export function offersBash(request: MessagesRequest): boolean {
  return request.tools?.some((tool) => tool.name === 'Bash') ?? false;
}

/** Where the conversation stands: what came after the last assistant message decides. */
export function positionInMessages(request: MessagesRequest): Position {
  for (const message of request.messages.toReversed()) {
    if (message.role === 'assistant') break;
    if (typeof message.content === 'string') continue;
    for (const part of message.content) {
      const step = part.type === 'tool_result' ? stepOf(part.tool_use_id ?? '') : undefined;
      if (step !== undefined) return { at: 'result', step, output: textOf(part.content) };
    }
  }
  return { at: 'start' };
}

/** The text of a tool result or message: a string, or a list of parts of which some are text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isText(part) ? part.text : '')).join('\n');
}

function isText(part: unknown): part is { text: string } {
  return typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string';
}
