import { open } from 'node:fs/promises';
import { visible } from '../fault/visible.ts';

/** The last lines of a log, made safe to show; empty when there is none. */
export async function logTail(path: string, lines: number, bytes = 16 * 1024): Promise<string> {
  if (lines < 1) return '';
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = buffer.subarray(0, bytesRead).toString();
    return text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .slice(-lines)
      .map((line) => visible(line, 400))
      .join('\n');
  } finally {
    await file.close();
  }
}
