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

  it('writes batched lines in order, a few milliseconds later together, and at once when one is an error', async () => {
    const writes: string[] = [];
    let onWrite = (): void => undefined;
    const written = new Promise<void>((resolve) => {
      onWrite = resolve;
    });
    const write = (text: string): void => {
      writes.push(text);
      onWrite();
    };
    const log = createLogger({ level: 'info', app: 'test', isBatched: true }, { write });
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
    await written;
    expect(messages()).toEqual(['one,two']);
    log.info('three');
    log.error('four');
    expect(messages()).toEqual(['one,two', 'three,four']);
  });

  it('writes batched lines that still wait when the thread exits', () => {
    const writes: string[] = [];
    const others = new Set(process.listeners('exit'));
    const log = createLogger({ level: 'info', app: 'test', isBatched: true }, { write: (text) => writes.push(text) });
    log.info('last words');
    for (const listener of process.listeners('exit')) if (!others.has(listener)) listener.call(process, 0);
    expect(writes.join()).toContain('last words');
  });
});
