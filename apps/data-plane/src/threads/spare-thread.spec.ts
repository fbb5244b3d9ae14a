import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { eventually } from '@torii/test-kit';
import { BackOff } from './back-off.js';
import { LiveThread } from './live-thread.js';
import { SpareThread } from './spare-thread.js';
import { ThreadBoard } from './thread-board.js';
import type { ThreadSettings } from './thread-messages.js';

const log = createLogger({ level: 'silent', app: 'test' });
const anHourMs = 3_600_000;

describe('SpareThread', () => {
  let threads: LiveThread[];
  /** What the next starts come to; a thread when nothing is left. */
  let troubles: (Error | undefined)[];
  let spare: SpareThread;
  beforeEach(() => {
    threads = [];
    troubles = [];
    spare = new SpareThread({ start, backOff: new BackOff({ firstMs: 1, maxMs: 10, forgivenAfterMs: anHourMs }), log });
  });
  afterEach(async () => {
    spare.close();
    await Promise.all(threads.map((thread) => thread.terminate()));
  });

  function start(): LiveThread | undefined {
    if (troubles.length > 0) {
      const trouble = troubles.shift();
      if (trouble !== undefined) throw trouble;
      return undefined;
    }
    const nothing = (): void => undefined;
    const entry = new URL('data:text/javascript,setInterval(() => undefined, 60_000)');
    const thread = new LiveThread(entry, { index: 0 } as ThreadSettings, ThreadBoard.create(1).of(0), {
      error: nothing,
      exit: nothing,
      news: nothing,
    });
    threads.push(thread);
    return thread;
  }

  it('is there until it is taken, and is not started twice', async () => {
    spare.startIn(0);
    await eventually(() => spare.isThere);
    spare.startIn(0);
    expect(spare.take()).toBe(threads[0]);
    expect(spare.take()).toBeUndefined();
    await eventually(() => spare.isThere);
    expect(threads).toHaveLength(2);
  });

  it('is replaced when it was lost, and by nothing that another loses', async () => {
    spare.startIn(0);
    await eventually(() => spare.isThere);
    const first = spare.take();
    spare.startIn(0);
    await eventually(() => spare.isThere);
    expect(first !== undefined && spare.replaces(first, 0)).toBe(false);
    const second = threads[1];
    expect(second !== undefined && spare.replaces(second, 0)).toBe(true);
    await eventually(() => expect(spare.take()).toBe(threads[2]));
  });

  it('is started later when the system has no thread for it, or no place is free', async () => {
    troubles = [new Error('no thread'), undefined, new Error('no thread')];
    spare.startIn(0);
    await eventually(() => spare.isThere);
    expect(troubles).toEqual([]);
  });

  it('is not started any more once it is closed', async () => {
    spare.startIn(0);
    spare.close();
    spare.startIn(0);
    const other = new SpareThread({ start, backOff: new BackOff({ firstMs: 1, maxMs: 10, forgivenAfterMs: anHourMs }), log });
    other.startIn(0);
    await eventually(() => other.isThere);
    expect(threads).toEqual([other.take()]);
    expect(spare.isThere).toBe(false);
  });
});
