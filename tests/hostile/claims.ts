import { createHash } from 'node:crypto';
import type { Entry } from '../../src/exchange/shared/entry.ts';

/** What a guest claims to have, and what it would send of it. */
export interface Claim {
  entry: Entry;
  content?: string | undefined;
}

export function file(path: string, content = `content of ${path.slice(0, 40)}`, exec = false): Claim {
  const bytes = Buffer.from(content);
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { entry: { path, type: 'file', exec, size: bytes.length, digest }, content };
}

export function folder(path: string): Claim {
  return { entry: { path, type: 'folder' } };
}

export function link(path: string, target: string): Claim {
  return { entry: { path, type: 'link', target } };
}
