import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, parse, relative, sep } from 'node:path';
import { Fault } from '../fault/fault.ts';

interface RootSurroundings {
  /** the user's home folder */
  home: string;
  /** the portable folder, if the project must not hold what is around it */
  portable?: string | undefined;
}

/**
 * Refuses folders that nobody means to hand to an agent as a whole.
 * @returns the real path of the root
 * @throws Fault `project-unusable`
 */
export async function refuseUnsuitableRoot(
  root: string,
  { home, portable }: RootSurroundings,
): Promise<string> {
  const real = await realFolder(root);
  const hint = 'choose one project folder with --project';
  if (parse(real).root === real)
    throw new Fault('project-unusable', `${real} is a whole disk, not a project`, { hint });
  if (holds(real, await realOr(home))) {
    throw new Fault('project-unusable', `${real} holds your home folder, keys and all`, { hint });
  }
  if (portable !== undefined) {
    const around = dirname(await realOr(portable));
    if (real !== around && holds(real, around)) {
      throw new Fault('project-unusable', `${real} holds the portable folder and what is around it`, {
        hint,
      });
    }
  }
  return real;
}

/** The project paths of those absolute paths that are inside the root, for a list of what to ignore. */
export function projectPaths(root: string, absolute: readonly string[]): string[] {
  return absolute
    .filter((path) => path !== root && holds(root, path))
    .map((path) => relative(root, path).replaceAll(sep, '/'));
}

async function realFolder(root: string): Promise<string> {
  const found = await stat(root).catch((cause: unknown) => {
    throw new Fault('project-unusable', `there is no project folder ${root}`, {
      cause,
      hint: 'name one with --project',
    });
  });
  if (!found.isDirectory())
    throw new Fault('project-unusable', `${root} is not a folder`, { hint: 'name a folder with --project' });
  return await realpath(root);
}

async function realOr(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** Whether `inner` is `outer` or below it, both absolute. */
export function holds(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}
