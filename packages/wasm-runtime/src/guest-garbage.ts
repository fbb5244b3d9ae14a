import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So much memory of guests that are gone may wait to be given back, in one thread. */
const defaultMaxBytes = 64 * 1024 * 1024;
/** A part of that is given back when no guest has gone for this long. */
const defaultQuietMs = 2_000;

/**
 * Has the memory of guests that are gone given back.
 *
 * V8 frees it when it collects, but does not count it when it decides whether to: sixty calls that each leave a guest of
 * 64 MiB behind are nothing to it, and 3.6 GB to the system. A collection takes some 10 ms, and every so many bytes one
 * is asked for.
 */
export class GuestGarbage {
  private readonly maxBytes: number;
  private readonly quietMs: number;
  private readonly collect: () => void;
  /** Since the last collection, and since the last one in quiet. */
  private bytes = 0;
  private bytesSinceQuiet = 0;
  private isDue = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: { readonly maxBytes?: number; readonly quietMs?: number; readonly collect?: () => void } = {}) {
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.quietMs = options.quietMs ?? defaultQuietMs;
    this.collect = options.collect ?? collectAll;
  }

  /** To be called when a guest is closed, with what it took. */
  add(bytes: number): void {
    this.bytes += bytes;
    this.bytesSinceQuiet += bytes;
    if (this.bytesSinceQuiet >= this.maxBytes / 4) this.collectWhenQuiet();
    if (this.isDue || this.bytes < this.maxBytes) return;
    this.isDue = true;
    // Later, when whoever called the guest has let go of it.
    setImmediate(() => {
      this.isDue = false;
      this.bytes = 0;
      this.collect();
    });
  }

  /** Also after a collection under load, which misses the guests that were closed last. */
  private collectWhenQuiet(): void {
    if (this.timer !== undefined) {
      this.timer.refresh();
      return;
    }
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.bytes = 0;
      this.bytesSinceQuiet = 0;
      this.collect();
    }, this.quietMs);
    this.timer.unref();
  }
}

/** The one of this thread. */
export const threadGarbage = new GuestGarbage();

let collector: (() => void) | undefined;

function collectAll(): void {
  collector ??= exposedCollector();
  collector();
}

/** V8 has no other way to be asked; the flag is off again before anything else runs. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
