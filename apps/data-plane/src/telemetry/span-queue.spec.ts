import { describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { AlwaysOffSampler, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { createLogger } from '@torii/service-kit';
import { type SpanOutcome, SpanQueue, type SpanQueueOptions } from './span-queue.js';

/** Stands for what sends to a collector far away, and answers when the test says so. */
class HeldExporter implements SpanExporter {
  readonly batches: number[] = [];
  isClosed = false;
  private answer: (result: ExportResult) => void = () => undefined;

  export(spans: ReadableSpan[], answer: (result: ExportResult) => void): void {
    this.batches.push(spans.length);
    this.answer = answer;
  }

  async succeed(): Promise<void> {
    this.answer({ code: ExportResultCode.SUCCESS });
    await turn();
  }

  async fail(): Promise<void> {
    this.answer({ code: ExportResultCode.FAILED, error: new Error('refused') });
    await turn();
  }

  shutdown(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function aQueue(options: Partial<SpanQueueOptions> = {}, isSampled = true) {
  const exporter = new HeldExporter();
  const lines: string[] = [];
  const counts: Record<SpanOutcome, number> = { exported: 0, failed: 0, dropped: 0 };
  const queue = new SpanQueue({
    exporter,
    queuedMax: 1_000,
    exportTimeoutMs: 60_000,
    delayMs: 60_000,
    pauseMs: 60_000,
    onSpans: (outcome, count) => {
      counts[outcome] += count;
    },
    log: createLogger({ level: 'info', app: 'test' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) }),
    ...options,
  });
  const tracer = new TracerProvider({ spanProcessors: [queue], ...(isSampled ? {} : { sampler: new AlwaysOffSampler() }) }).getTracer('test');
  const spans = (count: number): void => {
    for (let span = 0; span < count; span += 1) tracer.startSpan('a span', {}, ROOT_CONTEXT).end();
  };
  return { queue, exporter, lines, counts, spans };
}

describe('SpanQueue', () => {
  it('sends what waits, one batch at a time', async () => {
    const { queue, exporter, counts, spans } = aQueue();
    spans(700);
    expect(exporter.batches).toEqual([512]);
    spans(100);
    await exporter.succeed();
    expect(exporter.batches).toEqual([512, 288]);
    await exporter.succeed();
    await queue.forceFlush();
    expect(counts).toEqual({ exported: 800, failed: 0, dropped: 0 });
  });

  it('drops and counts what is beyond its bound while a collector takes its time', async () => {
    const { exporter, counts, spans } = aQueue();
    spans(2_000);
    expect(counts.dropped).toBe(2_000 - 512 - 1_000);
    await exporter.succeed();
    expect(counts).toEqual({ exported: 512, failed: 0, dropped: 488 });
  });

  it('gives an export up that is not answered in time', async () => {
    const { queue, lines, counts, spans } = aQueue({ exportTimeoutMs: 5 });
    spans(1);
    await queue.forceFlush();
    expect(counts.failed).toBe(1);
    expect(lines).toEqual(['traces cannot be sent']);
  });

  it('leaves a collector alone that fails, and says once that it does and once that it no longer does', async () => {
    const { queue, exporter, lines, counts, spans } = aQueue();
    for (let time = 0; time < 3; time += 1) {
      spans(1);
      const flushed = queue.forceFlush();
      await exporter.fail();
      await flushed;
    }
    spans(600);
    expect(exporter.batches).toEqual([1, 1, 1]); // a full batch alone does not begin another export now
    const flushed = queue.forceFlush();
    await exporter.succeed();
    await exporter.succeed();
    await flushed;
    expect(lines).toEqual(['traces cannot be sent', 'traces are sent again']);
    expect(counts).toEqual({ exported: 600, failed: 3, dropped: 0 });
  });

  it('sends nothing of requests that are not to be recorded', async () => {
    const { queue, exporter, spans } = aQueue({}, false);
    spans(5);
    await queue.forceFlush();
    expect(exporter.batches).toEqual([]);
  });

  it('sends what waits when it is closed, drops what cannot be sent, and takes nothing more', async () => {
    const { queue, exporter, counts, spans } = aQueue();
    spans(400);
    const closed = queue.shutdown();
    await exporter.fail();
    await closed;
    spans(3);
    expect(exporter.isClosed).toBe(true);
    expect(counts).toEqual({ exported: 0, failed: 400, dropped: 0 });
  });
});
