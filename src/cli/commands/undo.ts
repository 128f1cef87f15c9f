import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { holds } from '../../exchange/project-root.ts';
import { isWithin } from '../../exchange/shared/path.ts';
import {
  type KeptSession,
  keptSession,
  keptSessions,
  lastToUndo,
} from '../../exchange/undo/kept-sessions.ts';
import { undoSession } from '../../exchange/undo/undo-session.ts';
import { EXIT } from '../../fault/codes.ts';
import { Fault } from '../../fault/fault.ts';
import { newSessionId } from '../../session/session-id.ts';
import { command, type JsonFlag, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { keptTable, shownUndone, undoneLines } from '../undo-lines.ts';
import { interruptible } from '../with-assets.ts';

export type UndoFlags = JsonFlag & {
  readonly project?: string;
  readonly path: readonly string[];
  readonly list: boolean;
};

export default command(async (context: Context, flags: UndoFlags, named: string | undefined) => {
  if (flags.list) return await list(context, flags);
  const { session, project } = await chosenSession(context, flags, named);
  const root = await realFolder(project);
  const paths = await projectPaths(context, root, flags.path);
  const as = newSessionId(new Date());
  const undone = await interruptible(context, (progress, signal) =>
    undoSession({
      folder: context.folder,
      root,
      session,
      as,
      isChosen: paths && ((path) => paths.some((top) => top === '' || isWithin(path, top))),
      signal,
      progress,
    }),
  );
  const shown = shownUndone(undone);
  const hasChanged = undone.restored.length + undone.removed.length > 0;
  if (flags.json) printJson(context, { session, project: root, undo: hasChanged ? as : null, ...shown });
  else {
    for (const line of undoneLines(session, shown)) say(context, line);
    if (hasChanged) say(context, `to take this back: pcoder undo ${as}`);
  }
  return undone.left.length > 0 ? EXIT.failed : EXIT.ok;
});

async function list(context: Context, flags: UndoFlags): Promise<undefined> {
  const project = await realFolder(resolve(context.cwd, flags.project ?? '.'));
  const sessions = (await keptSessions(context.folder, project)).filter(
    ({ restores, removes }) => restores + removes > 0,
  );
  if (flags.json)
    printJson(
      context,
      sessions.map(({ session, project, at, undoes, restores, removes }) => ({
        session,
        project,
        at,
        undoes: undoes ?? null,
        restores,
        removes,
      })),
    );
  else if (sessions.length === 0) say(context, `no session that changed ${project} can be undone`);
  else context.stdout.write(keptTable(sessions));
}

async function chosenSession(
  context: Context,
  flags: UndoFlags,
  named: string | undefined,
): Promise<Pick<KeptSession, 'session' | 'project'>> {
  const { folder } = context;
  if (named === undefined) {
    const inside = await realFolder(resolve(context.cwd, flags.project ?? '.'));
    const sessions = await keptSessions(folder, inside);
    const last = sessions.find(({ session }) => session === lastToUndo(sessions));
    if (last !== undefined) return last;
    const what = sessions.length > 0 ? 'every session is undone' : 'no session has changed';
    throw new Fault('session-unknown', `there is nothing to undo: ${what} in ${inside}`, {
      hint: 'pcoder undo --list',
    });
  }
  const found = await keptSession(folder, named);
  if (flags.project === undefined) return found;
  const project = await realFolder(resolve(context.cwd, flags.project));
  if (holds(found.project, project)) return found;
  throw new Fault('session-unknown', `session ${named} changed ${found.project}, not ${project}`, {
    hint: 'leave --project away',
  });
}

/** @throws Fault `project-unusable` */
async function realFolder(path: string): Promise<string> {
  return await realpath(path).catch((cause: unknown) => {
    throw new Fault('project-unusable', `there is no project folder ${path}`, {
      cause,
      hint: 'name one with --project',
    });
  });
}

/** Paths on the command line are relative to the current folder, or to the project from outside. */
async function projectPaths(
  context: Context,
  root: string,
  given: readonly string[],
): Promise<string[] | undefined> {
  if (given.length === 0) return undefined;
  const here = await realFolder(context.cwd);
  const from = holds(root, here) ? here : root;
  return given.map((path) => {
    const inside = relative(root, resolve(from, path)).replaceAll(sep, '/');
    if (inside === '..' || inside.startsWith('../') || isAbsolute(inside))
      throw new Fault('usage', `${path} is not in the project ${root}`, { hint: 'pcoder undo --help' });
    return inside;
  });
}
