import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UnaskedContinue } from './unasked-continue.js';

/** A socket as far as reading goes: what is pushed is what would be read. */
function aSocket(): { readonly socket: Socket; readonly read: () => string; readonly isEnded: () => boolean } {
  const pieces: Buffer[] = [];
  let ended = false;
  const socket = Object.assign(new EventEmitter(), {
    push: (chunk: Buffer | null) => {
      if (chunk === null) ended = true;
      else pieces.push(chunk);
      return true;
    },
  });
  return { socket: socket as unknown as Socket, read: () => Buffer.concat(pieces).toString('latin1'), isEnded: () => ended };
}

const proceed = 'HTTP/1.1 100 Continue\r\nX: y\r\n\r\n';
const processing = 'HTTP/1.1 102 Processing\r\n\r\n';

describe('UnaskedContinue', () => {
  it('takes out what is 100 Continue before an answer, however it is cut, and nothing else', () => {
    const heads = fc.array(fc.constantFrom(proceed, processing), { maxLength: 5 });
    const answer = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n\r\nbody',
      `HTTP/1.0 404 No\r\n\r\n${proceed}`,
      'HTTP/1.1 101 Up\r\n\r\n',
      'nonsense that is none',
      '',
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(heads, answer, cuts, (before, last, sizes) => {
        const { socket, read, isEnded } = aSocket();
        new UnaskedContinue(socket).expect();
        const bytes = Buffer.from(before.join('') + last);
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          socket.push(bytes.subarray(at, at + size));
          at += size;
        }
        socket.push(null);
        expect(read()).toBe(before.filter((head) => head !== proceed).join('') + last);
        expect(isEnded()).toBe(true);
      }),
    );
  });

  it('looks at the beginning of each answer, and at nothing between two requests', () => {
    const { socket, read } = aSocket();
    const interims = new UnaskedContinue(socket);
    socket.push(Buffer.from(proceed));
    expect(read()).toBe(proceed);
    for (const last of ['HTTP/1.1 200 OK\r\n\r\na', 'HTTP/1.1 200 OK\r\n\r\nb']) {
      interims.expect();
      socket.push(Buffer.from(proceed + last));
    }
    expect(read()).toBe(`${proceed}HTTP/1.1 200 OK\r\n\r\naHTTP/1.1 200 OK\r\n\r\nb`);
  });

  it('holds no more of heads than an answer may have', () => {
    const { socket, read } = aSocket();
    new UnaskedContinue(socket).expect();
    const endless = `HTTP/1.1 100 Continue\r\nX: ${'y'.repeat(70_000)}`;
    for (let at = 0; at < endless.length; at += 10_000) socket.push(Buffer.from(endless.slice(at, at + 10_000)));
    expect(read()).toBe(endless);
  });
});
