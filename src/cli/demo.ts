import { cp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { stateNames } from '../bundle/folder.ts';
import { makePrivateFolder } from '../platform/private-folder.ts';
import { say } from './command.ts';
import type { Context } from './context.ts';

/** The sample project the scripted model works on: a fresh copy each time, so that the demo always has its bug to mend. */
export async function prepareDemo(context: Context): Promise<string> {
  const { demoProject } = stateNames(context.folder);
  const temporary = `${demoProject}.tmp`;
  await makePrivateFolder(join(demoProject, '..'));
  await rm(temporary, { recursive: true, force: true });
  await cp(join(context.folder.root, 'demo', 'project'), temporary, { recursive: true });
  if ((await stat(demoProject).catch(() => undefined)) !== undefined)
    await rm(demoProject, { recursive: true });
  await rename(temporary, demoProject);
  say(context, `working on the sample project, a fresh copy in ${demoProject}`);
  return demoProject;
}
