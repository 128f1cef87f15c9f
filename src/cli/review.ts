import { isAbsolute, relative, resolve, sep } from 'node:path';
import * as z from 'zod/mini';
import { sessionNames } from '../bundle/folder.ts';
import type { Connection } from '../channel/connection.ts';
import { Fault } from '../fault/fault.ts';
import { readJson } from '../platform/json-file.ts';
import { SessionRecord } from '../session/record.ts';
import { CHANGES, ChangesEvent, DECIDE, DecideEvent } from '../supervisor/protocol.ts';
import type { Context } from './context.ts';
import type { Report } from './report-lines.ts';
import type { ReviewFlags } from './review-flags.ts';
import { interruptible, withSupervisor } from './with-assets.ts';

export interface WaitingChange {
  path: string;
  change: 'new' | 'changed' | 'removed';
  kind: 'file' | 'folder' | 'link';
  reason: string;
  diff: string;
}

export interface Decided {
  report: Report;
  unseen: string[];
  unseenMore: number;
}

/** Where changes wait, and which of them are meant. */
export interface ReviewPlace {
  machine: string;
  project: string;
  /** project paths */
  paths: string[];
}

/** @throws Fault `usage` for a path outside the project or a session that is not known */
export async function reviewPlace(
  context: Context,
  flags: ReviewFlags,
  paths: readonly string[],
): Promise<ReviewPlace> {
  const { machine, project } = await sessionPlace(context, flags);
  const names = paths.map((path) => {
    const way = relative(project, resolve(context.cwd, path));
    if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))
      throw new Fault('usage', `${path} is not in the project ${project}`, {
        hint: 'name paths of the project, or another project with --project',
      });
    return way.replaceAll(sep, '/');
  });
  return { machine, project, paths: names.includes('') ? [] : names };
}

export function listChanges(context: Context, place: ReviewPlace, diff: boolean): Promise<WaitingChange[]> {
  return onProject(context, place, async (connection, progress, signal) => {
    const { project, paths } = place;
    const changes: WaitingChange[] = [];
    await follow(connection, CHANGES, { project, paths, diff }, ChangesEvent, signal, (event) => {
      if (event.type === 'progress') progress(event.event);
      else if (event.type === 'change') {
        const { path, change, kind, reason } = event;
        changes.push({ path, change, kind, reason, diff: '' });
      } else {
        const last = changes.at(-1);
        if (last !== undefined) last.diff += event.text;
      }
    });
    return changes;
  });
}

export function decide(
  context: Context,
  place: ReviewPlace,
  goal: 'apply' | 'discard',
  unseen: boolean,
): Promise<Decided> {
  return onProject(context, place, async (connection, progress, signal) => {
    const { project, paths } = place;
    let report: Report | undefined;
    let left: { paths: string[]; more: number } = { paths: [], more: 0 };
    await follow(connection, DECIDE, { project, goal, paths, unseen }, DecideEvent, signal, (event) => {
      if (event.type === 'progress') progress(event.event);
      else if (event.type === 'unseen') left = event;
      else report = event;
    });
    if (report === undefined)
      throw new Fault('protocol-violation', 'the supervisor ended the exchange without a result');
    return { report, unseen: left.paths, unseenMore: left.more };
  });
}

async function sessionPlace(
  context: Context,
  { machine, project, session }: ReviewFlags,
): Promise<{ machine: string; project: string }> {
  if (session === undefined) return { machine, project: resolve(context.cwd, project ?? '.') };
  const record = /^[\w-]{1,64}$/.test(session)
    ? await readJson(sessionNames(context.folder, session).record, SessionRecord)
    : undefined;
  if (record === undefined)
    throw new Fault('usage', `there is no session ${session}`, {
      hint: 'state/sessions has one folder for each',
    });
  return { machine: record.machine, project: record.project };
}

type Progressing = Parameters<Parameters<typeof interruptible>[1]>[0];

function onProject<T>(
  context: Context,
  { machine }: ReviewPlace,
  work: (connection: Connection, progress: (event: unknown) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withSupervisor(context, { machine, tool: undefined }, (connection) =>
    interruptible(context, (progress, signal) =>
      work(
        connection,
        (event) => progress({ total: undefined, ...(event as object) } as Parameters<Progressing>[0]),
        signal,
      ),
    ),
  );
}

function follow<T>(
  connection: Connection,
  method: string,
  request: unknown,
  schema: z.core.$ZodType<T>,
  signal: AbortSignal,
  heard: (event: T) => void,
): Promise<void> {
  const stream = connection.open(method, request);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () =>
    stream.reset(signal.reason instanceof Fault ? signal.reason : new Fault('interrupted', 'interrupted')),
  );
  stream.listen({
    message: (value) => {
      const parsed = z.safeParse(schema, value);
      if (parsed.success) heard(parsed.data);
    },
    end: () => {
      stream.end();
      resolve();
    },
    closed: (error) => (error === undefined ? resolve() : reject(error)),
  });
  return promise;
}
