import type { ReadStream, WriteStream } from 'node:tty';

/** What a terminal may have been switched to by a program that can no longer switch it back: alternate screen, mouse, bracketed paste, hidden cursor, key modes. */
const RESTORE =
  '\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?25h\x1b[>4;0m\x1b[<u\x1b[0m';

export interface Terminal {
  size(): { rows: number; columns: number };
  onResize(listener: () => void): void;
  /** Gives the terminal back as it was; safe to call again. `abrupt` also undoes what a program that was cut off had switched on. */
  restore(abrupt: boolean): void;
}

/** Takes the terminal: every key goes to the reader of `stdin`, unchanged. */
export function takeTerminal(stdin: ReadStream, stdout: WriteStream): Terminal {
  stdin.setRawMode(true);
  const listeners: (() => void)[] = [];
  let taken = true;
  const restore = (abrupt: boolean) => {
    if (!taken) return;
    taken = false;
    process.off('exit', atExit);
    for (const listener of listeners) stdout.off('resize', listener);
    stdin.setRawMode(false);
    if (abrupt) stdout.write(RESTORE);
  };
  // However this process ends, short of kill -9, the terminal is given back.
  const atExit = () => restore(true);
  process.once('exit', atExit);
  return {
    size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
    onResize(listener) {
      listeners.push(listener);
      stdout.on('resize', listener);
    },
    restore,
  };
}
