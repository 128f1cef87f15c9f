/** A program under way, however its input and output are wired. */
export interface Running {
  pid: number;
  /** takes bytes for stdin; resolves when it can take more */
  input(chunk: Uint8Array): Promise<void>;
  endInput(): void;
  resize(rows: number, columns: number): void;
  /** resolves after all its output has been handed to the stream */
  finished: Promise<{ code: number | null; signal: string | null }>;
}

export type Output = (chunk: Uint8Array, lane: number) => Promise<void>;
