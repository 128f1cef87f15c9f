import * as z from 'zod/mini';
import { type Answer, json } from './answer.ts';
import { answerMessages, countTokens } from './messages-api.ts';
import { messagesRequest } from './messages-request.ts';
import { answerResponses } from './responses-api.ts';
import { responsesRequest } from './responses-request.ts';
import type { Script } from './script.ts';

/** One request as it arrived. */
export interface ModelRequest {
  method: string;
  /** without the query */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** parsed JSON; undefined without a body */
  body: unknown;
}

/** The model both APIs list. */
export const SCRIPTED_MODEL = 'pcoder-scripted-demo';

/** What the scripted model answers. `nonce` makes ids of one answer unlike those of the next. */
export function route(request: ModelRequest, script: Script, nonce: string): Answer {
  const { method, path } = request;
  const anthropic = request.headers['anthropic-version'] !== undefined;
  switch (`${method === 'HEAD' ? 'GET' : method} ${path}`) {
    case 'POST /v1/messages':
      return checked(messagesRequest, request.body, 'anthropic', (body) =>
        answerMessages(body, script, nonce),
      );
    case 'POST /v1/messages/count_tokens':
      return checked(messagesRequest, request.body, 'anthropic', (body) =>
        json({ input_tokens: countTokens(body) }),
      );
    case 'POST /v1/responses':
      return checked(responsesRequest, request.body, 'openai', (body) =>
        answerResponses(body, script, nonce),
      );
    case 'GET /v1/models':
      return json(anthropic ? anthropicModels : openaiModels);
    case 'GET /':
      return json({ service: 'Portable Coder, scripted demo model' });
    default:
      return apiError(
        anthropic ? 'anthropic' : 'openai',
        404,
        'not_found_error',
        `the scripted model does not know ${method} ${path}`,
      );
  }
}

/** An error in the form of the API it is for. */
export function apiError(api: 'anthropic' | 'openai', status: number, type: string, message: string): Answer {
  const error = api === 'anthropic' ? { type, message } : { type, message, param: null, code: null };
  return json(api === 'anthropic' ? { type: 'error', error } : { error }, status);
}

function checked<T>(
  schema: z.core.$ZodType<T>,
  body: unknown,
  api: 'anthropic' | 'openai',
  answer: (body: T) => Answer,
): Answer {
  const result = z.safeParse(schema, body);
  if (result.success) return answer(result.data);
  return apiError(api, 400, 'invalid_request_error', z.prettifyError(result.error));
}

const anthropicModels = {
  data: [
    {
      type: 'model',
      id: SCRIPTED_MODEL,
      display_name: 'Scripted demo model',
      created_at: '2026-01-01T00:00:00Z',
    },
  ],
  has_more: false,
  first_id: SCRIPTED_MODEL,
  last_id: SCRIPTED_MODEL,
};

const openaiModels = {
  object: 'list',
  data: [{ id: SCRIPTED_MODEL, object: 'model', created: 0, owned_by: 'pcoder' }],
};
