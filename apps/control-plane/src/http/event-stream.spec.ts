import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { NumberedEntry } from '../builds/kept-log.js';
import { eventStream } from './event-stream.js';

const aLine = (n: number, text = `line ${n}`): NumberedEntry => ({
  id: `1-${n}`,
  entry: { type: 'line', at: '2026-01-01T00:00:00.000Z', stream: 'stdout', text },
});

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Ends, without an entry, only when the signal is aborted. */
function nothing(signal: AbortSignal): AsyncIterable<NumberedEntry> {
  const next = async (): Promise<IteratorResult<NumberedEntry>> => {
    if (!signal.aborted) await once(signal, 'abort');
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

describe('eventStream', () => {
  it('writes an event per entry, with its id, its type and its JSON, and ends', async () => {
    const text = await textOf(
      eventStream(async function* () {
        yield aLine(0, 'two\nlines');
      }),
    );
    const data = JSON.stringify(aLine(0, 'two\nlines').entry);
    expect(text).toBe(`retry: 1000\n\nid: 1-0\nevent: line\ndata: ${data}\n\n`);
  });

  it('writes no id for an entry that has none', async () => {
    const text = await textOf(
      eventStream(async function* () {
        yield { entry: { type: 'state' } };
      }),
    );
    expect(text).toBe('retry: 1000\n\nevent: state\ndata: {"type":"state"}\n\n');
  });

  it('ends, and does not fail, when the entries break off', async () => {
    const text = await textOf(
      eventStream(async function* () {
        yield aLine(0);
        throw new Error('Redis is gone');
      }),
    );
    expect(text).toContain('id: 1-0\n');
  });

  it('says now and then that it is still there', async () => {
    const stream = eventStream(nothing, { heartbeatMs: 1, stallTimeoutMs: 60_000 });
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.includes(': still here\n\n: still here\n\n')) break;
    }
    expect(stream.destroyed).toBe(true);
  });

  it('tells who writes the entries when the client is gone', async () => {
    let signal: AbortSignal | undefined;
    const stream = eventStream((gone) => {
      signal = gone;
      return nothing(gone);
    });
    stream.destroy();
    await once(stream, 'close');
    expect(signal?.aborted).toBe(true);
  });

  it('gives a client up that takes nothing', async () => {
    let written = 0;
    const stream = eventStream(
      async function* (gone) {
        for (; !gone.aborted; written += 1) yield aLine(written, 'x'.repeat(1_000));
      },
      { heartbeatMs: 60_000, stallTimeoutMs: 5 },
    );
    await once(stream, 'close');
    expect(written).toBeLessThan(200); // no more than its buffer
  });
});
