import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadApp } from '../../src/bundle/assets/app.ts';
import { pinOf } from '../../src/bundle/assets/app-pins.ts';
import type { QemuInstall } from '../../src/bundle/assets/qemu.ts';
import type { Folder } from '../../src/bundle/folder.ts';
import type { Connection } from '../../src/channel/connection.ts';
import { librarySession } from '../library-exec.ts';

const run = promisify(execFile);

/** The agents' own programs, the very ones the guest runs, taken out of their disks. Returns their path by tool. */
export async function agentPrograms(
  folder: Folder,
  qemu: QemuInstall,
  target: string,
): Promise<Record<'claude' | 'codex', string>> {
  const paths = { claude: '', codex: '' };
  for (const tool of ['claude', 'codex'] as const) {
    const { disk, program } = await loadApp(folder, tool, pinOf(tool));
    const home = join(target, tool);
    await mkdir(home, { recursive: true });
    const debugfs = qemu.command('debugfs');
    await run(debugfs.file, [...debugfs.args, '-R', `rdump / ${home}`, disk], {
      env: { ...process.env, ...debugfs.env },
    });
    paths[tool] = join(home, program);
  }
  return paths;
}

/**
 * ripgrep and npm as the guest has them, for a host that has none or others: ripgrep is started through the guest's own dynamic loader.
 * They appear in `bin`.
 */
export async function borrowPrograms(connection: Connection, target: string, bin: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const archive = join(target, 'programs.tar');
  const { output } = await librarySession(connection, { argv: ['sh', '-c', PACK] });
  await writeFile(archive, output);
  await run('tar', ['-xf', archive, '-C', target]);
  const loader = join(target, 'lib64/ld-linux-x86-64.so.2');
  const libraries = [join(target, 'lib/x86_64-linux-gnu'), join(target, 'usr/lib/x86_64-linux-gnu')].join(
    ':',
  );
  const script = `#!/bin/sh\nexec '${loader}' --library-path '${libraries}' '${join(target, 'usr/bin/rg')}' "$@"\n`;
  await writeFile(join(bin, 'rg'), script, { mode: 0o755 });
  await symlink(join(target, 'usr/local/lib/node_modules/npm/bin/npm-cli.js'), join(bin, 'npm'));
}

/** Links are followed, for the loader and the libraries are links in parts of their paths. */
const PACK = `cd / && tar -chf - usr/bin/rg $(ldd /usr/bin/rg | grep -o '/[^ ]*') usr/local/lib/node_modules/npm`;
