import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Folder } from '../../src/bundle/folder.ts';
import { invoke } from '../../src/cli/invoke.ts';

/** A stream that keeps what is written to it. */
export class Captured extends PassThrough {
  text = '';
  isTTY = false;
  override write(chunk: unknown): boolean {
    this.text += String(chunk);
    return true;
  }
}

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** A portable folder of its own with the profiles and nothing else, and commands run on it in this process. */
export class Desk implements Disposable {
  readonly top = mkdtempSync(join(tmpdir(), 'cli-'));
  readonly folder: Folder = { root: join(this.top, 'folder'), state: join(this.top, 'folder/state') };
  readonly project = join(this.top, 'project');

  constructor() {
    mkdirSync(this.project, { recursive: true });
    cpSync(join(import.meta.dirname, '../../profiles'), join(this.folder.root, 'profiles'), {
      recursive: true,
    });
  }

  async pcoder(words: string[], more: { env?: Record<string, string>; cwd?: string } = {}): Promise<Said> {
    const [stdin, stdout, stderr] = [new Captured(), new Captured(), new Captured()];
    const code = await invoke(words, {
      folder: this.folder,
      cwd: more.cwd ?? this.project,
      env: more.env ?? {},
      stdin: stdin as unknown as ReadStream,
      stdout: stdout as unknown as WriteStream,
      stderr: stderr as unknown as WriteStream,
    });
    return { code, out: stdout.text, err: stderr.text };
  }

  [Symbol.dispose](): void {
    rmSync(this.top, { recursive: true });
  }
}
