import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a request to the model came to. */
export interface Reply {
  status: number;
  type: string;
  text: string;
}

export async function post(
  port: number,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

/** The payloads of a server-sent event stream; each event's name must be its payload's type. */
export function events(stream: string): Record<string, unknown>[] {
  return stream
    .trimEnd()
    .split('\n\n')
    .map((block) => {
      const [name = '', data = ''] = block.split('\n');
      const payload = JSON.parse(data.replace(/^data: /, ''));
      if (name !== `event: ${payload.type}`) throw new Error(`${name} carries ${payload.type}`);
      return payload;
    });
}

/** Runs a command as an agent's shell tool would and gives what it printed. */
export async function shell(command: string, cwd: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', command], { cwd });
  return stdout + stderr;
}
