import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, relative, sep } from 'node:path';
import { hostSystem } from './host.ts';

/**
 * The absolute path of a program on PATH; undefined when there is none. Looked up here and not by the system, because Windows also looks
 * into the working folder, and a PATH may name folders of the project: whoever writes those would say what the host runs.
 * @param outside folder whose programs do not count
 */
export async function findProgram(
  name: string,
  { path = process.env['PATH'] ?? '', outside }: { path?: string; outside: string },
): Promise<string | undefined> {
  const file = hostSystem() === 'windows' ? `${name}.exe` : name;
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder) || isBelow(folder, outside)) continue;
    const candidate = join(folder, file);
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

function isBelow(folder: string, top: string): boolean {
  const way = relative(top, folder);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
