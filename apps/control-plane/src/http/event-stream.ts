import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';

/** One event of a stream. */
export interface StreamedEntry {
  /** Where a client goes on; undefined where it cannot. */
  readonly id?: string;
  /** What it is, as JSON; its type names the event. */
  readonly entry: { readonly type: string };
}

/** How a stream passes its time. */
export interface StreamTiming {
  /** A comment so often, so that nobody between us and the client thinks the connection dead. */
  readonly heartbeatMs: number;
  /** A client that takes nothing for so long is given up: it comes back by itself, and goes on where it was. */
  readonly stallTimeoutMs: number;
}

const defaultTiming: StreamTiming = { heartbeatMs: 15_000, stallTimeoutMs: 30_000 };
/** How long a client waits before it comes back. */
const retryMs = 1_000;
const bufferMaxBytes = 64 * 1024;

/**
 * Entries as server-sent events (HTML standard, 9.2): the type of an entry names its event, its id lets a client go on.
 *
 * The stream ends with the entries, also when they break off: the client comes back then. `entries` gets a signal that is
 * aborted when the client is gone or takes nothing.
 */
export function eventStream(entries: (signal: AbortSignal) => AsyncIterable<StreamedEntry>, timing: StreamTiming = defaultTiming): Readable {
  const gone = new AbortController();
  const out = new PassThrough({ highWaterMark: bufferMaxBytes });
  out.once('close', () => gone.abort());
  // At once: headers go with the first byte.
  out.write(`retry: ${retryMs}\n\n`);
  const heartbeat = setInterval(() => {
    if (!out.writableNeedDrain) out.write(': still here\n\n');
  }, timing.heartbeatMs);
  void pump(entries(gone.signal), out, { gone: gone.signal, stallTimeoutMs: timing.stallTimeoutMs })
    .catch(() => gone.abort())
    .finally(() => {
      clearInterval(heartbeat);
      if (out.destroyed) return;
      out.end();
      // What is left in the buffer may be for a client that takes nothing any more.
      const timer = setTimeout(() => out.destroy(), timing.stallTimeoutMs);
      out.once('close', () => clearTimeout(timer));
    });
  return out;
}

interface PumpOptions {
  readonly gone: AbortSignal;
  readonly stallTimeoutMs: number;
}

async function pump(entries: AsyncIterable<StreamedEntry>, out: PassThrough, { gone, stallTimeoutMs }: PumpOptions): Promise<void> {
  for await (const { id, entry } of entries) {
    if (gone.aborted) return;
    const idLine = id === undefined ? '' : `id: ${id}\n`;
    const isRoomLeft = out.write(`${idLine}event: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`);
    if (!isRoomLeft) await once(out, 'drain', { signal: AbortSignal.any([gone, AbortSignal.timeout(stallTimeoutMs)]) });
  }
}
