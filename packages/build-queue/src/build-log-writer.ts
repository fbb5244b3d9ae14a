import { type BuildId, type BuildLogEntry, type BuildStatus, buildLogLimits } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import type { BuildKeys } from './build-keys.js';
import { cutLine, entryField } from './log-entry-text.js';

/** How long an entry waits for others (ms). */
const batchMs = 50;
/** How long to wait after Redis did not take a batch (ms). */
const retryMs = 500;
const batchMax = 500;
/** How long the log of a build that nobody ends is kept. */
const retentionSeconds = 7 * 24 * 3_600;

/**
 * Appends to the log of one build, in batches, in the background; never throws and never makes who writes wait.
 *
 * Lines are bounded by `buildLogLimits`, over all attempts of a build: what is more is left out, and one line says so.
 * Stages and the end are always written. While Redis is away what was appended is kept and written later.
 */
export class BuildLogWriter {
  private waiting: BuildLogEntry[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<boolean> | undefined;
  private isClosed = false;
  private hasRoom = true;
  private isSizeKnown = false;
  private lines = 0;
  private bytes = 0;

  constructor(
    private readonly redis: Redis,
    private readonly keys: BuildKeys,
    private readonly buildId: BuildId,
    private readonly clock: Clock,
  ) {}

  /** Whether further lines are left out. */
  get isFull(): boolean {
    return !this.hasRoom;
  }

  append(entry: BuildLogEntry): void {
    if (this.isClosed) return;
    const bounded = this.bound(entry);
    if (bounded === undefined) return;
    this.waiting.push(bounded);
    if (this.writing === undefined) this.timer ??= setTimeout(() => this.write(), batchMs);
  }

  /** The last entry, after which readers stop. Whoever makes a build's end known writes it: the control plane. */
  end(status: BuildStatus): void {
    this.append({ type: 'end', at: this.clock.date().toISOString(), status });
  }

  /** Takes no more, and writes what is waiting if Redis takes it now; called again, what it has not taken. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.writing;
    while (this.waiting.length > 0 && (await this.writeBatch()));
  }

  /** Takes no more, and forgets what it has not written: somebody else writes this log now. */
  discard(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.waiting = [];
  }

  private isWithinLimits(): boolean {
    return this.lines < buildLogLimits.linesMax && this.bytes <= buildLogLimits.totalMaxBytes;
  }

  /** What of an entry still fits, if anything; counts it. */
  private bound(entry: BuildLogEntry): BuildLogEntry | undefined {
    if (entry.type !== 'line') return entry;
    if (!this.hasRoom) return undefined;
    const text = cutLine(entry.text);
    this.lines += 1;
    this.bytes += Buffer.byteLength(text);
    this.hasRoom = this.isWithinLimits();
    return this.isFull ? { ...entry, stream: 'torii', text: 'the log is full: the lines that follow are left out' } : { ...entry, text };
  }

  private write(): void {
    this.timer = undefined;
    this.writing = this.writeBatch().then((isWritten) => {
      this.writing = undefined;
      if (this.isClosed || this.waiting.length === 0) return isWritten;
      this.timer = setTimeout(() => this.write(), isWritten ? 0 : retryMs);
      return isWritten;
    });
  }

  /** False when Redis did not take it: it is still waiting then. */
  private async writeBatch(): Promise<boolean> {
    const logKey = this.keys.log(this.buildId);
    const sizeKey = this.keys.logSize(this.buildId);
    let batch: readonly BuildLogEntry[];
    try {
      await this.countEarlierAttempts(sizeKey);
      batch = this.waiting.slice(0, batchMax);
      if (batch.length === 0) return true;
      const lines = batch.filter((entry) => entry.type === 'line');
      const commands = this.redis.multi();
      for (const entry of batch) commands.xadd(logKey, '*', entryField, JSON.stringify(entry));
      commands.hincrby(sizeKey, 'lines', lines.length);
      commands.hincrby(
        sizeKey,
        'bytes',
        lines.reduce((sum, line) => sum + Buffer.byteLength(line.text), 0),
      );
      commands.expire(logKey, retentionSeconds).expire(sizeKey, retentionSeconds).publish(this.keys.logRings, this.buildId);
      await commands.exec();
    } catch {
      return false;
    }
    this.waiting = this.waiting.slice(batch.length);
    return true;
  }

  private async countEarlierAttempts(sizeKey: string): Promise<void> {
    if (this.isSizeKnown) return;
    const [lines, bytes] = await this.redis.hmget(sizeKey, 'lines', 'bytes');
    this.isSizeKnown = true;
    this.lines = Number(lines ?? 0);
    this.bytes = Number(bytes ?? 0);
    this.hasRoom = this.isWithinLimits();
    this.waiting = this.waiting.flatMap((entry) => this.bound(entry) ?? []);
  }
}
