import type { Socket } from 'node:net';

/** Of the heads of interim answers together; what is longer is for the parser of answers to refuse. */
const headsMaxBytes = 64 * 1024;
const endOfHead = Buffer.from('\r\n\r\n');
/** Bytes of a status line up to its status. */
const statusLine = /^HTTP\/1\.[01] (\d{3})$/;
const interimLine = 'HTTP/1.1 100';

/**
 * Takes `100 Continue` out of what a server sends before its answers. It was not asked for, and so may be discarded (RFC 9110
 * section 15.2.1); undici breaks the connection off on it (`client-h1.js`, `onHeadersComplete`), and has no setting for that.
 *
 * Looks only at the beginning of each answer: everything behind it goes by untouched.
 */
export class UnaskedContinue {
  private isAtHead = false;
  private held: Buffer | undefined;
  private dropped = 0;

  constructor(socket: Socket) {
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (!this.isAtHead || !Buffer.isBuffer(chunk)) {
        // The server has ended in the middle of a head: whoever reads it says so.
        const { held } = this;
        this.held = undefined;
        if (held !== undefined) push(held);
        return push(chunk, encoding);
      }
      const rest = this.pass(chunk, push);
      return rest === undefined ? true : push(rest);
    };
  }

  /** A request is about to be sent: what comes next begins an answer. */
  expect(): void {
    this.isAtHead = true;
    this.dropped = 0;
  }

  /** Pushes interim answers one by one; answers the bytes from which on nothing is looked at, or undefined when more are needed. */
  private pass(chunk: Buffer, push: (chunk: Buffer) => boolean): Buffer | undefined {
    let bytes = this.held === undefined ? chunk : Buffer.concat([this.held, chunk]);
    this.held = undefined;
    for (;;) {
      const begin = bytes.toString('latin1', 0, interimLine.length);
      // What has not all come yet is completed: as long as it may become an interim answer, it is waited for.
      const status = statusLine.exec(begin + interimLine.slice(begin.length))?.[1];
      if (status === undefined || !status.startsWith('1') || status === '101') break;
      const end = bytes.indexOf(endOfHead);
      if (end === -1) {
        if (this.dropped + bytes.length > headsMaxBytes) break;
        this.held = bytes;
        return undefined;
      }
      const head = bytes.subarray(0, end + endOfHead.length);
      bytes = bytes.subarray(head.length);
      this.dropped += head.length;
      if (status !== '100') push(head);
      if (bytes.length === 0) return undefined;
    }
    this.isAtHead = false;
    return bytes;
  }
}
