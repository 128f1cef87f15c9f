import type { Frame } from './frame.ts';

export interface TransportEvents {
  frame(frame: Frame): void;
  /** the transport takes frames again after `send` said false */
  drain(): void;
  closed(error: Error | undefined): void;
}

/** Something that carries whole frames in order: a socket, a virtio port. */
export interface FrameTransport {
  /** Replaces whoever listens; the handshake hands over to the connection this way. */
  listen(events: TransportEvents): void;
  /** False asks to wait for `drain`; the frame is sent all the same. */
  send(frame: Frame): boolean;
  close(): void;
}
