import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { loadApp } from '../../bundle/assets/app.ts';
import { pinOf } from '../../bundle/assets/app-pins.ts';
import { incoming } from '../../channel/byte-flow.ts';
import type { Connection } from '../../channel/connection.ts';
import { call } from '../../channel/methods.ts';
import { Fault, isFault } from '../../fault/fault.ts';
import { visible } from '../../fault/visible.ts';
import type { SessionRequest } from '../../session/request.ts';
import { SESSION, SessionEvent, SSH_ACCESS, SshAccess } from '../../supervisor/protocol.ts';
import { TOOLS } from '../../tools/registry.ts';
import { bringUp } from '../commands/start.ts';
import type { Context } from '../context.ts';
import { askStatus } from '../status-lines.ts';
import { interruptible } from '../with-assets.ts';
import type { Check, Finding } from './check.ts';

/** The whole path, proven on the running machine: boot, agent daemon, ssh, tools, a file there and back. */
export function smokeChecks(connection: Connection): readonly Check[] {
  return [
    {
      id: 'boot',
      title: 'Machine starts',
      run: (context) =>
        trying(async () => {
          await interruptible(context, (progress, signal) => bringUp(connection, progress, signal));
          const { run } = await askStatus(connection);
          return `${run?.accelerator}: ${run?.reason}`;
        }),
    },
    {
      id: 'agent',
      title: 'Agent daemon answers',
      run: () =>
        trying(async () => {
          const { guest } = await askStatus(connection);
          if (guest === undefined) throw new Fault('guest-unreachable', 'the agent daemon says nothing');
          return `${visible(guest.distribution)}, Linux ${visible(guest.kernel)}, Node ${visible(guest.node)}`;
        }),
    },
    { id: 'ssh', title: 'ssh is ready', run: () => trying(() => sshBanner(connection)) },
    ...TOOLS.map(
      (tool): Check => ({
        id: `tool-${tool.name}`,
        title: `${tool.name} runs in the guest`,
        run: (context) => toolVersion(context, connection, tool.name),
      }),
    ),
    { id: 'guest-tools', title: 'Tools of the guest', run: () => trying(() => guestTools(connection)) },
    {
      id: 'round-trip',
      title: 'A file goes in and comes back',
      run: () => trying(() => roundTrip(connection)),
    },
  ];
}

async function trying(work: () => Promise<string>): Promise<Finding> {
  try {
    return { result: 'ok', detail: await work() };
  } catch (error) {
    return {
      result: 'failed',
      detail: error instanceof Error ? error.message : String(error),
      remedy: error instanceof Fault && error.hint !== undefined ? error.hint : 'pcoder logs',
    };
  }
}

async function sshBanner(connection: Connection): Promise<string> {
  const { port } = await call(connection, SSH_ACCESS, {}, SshAccess);
  const socket = connect(port, '127.0.0.1');
  try {
    const [banner] = (await once(socket, 'data', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
    return `${visible(banner.toString().trim(), 80)} on 127.0.0.1:${port}`;
  } finally {
    socket.destroy();
  }
}

/** Only programs that are here: a check fetches nothing. */
async function toolVersion(context: Context, connection: Connection, name: string): Promise<Finding> {
  try {
    await loadApp(context.folder, name, pinOf(name));
  } catch (error) {
    if (isFault(error, 'asset-missing'))
      return { result: 'warning', detail: 'its program is not here yet', remedy: `pcoder run ${name}` };
    return trying(() => Promise.reject(error));
  }
  const work = { kind: 'tool' as const, tool: name, profile: 'demo', args: ['--version'] };
  return trying(async () =>
    firstLine(
      (await runHere(connection, { project: context.cwd, exchange: 'none', allow: [], work })).output,
    ),
  );
}

const GUEST_TOOLS = ['git', 'rg', 'node', 'python3', 'gcc', 'curl', 'jq'];

async function guestTools(connection: Connection): Promise<string> {
  const script = GUEST_TOOLS.map((tool) => `printf '%s ' ${tool}; ${tool} --version 2>&1 | head -n 1`).join(
    '; ',
  );
  const { output } = await runHere(connection, {
    project: '/',
    exchange: 'none',
    allow: [],
    work: { kind: 'command', argv: ['sh', '-ec', script] },
  });
  return visible(output.trim().replaceAll('\n', '; '), 600);
}

async function roundTrip(connection: Connection): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'pcoder-smoke-'));
  try {
    const content = randomBytes(1024 * 1024);
    await writeFile(join(project, 'there'), content);
    await runHere(connection, {
      project,
      exchange: 'once',
      allow: [],
      work: { kind: 'command', argv: ['cp', 'there', 'and-back'] },
    });
    if (!content.equals(await readFile(join(project, 'and-back'))))
      throw new Fault('check-failed', 'the file that came back is not the one that went in');
    return `${content.byteLength} bytes, unchanged`;
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

/** Runs one session and keeps what it prints. @throws Fault when it ends with anything but 0 */
async function runHere(connection: Connection, request: SessionRequest): Promise<{ output: string }> {
  const stream = connection.open(SESSION, request);
  let exit: Extract<SessionEvent, { type: 'exit' }> | undefined;
  const chunks: Uint8Array[] = [];
  stream.end();
  for await (const chunk of incoming(stream, (value) => {
    const parsed = z.safeParse(SessionEvent, value);
    if (parsed.success && parsed.data.type === 'exit') exit = parsed.data;
  })) {
    chunks.push(chunk);
  }
  const output = Buffer.concat(chunks).toString();
  if (exit?.code !== 0)
    throw new Fault(
      'check-failed',
      `it ended with ${exit?.signal ?? `code ${exit?.code}`}: ${visible(output.slice(-300))}`,
    );
  return { output };
}

function firstLine(text: string): string {
  return visible(text.trim().split('\n')[0] ?? '', 120);
}
