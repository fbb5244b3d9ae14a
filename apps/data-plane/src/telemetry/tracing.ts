import type { IncomingHttpHeaders } from 'node:http';
import { defaultTextMapGetter, ROOT_CONTEXT, type Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Clock, Logger } from '@torii/service-kit';
import { RequestSpan } from './request-span.js';
import { SpanMaker } from './span-maker.js';
import { type SpanOutcome, SpanQueue } from './span-queue.js';

/** How traces are made and sent; plain values. */
export interface TracingSettings {
  /** Of the collector; `/v1/traces` is added to it. */
  readonly endpoint: string;
  /** Share of the requests that are traced, of those that do not belong to a trace already. */
  readonly ratio: number;
  readonly queuedMax: number;
  /** How long spans are gathered before they are sent, if they are not many. */
  readonly delayMs: number;
  readonly exportTimeoutMs: number;
}

export interface TracingDeps {
  readonly nodeId: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onSpans: (outcome: SpanOutcome, count: number) => void;
}

const serviceName = 'torii-data-plane';
const textMaxLength = 1_024;
/** One is sent at a time; for the exporter, one that has just ended or was given up may be under way still. */
const exportsAtOnceMax = 4;

/**
 * Traces of the requests of one thread, for a collector that takes OTLP by HTTP. Whether a request is traced is for who
 * asked to say, by `traceparent` (https://www.w3.org/TR/trace-context/); one that says nothing is traced by chance. What
 * is asked of others carries the trace on, traced or not.
 */
export class Tracing {
  private readonly tracer: Tracer;
  private readonly provider: TracerProvider;
  private readonly propagator = new W3CTraceContextPropagator();
  private readonly clock: Clock;

  constructor(settings: TracingSettings, { nodeId, version, clock, log, onSpans }: TracingDeps) {
    this.clock = clock;
    const { ratio, queuedMax, delayMs, exportTimeoutMs } = settings;
    const exporter = new OTLPTraceExporter({ url: tracesUrl(settings.endpoint), timeoutMillis: exportTimeoutMs, concurrencyLimit: exportsAtOnceMax });
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version, 'service.instance.id': nodeId }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanLimits: { attributeValueLengthLimit: textMaxLength },
      spanProcessors: [new SpanQueue({ exporter, queuedMax, delayMs, exportTimeoutMs, onSpans, log })],
    });
    this.tracer = this.provider.getTracer('torii', version);
  }

  /** A request has come. A `traceparent` that is malformed, or there twice, is none. */
  begin({ method, headers }: { readonly method?: string | undefined; readonly headers: IncomingHttpHeaders }, startMs: number): RequestSpan {
    const maker = new SpanMaker(this.tracer, this.propagator, Date.now() - this.clock.nowMs());
    const parent = this.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    return new RequestSpan({ maker, clock: this.clock, parent, method: method ?? 'GET', startMs });
  }

  /** Sends what there is, and closes the exporter. */
  async close(): Promise<void> {
    await this.provider.shutdown();
  }
}

function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
