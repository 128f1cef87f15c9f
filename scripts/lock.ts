import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { writeWhole } from '../src/platform/whole-file.ts';

// npm run lock    after a change of dependencies in package.json
//
// A registry may lack a package's builds for other systems. npm then leaves them out of the lock file and `npm ci` refuses that very
// file as incomplete (npm/cli#4828). So what the lock does not have, it does not name as optional either.

const LOCK = 'package-lock.json';

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// Elsewhere: beside an installed node_modules npm would lock only what this system needed of it.
const elsewhere = await mkdtemp(join(tmpdir(), 'pcoder-lock-'));
for (const file of ['package.json', '.npmrc']) await copyFile(join(ROOT, file), join(elsewhere, file));
await execa('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
  cwd: elsewhere,
  stdio: 'inherit',
});
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(
  await readFile(join(elsewhere, LOCK), 'utf8'),
);
await rm(elsewhere, { recursive: true });

const dropped = new Set<string>();
for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const name of Object.keys(optionalDependencies)) {
    if (Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`))) continue;
    delete optionalDependencies[name];
    dropped.add(name);
  }
}
await writeWhole(join(ROOT, LOCK), `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`locked; not in this registry, so left out: ${[...dropped].join(', ') || 'nothing'}\n`);
