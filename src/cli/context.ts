import type { ReadStream, WriteStream } from 'node:tty';
import type { CommandContext } from '@stricli/core';
import type { Folder } from '../bundle/folder.ts';

/** What commands act on; tests hand in their own. */
export interface Context extends CommandContext {
  readonly folder: Folder;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  setExitCode(code: number): void;
}
