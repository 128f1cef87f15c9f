import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { type Folder, sessionNames } from '../bundle/folder.ts';
import type { Progress } from '../bundle/progress.ts';
import type { Connection } from '../channel/connection.ts';
import type { ExecRequest } from '../channel/messages/exec.ts';
import { parseAllowed } from '../egress/allow-list.ts';
import { AuditLog } from '../egress/audit-log.ts';
import type { EgressGate } from '../egress/gate.ts';
import { refuseUnsuitableRoot } from '../exchange/project-root.ts';
import { SessionUndo } from '../exchange/undo/session-undo.ts';
import type { Machine } from '../machine/machine.ts';
import { type Exit, runInGuest } from './bridge.ts';
import type { CommandFace } from './command-face.ts';
import { guestProject } from './guest-project.ts';
import type { Projects } from './projects.ts';
import { proxyEnvironment } from './proxy-environment.ts';
import { type SessionRecord, writeSession } from './record.ts';
import { SessionRepository } from './repository.ts';
import type { SessionRequest } from './request.ts';
import { SessionExchange } from './session-exchange.ts';
import { newSessionId } from './session-id.ts';
import { summarize } from './summary.ts';
import { prepareTool, type ToolSupplies } from './tool-launch.ts';

export interface SessionContext {
  folder: Folder;
  machineName: string;
  machine: Machine;
  /** brings the machine up, or gives up when `signal` says that nobody waits any more */
  up(progress: Progress, signal: AbortSignal): Promise<Connection>;
  gate: EgressGate;
  tools: ToolSupplies;
  projects: Projects;
  /** sees every change of the session's record */
  watch(record: SessionRecord): void;
}

/**
 * The main job from start to result: machine, project in, program, project back. Once the program has begun, its results come back
 * whatever happens to the command that asked.
 */
export async function runSession(
  context: SessionContext,
  request: SessionRequest,
  face: CommandFace,
): Promise<void> {
  const { folder, machineName } = context;
  const named = request.allow.map((text) => parseAllowed(text, '--allow'));
  const id = newSessionId(new Date());
  const progress: Progress = (event) => face.tell({ type: 'progress', event });
  const root =
    request.exchange === 'none'
      ? request.project
      : await refuseUnsuitableRoot(request.project, { home: homedir(), portable: folder.root });
  const project = guestProject(root);
  const journal = new SessionJournal(
    context,
    {
      id,
      machine: machineName,
      project: root,
      work: nameOf(request),
      started: new Date().toISOString(),
      state: 'starting',
    },
    request.exchange !== 'none' || request.work.kind === 'tool',
  );
  await journal.write();
  const exchange =
    request.exchange === 'none'
      ? undefined
      : new SessionExchange({
          projects: context.projects,
          session: id,
          root,
          mode: request.exchange,
          undo: new SessionUndo(folder, id, root),
          progress,
        });
  const repository =
    exchange === undefined
      ? undefined
      : new SessionRepository({
          ...{ folder, machineName, session: id, root, project, progress },
          commits: request.gitCommits,
        });
  try {
    const connection = await context.up(progress, face.signal);
    const arriving = exchange?.arrive(connection, face.signal) ?? Promise.resolve();
    await repository?.arrive(connection, arriving, face.signal);
    await arriving;
    face.signal.throwIfAborted();
    const token = randomBytes(16).toString('hex');
    const tool = await prepareTool(context.tools, request, {
      machine: context.machine,
      connection,
      cwd: project.path,
      progress,
    });
    const allowed = [...tool.allowed, ...named];
    const log = new AuditLog(sessionNames(folder, id).egress);
    context.gate.grant(id, { token, allowed, log });
    face.tell({ type: 'session', id, guestPath: project.path });
    await journal.write({ state: 'running' });
    let exit: Exit;
    exchange?.accompany(connection);
    try {
      exit = await runInGuest(
        connection,
        execRequest(request, tool, project.path, proxyEnvironment(id, token)),
        face,
      );
    } finally {
      context.gate.revoke(id);
      await log.settled();
      if (log.lastError !== undefined)
        progress({ type: 'note', text: `egress.jsonl of this session is not complete: ${log.lastError}` });
      await journal.write({ state: 'returning' });
      if (exchange !== undefined && (await returnResults(context, connection, exchange, repository))) {
        const summary = { ...summarize(exchange.report, exchange.waiting), ...repository?.report };
        face.tell({ type: 'report', ...summary });
        await journal.write({ exchange: summary });
      }
    }
    await journal.write({ state: 'finished', ...exit });
    face.tell({ type: 'exit', ...exit });
    face.stream.end();
  } catch (error) {
    await journal
      .write({ state: 'failed', error: error instanceof Error ? error.message : String(error) })
      .catch(() => {});
    throw error;
  } finally {
    await exchange?.close();
  }
}

/** After a daemon or a connection was lost, what the program had written is still in the guest: it is fetched over the next connection. */
async function returnResults(
  context: SessionContext,
  connection: Connection,
  exchange: SessionExchange,
  repository: SessionRepository | undefined,
): Promise<boolean> {
  const { state } = context.machine;
  if (connection.down && (state.state === 'stopped' || state.state === 'stopping')) return false;
  const present = connection.down ? await context.up(() => {}, AbortSignal.timeout(60_000)) : connection;
  const returning = exchange.bringBack(present);
  await repository?.bringBack(present, returning);
  await returning;
  return true;
}

function execRequest(
  request: SessionRequest,
  tool: { argv: readonly string[]; env: Record<string, string> },
  cwd: string,
  proxy: Record<string, string>,
): ExecRequest {
  return {
    argv: [...tool.argv],
    cwd,
    env: { ...proxy, ...(request.term === undefined ? {} : { TERM: request.term }), ...tool.env },
    user: 'portable',
    ...(request.terminal === undefined ? {} : { terminal: request.terminal }),
  };
}

function nameOf({ work }: SessionRequest): string {
  if (work.kind === 'tool') return work.tool;
  return work.kind === 'shell' ? 'shell' : (work.argv[0] ?? '');
}

/** Keeps `session.json` in step with the session. One that exchanges nothing and runs no tool has no result to keep. */
class SessionJournal {
  readonly #context: SessionContext;
  #record: SessionRecord;
  readonly #kept: boolean;

  constructor(context: SessionContext, record: SessionRecord, kept: boolean) {
    this.#context = context;
    this.#record = record;
    this.#kept = kept;
  }

  async write(change: Partial<SessionRecord> = {}): Promise<void> {
    this.#record = { ...this.#record, ...change };
    this.#context.watch(this.#record);
    if (this.#kept) await writeSession(this.#context.folder, this.#record);
  }
}
