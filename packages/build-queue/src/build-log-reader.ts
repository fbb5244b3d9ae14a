import type { BuildId } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { BuildKeys } from './build-keys.js';
import { listenTo } from './channel.js';
import { type LogPage, pageOf, type StoredEntry } from './log-entry-text.js';

export interface BuildLogReaderOptions {
  readonly redis: Redis;
  /** Subscribed, so it answers nothing else; needed for `read` only. Both are closed by whoever opened them. */
  readonly subscriber?: Redis;
  readonly keys: BuildKeys;
}

export interface ReadOptions {
  /** The id of the last entry that is known; from the beginning when left out. */
  readonly after?: string;
  readonly signal: AbortSignal;
  /** How long to wait for a ring before looking again, in case one was lost. */
  readonly blockMs?: number;
}

const defaultBlockMs = 1_000;
/** Entries asked for at once. */
const pageSize = 500;
/** How long a log that is kept elsewhere stays for whoever is still reading it here. */
const graceSeconds = 60;
const streamIdPattern = /^\d{1,20}-\d{1,20}$/;

/** Reads the logs of builds while they grow. Any number of readers share two connections. */
export class BuildLogReader {
  private readonly options: BuildLogReaderOptions;
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly stopListening: () => void;

  constructor(options: BuildLogReaderOptions) {
    this.options = options;
    const { subscriber, keys } = options;
    this.stopListening =
      subscriber === undefined ? () => undefined : listenTo(subscriber, keys.logRings, { onMessage: (buildId) => this.ring(buildId) });
  }

  /**
   * Every entry after `after`, as it comes, each once; ends after the entry of type `end`, or when the signal is aborted.
   * Rejects when Redis cannot be asked; reading again after the last id then goes on where it stopped. An `after` that is
   * no id of a stream reads from the beginning.
   */
  async *read(buildId: BuildId, { after, signal, blockMs = defaultBlockMs }: ReadOptions): AsyncGenerator<StoredEntry, void, undefined> {
    let last = after !== undefined && streamIdPattern.test(after) ? after : '-';
    while (!signal.aborted) {
      // Begun before looking, so that what comes in between rings too.
      const wait = this.nextRing(buildId, blockMs, signal);
      try {
        const { entries, lastId } = await this.page(buildId, last);
        for (const stored of entries) {
          yield stored;
          if (stored.entry.type === 'end' || signal.aborted) return;
        }
        if (lastId === undefined) await wait.rung;
        else last = lastId;
      } finally {
        wait.end();
      }
    }
  }

  /** All there is now. The log is bounded, see `buildLogLimits`. */
  async readAll(buildId: BuildId): Promise<StoredEntry[]> {
    const all: StoredEntry[] = [];
    let last: string | undefined = '-';
    while (last !== undefined) {
      const page: LogPage = await this.page(buildId, last);
      all.push(...page.entries);
      last = page.lastId;
    }
    return all;
  }

  /** For a build whose log is kept elsewhere: it goes in a minute, so that whoever is reading it comes to its end. */
  async expire(buildId: BuildId): Promise<void> {
    const { redis, keys } = this.options;
    await redis.multi().expire(keys.log(buildId), graceSeconds).expire(keys.logSize(buildId), graceSeconds).exec();
  }

  close(): void {
    this.stopListening();
  }

  private async page(buildId: BuildId, last: string): Promise<LogPage> {
    const { redis, keys } = this.options;
    const start = last === '-' ? '-' : `(${last}`;
    return pageOf(await redis.xrange(keys.log(buildId), start, '+', 'COUNT', pageSize));
  }

  private ring(buildId: string): void {
    for (const wake of this.waiting.get(buildId) ?? []) wake();
  }

  private nextRing(buildId: string, waitMs: number, signal: AbortSignal): { readonly rung: Promise<void>; end(): void } {
    const waiting = this.waiting.get(buildId) ?? new Set();
    this.waiting.set(buildId, waiting);
    let wake = (): void => undefined;
    const rung = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const timer = setTimeout(wake, waitMs);
    waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      waiting.delete(wake);
      if (waiting.size === 0 && this.waiting.get(buildId) === waiting) this.waiting.delete(buildId);
    };
    return { rung, end };
  }
}
