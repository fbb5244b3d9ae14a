import { TraceFlags } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Logger } from '@torii/service-kit';

export type SpanOutcome = 'exported' | 'failed' | 'dropped';

export interface SpanQueueOptions {
  readonly exporter: SpanExporter;
  /** Finished spans that may wait; further ones are dropped. */
  readonly queuedMax: number;
  /** Time one export may take, its retries included (ms). */
  readonly exportTimeoutMs: number;
  /** How long spans are gathered before they are sent, if they are not many (ms). */
  readonly delayMs: number;
  /** How long to leave a collector alone that took nothing (ms). */
  readonly pauseMs?: number;
  readonly onSpans: (outcome: SpanOutcome, count: number) => void;
  readonly log: Logger;
}

const batchMax = 512;
const defaultPauseMs = 5_000;

/**
 * Finished spans on their way to the collector: a bounded queue, one export at a time, each with a deadline. Nobody waits
 * for it. A collector that fails is left alone for a while, and said to be away once, until it takes something again.
 *
 * Not the SDK's own batching processor: it drops without saying how many, and tells of each failure.
 */
export class SpanQueue implements SpanProcessor {
  private readonly options: SpanQueueOptions;
  private waiting: ReadableSpan[] = [];
  private timer: NodeJS.Timeout | undefined;
  private exporting: Promise<void> | undefined;
  private isAway = false;
  private isClosed = false;

  constructor(options: SpanQueueOptions) {
    this.options = options;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.isClosed || (span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.waiting.length >= this.options.queuedMax) {
      this.options.onSpans('dropped', 1);
      return;
    }
    this.waiting.push(span);
    if (this.waiting.length >= batchMax && !this.isAway) void this.forceFlush();
    else this.wait();
  }

  /** Sends what waits now. Never rejects. */
  forceFlush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.exporting ??= this.exportWaiting().finally(() => {
      this.exporting = undefined;
      if (this.waiting.length > 0) this.wait();
    });
    return this.exporting;
  }

  /** Sends what waits, one time, and closes the exporter. Never rejects; takes no longer than two exports may. */
  async shutdown(): Promise<void> {
    this.isClosed = true;
    await this.forceFlush();
    clearTimeout(this.timer);
    this.options.onSpans('dropped', this.waiting.length);
    this.waiting = [];
    await this.options.exporter.shutdown().catch(() => undefined);
  }

  private wait(): void {
    if (this.timer !== undefined || this.exporting !== undefined) return;
    const { delayMs, pauseMs = defaultPauseMs } = this.options;
    this.timer = setTimeout(() => void this.forceFlush(), this.isAway ? pauseMs : delayMs);
    this.timer.unref();
  }

  /** Until there is nothing, or a batch fails. */
  private async exportWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchMax);
      const failure = await this.exportBatch(batch);
      this.options.onSpans(failure === undefined ? 'exported' : 'failed', batch.length);
      this.say(failure);
      if (failure !== undefined) return;
    }
  }

  /** Answers why it failed. */
  private exportBatch(batch: ReadableSpan[]): Promise<Error | undefined> {
    const { exporter, exportTimeoutMs } = this.options;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(new Error(`not taken within ${exportTimeoutMs} ms`)), exportTimeoutMs);
      timer.unref();
      exporter.export(batch, ({ code, error }) => {
        clearTimeout(timer);
        resolve(code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('not taken')));
      });
    });
  }

  private say(failure: Error | undefined): void {
    const { log } = this.options;
    if (failure !== undefined && !this.isAway) log.warn({ err: failure }, 'traces cannot be sent');
    if (failure === undefined && this.isAway) log.info('traces are sent again');
    this.isAway = failure !== undefined;
  }
}
