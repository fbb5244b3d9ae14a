import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { isStreaming, markStreaming } from './streaming.js';

describe('a connection', () => {
  it('streams as long as any of its requests does', () => {
    const socket = new Socket();
    const [first, second] = [new IncomingMessage(socket), new IncomingMessage(socket)];
    expect(isStreaming(socket)).toBe(false);
    markStreaming(second, true);
    markStreaming(second, true);
    markStreaming(first, false);
    expect(isStreaming(socket)).toBe(true);
    markStreaming(second, false);
    expect(isStreaming(socket)).toBe(false);
  });
});
