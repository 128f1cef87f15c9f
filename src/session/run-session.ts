import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { type Folder, machineNames, OWN_FOLDERS, sessionNames } from '../bundle/folder.ts';
import type { Progress } from '../bundle/progress.ts';
import type { Connection } from '../channel/connection.ts';
import type { ExecRequest } from '../channel/messages/exec.ts';
import { SYNC } from '../channel/messages/guest.ts';
import { call } from '../channel/methods.ts';
import { parseAllowed } from '../egress/allow-list.ts';
import { AuditLog } from '../egress/audit-log.ts';
import type { EgressGate } from '../egress/gate.ts';
import { exchangeOnce } from '../exchange/exchange-once.ts';
import type { LandedRef } from '../exchange/git/land.ts';
import { probeHostTraits } from '../exchange/host-traits.ts';
import { refuseUnsuitableRoot } from '../exchange/project-root.ts';
import type { Report } from '../exchange/report.ts';
import type { Machine } from '../machine/machine.ts';
import { type Exit, runInGuest } from './bridge.ts';
import { ChannelTree } from './channel-tree.ts';
import type { CommandFace } from './command-face.ts';
import { guestProject } from './guest-project.ts';
import { proxyEnvironment } from './proxy-environment.ts';
import { type SessionRecord, writeSession } from './record.ts';
import { type BroughtRepository, bringRepository, fetchCommits } from './repository.ts';
import type { SessionRequest } from './request.ts';
import { newSessionId } from './session-id.ts';
import { summarize } from './summary.ts';
import { prepareTool, type ToolSupplies } from './tool-launch.ts';
import type { Turns } from './turns.ts';

export interface SessionContext {
  folder: Folder;
  machineName: string;
  machine: Machine;
  /** brings the machine up, or gives up when `signal` says that nobody waits any more */
  up(progress: Progress, signal: AbortSignal): Promise<Connection>;
  gate: EgressGate;
  tools: ToolSupplies;
  /** one exchange at a time for each project */
  turns: Turns;
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
  const exchange = async (
    connection: Connection,
    signal: AbortSignal | undefined,
  ): Promise<Report | undefined> => {
    if (request.exchange === 'none') return undefined;
    return context.turns.take(project.key, async () =>
      exchangeOnce({
        root,
        base: join(machineNames(folder, machineName).exchange, `${project.key}.json`),
        guest: new ChannelTree(connection, { root: project.path, session: id }),
        session: id,
        skip: [...OWN_FOLDERS.map((name) => join(folder.root, name)), folder.state],
        host: await probeHostTraits(root),
        signal,
        progress,
      }),
    );
  };
  const repositoryPlace = (connection: Connection) => ({
    ...{ folder, machineName, connection, root, project, session: id },
    ...{ gitCommits: request.gitCommits, turns: context.turns, progress },
  });
  let repository: BroughtRepository | undefined;
  let commits: LandedRef[] = [];
  try {
    const connection = await context.up(progress, face.signal);
    const arriving = exchange(connection, face.signal);
    if (request.exchange !== 'none')
      repository = await bringRepository(repositoryPlace(connection), arriving, face.signal);
    const arrived = await arriving;
    if (arrived !== undefined) noteArrived(arrived, progress);
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
      const report =
        request.exchange === 'none'
          ? undefined
          : await returnResults(context, connection, async (current, signal) => {
              const returning = exchange(current, signal);
              commits = await fetchCommits(repositoryPlace(current), repository, returning);
              return returning;
            });
      if (report !== undefined) {
        const summary = { ...summarize(report), ...(commits.length === 0 ? {} : { commits }) };
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
  }
}

/** After a daemon or a connection was lost, what the program had written is still in the guest: it is fetched over the next connection. */
async function returnResults(
  context: SessionContext,
  connection: Connection,
  exchange: (connection: Connection, signal: undefined) => Promise<Report | undefined>,
): Promise<Report | undefined> {
  if (!connection.down) return fetchDurably(connection, exchange);
  if (context.machine.state.state === 'stopped' || context.machine.state.state === 'stopping')
    return undefined;
  return fetchDurably(await context.up(() => {}, AbortSignal.timeout(60_000)), exchange);
}

/** Flushes the guest's disk meanwhile: should QEMU end now, the next exchange still finds everything. */
async function fetchDurably(
  connection: Connection,
  exchange: (connection: Connection, signal: undefined) => Promise<Report | undefined>,
): Promise<Report | undefined> {
  const flushed = call(connection, SYNC, {}, z.unknown(), { timeout: 120_000 }).catch(() => {});
  const report = await exchange(connection, undefined);
  if (report !== undefined) await flushed;
  return report;
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

/** What comes home before the program has even begun was left in the guest by a session that was cut off. */
function noteArrived(report: Report, progress: Progress): void {
  const { changed, deleted, conflicts, omitted } = summarize(report);
  const all = [...changed, ...deleted, ...conflicts];
  const more = all.length - NAMED + omitted.changed + omitted.deleted + omitted.conflicts;
  if (all.length === 0) return;
  const text = `brought back what an earlier session had left in the guest: ${all.slice(0, NAMED).join(', ')}`;
  progress({ type: 'note', text: more > 0 ? `${text} and ${more} more` : text });
}

/** Paths named one by one before the rest is only counted. */
const NAMED = 8;

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
