import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CloseFrame } from './close-frame.js';
import { frameSender } from './frame-codec.js';
import { FrameEnd } from './frame-end.js';

const messageMaxBytes = 1_000;
const message = fc.record({ bytes: fc.uint8Array({ maxLength: 200 }), cuts: fc.array(fc.nat(200), { maxLength: 3 }) });

interface Seen {
  readonly messages: Buffer[];
  readonly events: (string | CloseFrame)[];
}

/** The end of a connection with a client, of which the test is the other end. */
function endOfPair() {
  const [client, socket] = duplexPair();
  const seen: Seen = { messages: [], events: [] };
  let usedBytes = 0;
  let isOver: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  const end = new FrameEnd({
    socket,
    peer: 'client',
    messageMaxBytes,
    room: {
      take: (bytes) => {
        usedBytes += bytes;
        return true;
      },
      giveBack: (bytes) => {
        usedBytes -= bytes;
      },
    },
    listener: {
      message: ({ bytes }) => seen.messages.push(Buffer.from(bytes)),
      closing: (frame) => seen.events.push(frame),
      broken: () => seen.events.push('broken'),
      overloaded: () => seen.events.push('overloaded'),
      gone: () => seen.events.push('gone'),
      over: () => isOver(),
    },
  });
  client.on('error', () => undefined).resume();
  return { end, seen, client, socket, over, usedBytes: () => usedBytes };
}

/** The frames of these messages, each cut into fragments where it says so. */
async function framesOf(messages: readonly { readonly bytes: Uint8Array; readonly cuts: readonly number[] }[]): Promise<Buffer> {
  const [from, to] = duplexPair();
  const sender = frameSender(from);
  const parts: Buffer[] = [];
  to.on('data', (part: Buffer) => parts.push(part));
  for (const { bytes, cuts } of messages) {
    const places = [...new Set(cuts.filter((at) => at < bytes.length))].sort((one, other) => one - other);
    const starts = [0, ...places];
    for (const [index, start] of starts.entries()) {
      const fin = index === starts.length - 1;
      sender.send(Buffer.from(bytes.subarray(start, starts[index + 1])), { binary: true, compress: false, fin, mask: true });
    }
  }
  sender.close(1000, 'done', true);
  from.end();
  await once(to, 'end');
  return Buffer.concat(parts);
}

/** A frame of so many bytes that are zero, under a mask that is zero too. */
function masked(head: number, size: number): Buffer {
  return Buffer.concat([Buffer.from([head, 0x80 | size]), Buffer.alloc(4 + size)]);
}

describe('one end of a WebSocket', () => {
  it('reads messages whole and in order, and the close behind them, however they were cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 10 }), fc.array(fc.nat(3_000), { maxLength: 5 }), async (messages, cuts) => {
        const { end, seen, client, over, usedBytes } = endOfPair();
        const bytes = await framesOf(messages);
        const places = [0, ...cuts.filter((at) => at < bytes.length).sort((one, other) => one - other)];
        end.start(bytes.subarray(0, places[1]));
        for (const [index, start] of places.entries()) if (index > 0) client.write(bytes.subarray(start, places[index + 1]));
        client.end();
        await expectSoon(() => seen.events.length > 0);
        expect(seen.messages).toEqual(messages.map((sent) => Buffer.from(sent.bytes)));
        expect(seen.events).toEqual([{ code: 1000, reason: 'done' }]);
        end.close({ code: 1000, reason: 'done' });
        await over;
        expect(usedBytes()).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('takes no room for pings and pongs, however many come, alone or within a message', async () => {
    const { end, seen, client, over, usedBytes } = endOfPair();
    const first = masked(0x01, 100);
    end.start(Buffer.alloc(0));
    for (let sent = 0; sent < 200; sent += 1) client.write(masked(sent % 2 === 0 ? 0x89 : 0x8a, 10));
    const cut = masked(0x89, 125);
    client.write(cut.subarray(0, 50));
    client.write(Buffer.concat([cut.subarray(50), first]));
    await expectSoon(() => usedBytes() === first.length);
    for (let sent = 0; sent < 200; sent += 1) client.write(masked(0x8a, 10));
    client.write(masked(0x00, 7));
    await expectSoon(() => usedBytes() === first.length + 4 + 2 + 7);
    client.write(masked(0x80, 0));
    await expectSoon(() => seen.messages.length === 1);
    expect(usedBytes()).toBe(0);
    end.destroy();
    await over;
  });

  it('keeps no room for what came with the handshake when its connection has closed before anybody listened', async () => {
    const { end, seen, over, usedBytes, socket } = endOfPair();
    socket.destroy();
    await once(socket, 'close');
    end.start(masked(0x01, 100));
    await over;
    expect(seen.events).toEqual(['gone']);
    expect(usedBytes()).toBe(0);
  });

  it('takes any bytes without an error of its own, and leaves no room taken', async () => {
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parts, async (all) => {
        const { end, seen, client, over, usedBytes } = endOfPair();
        end.start(Buffer.alloc(0));
        for (const part of all) client.write(part);
        client.end();
        await expectSoon(() => seen.events.length > 0);
        end.close({ code: 1002, reason: '' });
        end.destroy();
        await over;
        expect(usedBytes()).toBe(0);
        expect(seen.events.filter((event) => event !== 'gone').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});

/** Waits turns of the event loop until it holds; a bounded number, so that a failure is one of the property. */
async function expectSoon(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !holds(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}
