import * as z from 'zod/mini';
import { stepOf } from './call-id.ts';
import { textOf } from './messages-request.ts';
import type { Position } from './script.ts';

interface OfferedTool {
  type: string;
  name?: string | undefined;
  tools?: OfferedTool[] | undefined;
}

const offeredTool: z.ZodMiniType<OfferedTool> = z.looseObject({
  type: z.string(),
  name: z.optional(z.string()),
  tools: z.optional(z.array(z.lazy(() => offeredTool))),
});

const item = z.looseObject({
  type: z.optional(z.string()),
  role: z.optional(z.string()),
  call_id: z.optional(z.string()),
  output: z.optional(z.unknown()),
  tools: z.optional(z.array(offeredTool)),
});

/** The part of an OpenAI Responses request the script looks at. */
export const responsesRequest = z.looseObject({
  model: z.string().check(z.maxLength(200)),
  stream: z.optional(z.boolean()),
  input: z.union([z.string(), z.array(item).check(z.maxLength(100_000))]),
  tools: z.optional(z.array(offeredTool)),
  text: z.optional(z.looseObject({ format: z.optional(z.looseObject({ schema: z.optional(z.unknown()) })) })),
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;

/**
 * How a request lets a command be run. Codex 0.169 offers the function `exec_command` for most models; for its newest
 * ones only `exec`, which takes JavaScript that calls `tools.exec_command`, and offers it in an `additional_tools` item.
 */
export type ShellTool = 'exec_command' | 'exec';

export function shellTool(request: ResponsesRequest): ShellTool | undefined {
  const inItems = typeof request.input === 'string' ? [] : request.input.flatMap((each) => each.tools ?? []);
  const offered = [...(request.tools ?? []), ...inItems].flatMap((tool) => [tool, ...(tool.tools ?? [])]);
  if (offered.some((tool) => tool.type === 'function' && tool.name === 'exec_command')) return 'exec_command';
  if (offered.some((tool) => tool.type === 'custom' && tool.name === 'exec')) return 'exec';
  return undefined;
}

/** Where the conversation stands: the output of our last call, unless the user has spoken since. */
export function positionInItems(request: ResponsesRequest): Position {
  if (typeof request.input === 'string') return { at: 'start' };
  for (const each of request.input.toReversed()) {
    if (each.type === 'message' && each.role !== 'developer') break;
    if (each.type !== 'function_call_output' && each.type !== 'custom_tool_call_output') continue;
    const step = stepOf(each.call_id ?? '');
    if (step !== undefined) return { at: 'result', step, output: textOf(each.output) };
  }
  return { at: 'start' };
}
