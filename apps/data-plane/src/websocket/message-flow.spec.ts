import { describe, expect, it } from '@jest/globals';
import type { WebSocketMessage } from '../pipeline/message-input.js';
import { MessageFlow } from './message-flow.js';

const messageOf = (text: string): WebSocketMessage => ({ bytes: Buffer.from(text), isText: true });

/** A flow whose messages are carried when the test says so. */
function heldFlow({ roomBytes = 1_000_000 } = {}) {
  const carried: string[] = [];
  const events: string[] = [];
  let usedBytes = 0;
  let next: (() => void) | undefined;
  const flow = new MessageFlow({
    carry: ({ bytes }) => {
      carried.push(bytes.toString());
      return new Promise((resolve) => {
        next = resolve;
      });
    },
    pause: () => events.push('pause'),
    resume: () => events.push('resume'),
    onOverloaded: () => events.push('overloaded'),
    room: {
      take: (bytes) => {
        if (usedBytes + bytes > roomBytes) return false;
        usedBytes += bytes;
        return true;
      },
      giveBack: (bytes) => {
        usedBytes -= bytes;
      },
    },
  });
  const carryOne = async (): Promise<void> => {
    const count = carried.length;
    next?.();
    // The next one may begin a turn of the event loop later.
    for (let turn = 0; turn < 10 && carried.length === count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { flow, carried, events, carryOne, usedBytes: () => usedBytes };
}

describe('the messages of one direction', () => {
  it('are carried one after the other, and the end behind the last', async () => {
    const { flow, carried, events, carryOne, usedBytes } = heldFlow();
    for (const text of ['a', 'b', 'c']) flow.add(messageOf(text));
    flow.end(() => events.push('end'));
    flow.add(messageOf('late'));
    expect(carried).toEqual(['a']);
    await carryOne();
    expect([carried, events]).toEqual([['a', 'b'], []]);
    await carryOne();
    await carryOne();
    expect([carried, events, usedBytes()]).toEqual([['a', 'b', 'c'], ['end'], 0]);
  });

  it.each([
    ['64 messages', 64, 'x'],
    ['64 KiB', 2, 'x'.repeat(32 * 1024)],
  ])('have their source paused while %s wait, and go on when fewer do', async (_, waiting, text) => {
    const { flow, events, carryOne } = heldFlow();
    flow.add(messageOf('under way'));
    for (let index = 0; index < waiting - 1; index += 1) flow.add(messageOf(text));
    expect(events).toEqual([]);
    flow.add(messageOf(text));
    flow.add(messageOf(text));
    expect(events).toEqual(['pause']);
    await carryOne();
    expect(events).toEqual(['pause']);
    await carryOne();
    expect(events).toEqual(['pause', 'resume']);
  });

  it('are refused when there is no room for them, and leave none taken when they are forgotten', async () => {
    const { flow, carried, events, carryOne, usedBytes } = heldFlow({ roomBytes: 10 });
    flow.add(messageOf('12345'));
    flow.add(messageOf('12345'));
    flow.add(messageOf('1'));
    expect(events).toEqual(['overloaded']);
    flow.stop();
    await carryOne();
    flow.add(messageOf('1'));
    flow.end(() => events.push('end'));
    expect([carried, events, usedBytes()]).toEqual([['12345'], ['overloaded'], 0]);
  });
});
