import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';

describe('createLogger', () => {
  it('never shows what a Redis command held when it logs the error that came of it', () => {
    let line = '';
    const log = createLogger({ level: 'info', app: 'test' }, { write: (text) => (line += text) });
    const refused = (name: string, ...args: string[]) => Object.assign(new Error('refused'), { command: { name, args } });
    log.warn({ err: refused('hello', '3', 'AUTH', 'someone', 'a-password') }, 'lost');
    log.warn({ err: Object.assign(new Error('aborted'), { previousErrors: [refused('hset', 'map', 'key', 'a-password')] }) }, 'aborted');
    expect(line).not.toContain('a-password');
    expect(line).toContain('"name":"hello"');
  });

  it('writes batched lines in order, once per turn of the event loop, and at once when one is an error', async () => {
    const writes: string[] = [];
    const log = createLogger({ level: 'info', app: 'test', isBatched: true }, { write: (text) => writes.push(text) });
    const messages = (): string[] =>
      writes.map((text) =>
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).msg)
          .join(),
      );
    log.info('one');
    log.warn('two');
    expect(messages()).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(messages()).toEqual(['one,two']);
    log.info('three');
    log.error('four');
    expect(messages()).toEqual(['one,two', 'three,four']);
  });
});
