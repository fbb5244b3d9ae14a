import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WebSocketMessage } from '../pipeline/message-input.js';
import type { Room } from './frame-end.js';

interface MessageFlowOptions {
  /** Takes one message where it is to go; what comes next waits for it. Must not reject. */
  readonly carry: (message: WebSocketMessage) => Promise<void>;
  /** Has its source send no more for now, or again. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly room: Room;
  /** There was no room for a message. */
  readonly onOverloaded: () => void;
}

/** With so many waiting, or so many bytes of them, their source is paused. What one read has brought may come on top: 64 KiB. */
const waitingMax = 64;
const waitingMaxBytes = 64 * 1024;

/** Plugins that do not wait answer without a turn of the event loop, on which others wait: after so long they get one. */
const stretchMs = 3;

/** The messages of one direction of a WebSocket: carried one after the other, in their order. */
export class MessageFlow {
  private readonly waiting: WebSocketMessage[] = [];
  private waitingBytes = 0;
  private isCarrying = false;
  private isPaused = false;
  private isStopped = false;
  private onEnd: (() => void) | undefined;

  constructor(private readonly options: MessageFlowOptions) {}

  add(message: WebSocketMessage): void {
    if (this.isStopped || this.onEnd !== undefined) return;
    if (!this.options.room.take(message.bytes.length)) {
      this.options.onOverloaded();
      return;
    }
    this.waiting.push(message);
    this.waitingBytes += message.bytes.length;
    if (!this.isPaused && this.isFull) {
      this.isPaused = true;
      this.options.pause();
    }
    void this.carryAll();
  }

  /** Nothing comes any more; `onEnd` is called once, behind the last message. */
  end(onEnd: () => void): void {
    if (this.isStopped || this.onEnd !== undefined) return;
    this.onEnd = onEnd;
    void this.carryAll();
  }

  /** Forgets what waits. */
  stop(): void {
    this.isStopped = true;
    for (const { bytes } of this.waiting) this.options.room.giveBack(bytes.length);
    this.waiting.length = 0;
    this.waitingBytes = 0;
  }

  private get isFull(): boolean {
    return this.waiting.length >= waitingMax || this.waitingBytes >= waitingMaxBytes;
  }

  private async carryAll(): Promise<void> {
    if (this.isCarrying) return;
    this.isCarrying = true;
    let stretchStartedAtMs = performance.now();
    for (let message = this.waiting.shift(); message !== undefined; message = this.waiting.shift()) {
      this.waitingBytes -= message.bytes.length;
      if (this.isPaused && !this.isFull) {
        this.isPaused = false;
        this.options.resume();
      }
      await this.options.carry(message);
      this.options.room.giveBack(message.bytes.length);
      if (performance.now() - stretchStartedAtMs < stretchMs) continue;
      await nextTurn();
      stretchStartedAtMs = performance.now();
    }
    this.isCarrying = false;
    if (!this.isStopped) this.onEnd?.();
  }
}
