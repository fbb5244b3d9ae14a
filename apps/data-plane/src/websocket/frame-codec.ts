import type { Duplex } from 'node:stream';
import { Receiver, Sender } from 'ws';
import { closeCode } from './close-frame.js';

// ws exports both beside its `WebSocket`, whose closing handshake answers by itself, before the other side of a proxy has been
// asked; its types leave them out.
declare module 'ws' {
  interface FrameOptions {
    readonly binary: boolean;
    readonly compress: boolean;
    readonly fin: boolean;
    readonly mask: boolean;
  }

  class Receiver {
    constructor(options: { readonly isServer: boolean; readonly maxPayload: number; readonly maxFragments: number });
    write(bytes: Buffer): boolean;
    on(event: 'message', listener: (bytes: Buffer, isBinary: boolean) => void): this;
    on(event: 'ping' | 'pong', listener: (bytes: Buffer) => void): this;
    on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'error', listener: (error: Error & { readonly code?: string }) => void): this;
  }

  class Sender {
    constructor(socket: Duplex);
    send(bytes: Buffer, options: FrameOptions): void;
    pong(bytes: Buffer, isMasked: boolean): void;
    close(code: number | undefined, reason: string | undefined, isMasked: boolean): void;
  }
}

/** More parts of a message than that take more memory than what is in them. */
const fragmentsMax = 16 * 1024;

/** Reads frames as the end of a connection does that a `client`, or a `server`, is the other end of. */
export function frameReceiver(peer: 'client' | 'server', messageMaxBytes: number): Receiver {
  return new Receiver({ isServer: peer === 'client', maxPayload: messageMaxBytes, maxFragments: fragmentsMax });
}

export function frameSender(socket: Duplex): Sender {
  return new Sender(socket);
}

/** By which code a connection is closed on which that came. */
export function closeCodeOf(error: { readonly code?: string }): number {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return closeCode.tooLarge;
    case 'WS_ERR_INVALID_UTF8':
      return closeCode.invalidText;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return closeCode.policyViolation;
    default:
      return closeCode.protocolError;
  }
}
