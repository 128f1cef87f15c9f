import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostRepository } from './repository.ts';

/**
 * A folder in which git writes objects while it reads those of the repository: what is made or judged there touches nothing of the host's
 * until it is moved on purpose.
 */
export class Scratch implements AsyncDisposable {
  readonly folder: string;
  /** where packs appear */
  readonly packs: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.packs = join(folder, 'objects/pack');
  }

  /** Begins with an empty one: what a killed process left is no part of it. */
  static async at(folder: string, { files }: HostRepository): Promise<Scratch> {
    const scratch = new Scratch(folder);
    await rm(folder, { recursive: true, force: true });
    await mkdir(scratch.packs, { recursive: true, mode: 0o700 });
    await mkdir(join(folder, 'objects/info'));
    // A file and not the variable, in which a `:` of a path would be a border.
    await writeFile(join(folder, 'objects/info/alternates'), `${quoted(files.objects)}\n`);
    return scratch;
  }

  /** the environment in which git works here */
  get env(): Record<string, string> {
    return { GIT_OBJECT_DIRECTORY: join(this.folder, 'objects') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** As git reads it: bare, or like a string of C. */
function quoted(path: string): string {
  return /["\\\n#]/.test(path) ? JSON.stringify(path) : path;
}
