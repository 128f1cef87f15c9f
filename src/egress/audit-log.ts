import { appendFile } from 'node:fs/promises';

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
  lastError: unknown;

  constructor(path: string) {
    this.#path = path;
  }

  write(record: EgressRecord): void {
    this.#tail = this.#tail
      .then(() => appendFile(this.#path, `${JSON.stringify(record)}\n`, { mode: 0o600 }))
      .catch((error: unknown) => {
        this.lastError = error;
      });
  }

  /** Resolves when everything written so far is on its way to the disk. */
  settled(): Promise<void> {
    return this.#tail;
  }
}
