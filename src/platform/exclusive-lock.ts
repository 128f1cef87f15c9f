import { systemCode } from '../fault/fault.ts';

/** A lock the operating system gives back when its holder dies, however it dies. */
export interface ExclusiveLock {
  release(): void;
}

/**
 * Takes the lock named by a file, or returns undefined when another process holds it. Node has no file locks of its own; SQLite's are
 * the kernel's and work on every host, so an exclusive transaction that is never finished is the lock.
 */
export function tryLock(path: string): ExclusiveLock | undefined {
  // Loaded here, because a start-up snapshot of the program cannot hold it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (systemCode(error) === 'ERR_SQLITE_ERROR' && /locked|busy/i.test(String(error))) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
