import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** One decision, as `egress.jsonl` keeps it. */
export interface EgressRecord {
  time: string;
  host: string;
  port: number;
  verdict: 'allowed' | 'refused' | 'failed' | 'closed';
  rule?: string;
  address?: string;
  reason?: string;
  /** of a finished connection */
  sent?: number;
  received?: number;
  milliseconds?: number;
}

/** Appends to one session's `egress.jsonl`, in order. A full disk must not stop the guest's traffic being refused: failures are kept for `lastError`. */
export class AuditLog {
  readonly #path: string;
  #tail: Promise<void> = Promise.resolve();
  #made: Promise<unknown> | undefined;
  lastError: unknown;

  constructor(path: string) {
    this.#path = path;
  }

  write(record: EgressRecord): void {
    this.#tail = this.#tail
      .then(() => this.#folder())
      .then(() => appendFile(this.#path, `${JSON.stringify(record)}\n`, { mode: 0o600 }))
      .catch((error: unknown) => {
        this.lastError = error;
      });
  }

  /** A session that keeps nothing else gets its folder with its first connection. */
  #folder(): Promise<unknown> {
    this.#made ??= mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    return this.#made;
  }

  /** Resolves when everything written so far is on its way to the disk. */
  settled(): Promise<void> {
    return this.#tail;
  }
}
