import type { Duplex } from 'node:stream';
import type { Receiver, Sender } from 'ws';
import type { WebSocketMessage } from '../pipeline/message-input.js';
import { type CloseFrame, closeCode } from './close-frame.js';
import { closeCodeOf, frameReceiver, frameSender } from './frame-codec.js';

/** What comes of one end of a connection, in its order. */
export interface FrameListener {
  message(message: WebSocketMessage): void;
  /** It closes; no more messages come of it. */
  closing(frame: CloseFrame): void;
  /** What came breaks the protocol or a limit; this code says which. Nothing more is read of it. */
  broken(code: number, detail: string): void;
  /** There is no room for what it sends. */
  overloaded(): void;
  /** Its connection has ended before it closed. */
  gone(): void;
  /** Nothing comes or goes any more. Told once, last. */
  over(): void;
}

/** For messages in memory, over all connections. */
export interface Room {
  /** Whether there is room for so many bytes; if so, whoever took them gives them back. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

export interface FrameEndOptions {
  readonly socket: Duplex;
  /** Which side the other end of the socket is. What goes to a server is masked (RFC 6455 section 5.3). */
  readonly peer: 'client' | 'server';
  readonly messageMaxBytes: number;
  readonly room: Room;
  readonly listener: FrameListener;
}

/** Pings are answered while no more waits to be sent than that: one that sends nothing but pings takes nothing of the node. */
const pongRoomBytes = 16 * 1024;

/** One side of a WebSocket that a proxy stands in the middle of: frames on a socket that has been upgraded. Answers pings. */
export class FrameEnd {
  private readonly socket: Duplex;
  private readonly isMasked: boolean;
  private readonly receiver: Receiver;
  private readonly sender: Sender;
  /** Whether it has said that it closes. */
  hasClosed = false;
  /** Of a message that has not come as a whole. */
  private heldBytes = 0;
  private isMessageWhole = false;
  /** Of the pings and pongs that have come with the last bytes: nothing is held of these. */
  private controlBytes = 0;
  private isReading = true;
  private isBroken = false;
  private hasEnded = false;
  private isOver = false;
  private sentFrame: CloseFrame | undefined;

  constructor(private readonly options: FrameEndOptions) {
    const { socket, peer, messageMaxBytes } = options;
    this.socket = socket;
    this.isMasked = peer === 'server';
    this.receiver = frameReceiver(peer, messageMaxBytes);
    this.sender = frameSender(socket);
  }

  /** What it was told when it was closed; undefined before. */
  get told(): CloseFrame | undefined {
    return this.sentFrame;
  }

  /** Bytes that came and went, to see whether anything moves. */
  get movedBytes(): number {
    const { socket } = this;
    const came = 'bytesRead' in socket && typeof socket.bytesRead === 'number' ? socket.bytesRead : 0;
    const went = 'bytesWritten' in socket && typeof socket.bytesWritten === 'number' ? socket.bytesWritten : 0;
    return came + went - socket.writableLength;
  }

  /** Begins to read, first what came along with the handshake. */
  start(head: Buffer): void {
    const { socket, receiver, options } = this;
    const { listener } = options;
    receiver.on('message', (bytes, isBinary) => {
      this.isMessageWhole = true;
      this.hold(0);
      listener.message({ bytes, isText: !isBinary });
    });
    receiver.on('pong', (bytes) => this.countControl(bytes));
    receiver.on('ping', (bytes) => {
      this.countControl(bytes);
      if (this.canSend && socket.writableLength < pongRoomBytes) this.sender.pong(bytes, this.isMasked);
    });
    receiver.on('conclude', (code, reason) => {
      this.hasClosed = true;
      this.ignoreRest();
      listener.closing({ code, reason: reason.toString() });
      this.endWhenClosed();
    });
    receiver.on('error', (error) => {
      this.isBroken = true;
      this.ignoreRest();
      listener.broken(closeCodeOf(error), error.message);
    });
    socket.on('end', () => this.end());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.finish());
    if (head.length > 0) this.onBytes(head);
    if (this.isReading) socket.on('data', this.onBytes);
    // What has closed before anybody listened does not close again.
    if (socket.destroyed) this.finish();
  }

  /** Resolves when there is room for more, or nothing can be sent any more. */
  async send({ bytes, isText }: WebSocketMessage): Promise<void> {
    if (!this.canSend) return;
    this.sender.send(bytes, { binary: !isText, compress: false, fin: true, mask: this.isMasked });
    if (this.socket.writableNeedDrain) await drained(this.socket);
  }

  /** Tells it that the connection is closed, once; the connection ends when it has said so too, or cannot be understood. */
  close(frame: CloseFrame): void {
    if (!this.canSend) return;
    this.sentFrame = frame;
    const { code, reason } = frame;
    this.sender.close(code === closeCode.noneGiven ? undefined : code, reason, this.isMasked);
    this.endWhenClosed();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private get canSend(): boolean {
    return this.sentFrame === undefined && this.socket.writable;
  }

  private readonly onBytes = (bytes: Buffer): void => {
    this.isMessageWhole = false;
    this.controlBytes = 0;
    this.receiver.write(bytes);
    if (!this.isReading) return;
    // The beginning of a next message behind the last is counted with what comes after it.
    const heldBytes = this.isMessageWhole ? 0 : Math.max(0, this.heldBytes + bytes.length - this.controlBytes);
    if (!this.hold(heldBytes)) this.options.listener.overloaded();
  };

  private countControl(payload: Buffer): void {
    const maskBytes = this.isMasked ? 0 : 4; // only one side masks
    this.controlBytes += 2 + maskBytes + payload.length;
  }

  private hold(bytes: number): boolean {
    const { room } = this.options;
    if (bytes < this.heldBytes) room.giveBack(this.heldBytes - bytes);
    else if (!room.take(bytes - this.heldBytes)) return false;
    this.heldBytes = bytes;
    return true;
  }

  /** Takes what still comes off the connection, so that its end is seen. */
  private ignoreRest(): void {
    this.isReading = false;
    this.socket.off('data', this.onBytes);
    this.hold(0);
    this.socket.resume();
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (this.hasClosed) return;
    this.options.listener.gone();
    this.socket.destroy();
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.hold(0);
    this.end();
    this.options.listener.over();
  }

  private endWhenClosed(): void {
    const { socket } = this;
    if (this.sentFrame === undefined) return;
    if (this.hasClosed) socket.end(() => socket.destroy());
    // Its answer would not be read (RFC 6455 section 7.1.7). Destroyed while it sends, it might not see why.
    else if (this.isBroken) socket.end();
  }
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
