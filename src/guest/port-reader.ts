import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { decodeHeader, HEADER_BYTES, type Header } from '../channel/frame.ts';
import { PreambleHunter } from '../channel/preamble.ts';

/**
 * A thread that reads whole frames from the port and hands them over. It blocks in `read` on purpose: the kernel gives at most 4 KiB a
 * read, and one asynchronous hop for each was measured at 15 MB/s against 66 MB/s this way.
 */
export type ReaderMessage =
  | { type: 'fresh' }
  | { type: 'gone' }
  | { type: 'frame'; header: Header; payload: Uint8Array<ArrayBuffer> };

class HostGone extends Error {}
class OutOfStep extends Error {}

const fd: number = workerData.fd;
const pauseCell = new Int32Array(new SharedArrayBuffer(4));

for (;;) {
  hunt();
  post({ type: 'fresh' });
  try {
    for (;;) {
      const header = readHeader();
      const payload = readFully(header.length);
      parentPort?.postMessage({ type: 'frame', header, payload } satisfies ReaderMessage, [payload.buffer]);
    }
  } catch (error) {
    if (!(error instanceof HostGone || error instanceof OutOfStep)) throw error;
    post({ type: 'gone' });
  }
}

function hunt(): void {
  const hunter = new PreambleHunter();
  // One byte at a time: what follows the preamble must stay unread.
  const byte = new Uint8Array(1);
  for (;;) {
    const count = readSync(fd, byte);
    if (count === 0) sleep(5);
    else if (hunter.find(byte) !== undefined) return;
  }
}

function readHeader(): Header {
  const bytes = readFully(HEADER_BYTES);
  try {
    return decodeHeader(bytes);
  } catch {
    throw new OutOfStep();
  }
}

function readFully(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  let at = 0;
  while (at < count) {
    const got = readSync(fd, bytes, at, count - at, null);
    // The port reads as ended whenever no host is connected.
    if (got === 0) throw new HostGone();
    at += got;
  }
  return bytes;
}

function sleep(milliseconds: number): void {
  Atomics.wait(pauseCell, 0, 0, milliseconds);
}

function post(message: ReaderMessage): void {
  parentPort?.postMessage(message);
}
