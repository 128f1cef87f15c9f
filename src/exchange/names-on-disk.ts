import { readdirSync } from 'node:fs';
import { Folders } from './shared/folders.ts';

/** The names a folder of a project really holds, links not followed; none when there is no such folder. */
export function namesOnDisk(root: string): (folder: string) => readonly string[] {
  return (folder) => {
    const folders = new Folders(root);
    try {
      return readdirSync(folders.enter(folder));
    } catch {
      // Gone or swapped meanwhile: then nothing can be put in it either.
      return [];
    } finally {
      folders.close();
    }
  };
}
