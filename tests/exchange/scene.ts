import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostTraits } from '../../src/exchange/host-traits.ts';
import type { ExchangeOptions } from '../../src/exchange/options.ts';
import type { Report } from '../../src/exchange/report.ts';
import { FolderTree, type FolderTreeOptions, type GuestTree } from '../../src/exchange/shared/guest-tree.ts';
import { exchangeOnce } from './exchange-once.ts';

export const LINUX: HostTraits = { caseInsensitive: false, windowsNames: false, execBits: true, links: true };

/** A project on the host and its copy in a pretended guest, in one temporary folder. */
export class Scene implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'exchange-'));
  readonly host = join(this.home, 'host');
  readonly guest = join(this.home, 'guest');
  readonly base = join(this.home, 'base.jsonl');
  tree: GuestTree = new FolderTree(this.guest, { session: 's1' });

  constructor() {
    mkdirSync(this.host);
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  async exchange(more: Partial<ExchangeOptions> = {}): Promise<Report> {
    return await exchangeOnce({
      root: this.host,
      base: this.base,
      guest: this.tree,
      session: 's1',
      host: LINUX,
      ...more,
    });
  }

  restartGuest(options: Partial<FolderTreeOptions> = {}): void {
    this.tree = new FolderTree(this.guest, { session: 's1', ...options });
  }
}

export function write(root: string, path: string, content = path, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content, { mode });
}

export function remove(root: string, path: string): void {
  rmSync(join(root, path), { recursive: true });
}

export function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

/** Everything below a folder as text: `path` → content, `→ target` for a link, `/` for a folder. */
export function contents(root: string, folder = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const onDisk = join(root, path);
    const stats = lstatSync(onDisk);
    if (stats.isSymbolicLink()) found[path] = `→ ${readlinkSync(onDisk)}`;
    else if (stats.isDirectory()) Object.assign(found, { [path]: '/' }, contents(root, path));
    else found[path] = stats.isFile() ? readFileSync(onDisk, 'utf8') : 'special';
  }
  return found;
}
