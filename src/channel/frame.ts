import { Fault } from '../fault/fault.ts';

/** Frame kinds; docs/protocol.md describes each. */
export const FRAME = {
  hello: 1,
  open: 2,
  message: 3,
  data: 4,
  credit: 5,
  end: 6,
  reset: 7,
} as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  kind: FrameKind;
  /** which of a stream's data lanes (stdin/stdout is 0, stderr is 1); 0 for other kinds */
  lane: number;
  /** 0 is the connection itself */
  stream: number;
  payload: Uint8Array;
}

export const HEADER_BYTES = 12;
/** Bytes of payload in one frame. Large frames matter in the guest, where every hop is emulated (measured: 256 KiB carries 66 MB/s). */
export const MAX_PAYLOAD = 256 * 1024;
/** Bytes of JSON in one control frame. */
export const MAX_JSON = 256 * 1024;

const MAGIC = 0x4350; // "PC" on the wire

export function encodeHeader(frame: Frame): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt16LE(MAGIC, 0);
  header.writeUInt8(frame.kind, 2);
  header.writeUInt8(frame.lane, 3);
  header.writeUInt32LE(frame.stream, 4);
  header.writeUInt32LE(frame.payload.byteLength, 8);
  return header;
}

export interface Header {
  kind: FrameKind;
  lane: number;
  stream: number;
  length: number;
}

/** @throws Fault `protocol-violation` for anything but a header this version writes */
export function decodeHeader(bytes: Uint8Array): Header {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const kind = view.readUInt8(2);
  const length = view.readUInt32LE(8);
  if (view.readUInt16LE(0) !== MAGIC || !isFrameKind(kind) || length > MAX_PAYLOAD) {
    throw new Fault('protocol-violation', 'the peer sent bytes that are no frame of the channel');
  }
  return { kind, lane: view.readUInt8(3), stream: view.readUInt32LE(4), length };
}

function isFrameKind(kind: number): kind is FrameKind {
  return kind >= FRAME.hello && kind <= FRAME.reset;
}
