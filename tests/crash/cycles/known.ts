import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** What a test knows of one machine: which files were acknowledged as synced, and what its memory may hold. */
export class Known {
  /** name → contents it may have now, as sha256; more than one while a replacement was not acknowledged */
  readonly #files = new Map<string, Set<string>>();
  #nonce: string | undefined;
  /** written but not acknowledged */
  #maybe: string | undefined;
  #memory: 'kept' | 'perhaps' | 'gone' = 'gone';

  get names(): string[] {
    return [...this.#files.keys()];
  }

  /** A file is about to be written. */
  writing(name: string, content: string): void {
    const now = this.#files.get(name);
    // A new file need not exist before its sync was acknowledged.
    if (now === undefined) return;
    now.add(digest(content));
  }

  wrote(name: string, content: string): void {
    this.#files.set(name, new Set([digest(content)]));
  }

  marking(nonce: string): void {
    this.#maybe = nonce;
  }

  marked(): void {
    this.#nonce = this.#maybe;
    this.#maybe = undefined;
    this.#memory = 'kept';
  }

  /** Something was killed that the memory may or may not have outlived. */
  memoryPerhaps(): void {
    if (this.#memory === 'kept') this.#memory = 'perhaps';
  }

  /** The guest was killed under a command, which may have found or started another: what was marked before is gone. */
  memoryReplaced(): void {
    this.#nonce = undefined;
    this.memoryPerhaps();
  }

  /** The guest was shut down, or its QEMU killed while it ran: its memory must never be seen again. */
  memoryGone(): void {
    this.#memory = 'gone';
  }

  /** Compares with what the guest shows. @returns whether its memory was kept */
  check(shown: { nonce: string; files: Map<string, string> }): boolean {
    for (const [name, fine] of this.#files) {
      const digest = shown.files.get(name);
      assert.ok(digest !== undefined, `${name} was synced and is gone`);
      assert.ok(fine.has(digest), `${name} was synced and has another content`);
      this.#files.set(name, new Set([digest]));
    }
    const { nonce } = shown;
    const isKept = nonce !== '' && (nonce === this.#nonce || nonce === this.#maybe);
    assert.ok(isKept || nonce === '', `the memory is an older one: ${nonce}, not ${this.#nonce}`);
    if (this.#memory === 'gone') assert.equal(nonce, '', 'memory came back that must be gone');
    if (this.#memory === 'kept') assert.ok(isKept, 'the memory was not kept, though nothing was killed');
    return isKept;
  }

  /** The same disk in another machine, and the same memory. @param isSure nothing was cut off while it was copied */
  copy(isSure: boolean): Known {
    const copy = new Known();
    for (const [name, fine] of this.#files) copy.#files.set(name, new Set(fine));
    copy.#nonce = this.#nonce;
    copy.#maybe = this.#maybe;
    copy.#memory = this.#memory === 'kept' && !isSure ? 'perhaps' : this.#memory;
    return copy;
  }
}

function digest(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
