import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Answer, encodeEvents } from './answer.ts';
import { apiError, type ModelRequest, route } from './routes.ts';
import { DEMO_SCRIPT, type Script } from './script.ts';

export interface ScriptedModel {
  /** on 127.0.0.1 */
  readonly port: number;
  /** the latest requests, oldest first, as many as `keepRequests` says */
  readonly requests: readonly ModelRequest[];
  close(): Promise<void>;
}

export interface ScriptedModelOptions {
  /** default: the one for the sample project */
  script?: Script;
  /** how many requests to keep to look at; default 0, since callers are the guest's and bodies are large */
  keepRequests?: number;
}

/** Bytes of one request; agents resend the whole conversation each turn, in practice below 1 MiB. */
const MAX_BODY = 8 * 1024 * 1024;

/**
 * Serves the scripted model on a random loopback port, speaking the Anthropic Messages and the OpenAI Responses API.
 * Callers need no key, and it holds nothing worth one.
 */
export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const { script = DEMO_SCRIPT, keepRequests = 0 } = options;
  const requests: ModelRequest[] = [];
  const server = createServer((incoming, response) => {
    // A caller that goes away mid-request is its own business.
    response.on('error', () => undefined);
    answer(incoming, script, (request) => {
      requests.push(request);
      if (requests.length > keepRequests) requests.shift();
    }).then(
      (result) => send(response, result),
      () => incoming.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the scripted model has no TCP address');
  return {
    port: address.port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  incoming: IncomingMessage,
  script: Script,
  seen: (request: ModelRequest) => void,
): Promise<Answer> {
  const { method = 'GET', headers } = incoming;
  const path = (incoming.url ?? '/').split('?', 1)[0] ?? '/';
  const api = headers['anthropic-version'] === undefined ? 'openai' : 'anthropic';
  const bytes = await readBody(incoming);
  if (bytes === undefined)
    return apiError(api, 413, 'request_too_large', `a request may have at most ${MAX_BODY} bytes`);
  let body: unknown;
  try {
    body = bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch {
    return apiError(api, 400, 'invalid_request_error', 'the body is not JSON');
  }
  const request = { method, path, headers, body };
  seen(request);
  return route(request, script, randomBytes(6).toString('hex'));
}

/** Undefined when there is more than allowed; the rest is read and dropped so that the answer can be delivered. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= MAX_BODY ? Buffer.concat(chunks, size) : undefined;
}

function send(response: ServerResponse, result: Answer): void {
  if (result.kind === 'json') {
    response.writeHead(result.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result.body));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.end(encodeEvents(result.events));
}
