import { type Attributes, type Context, defaultTextMapSetter, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { W3CTraceContextPropagator } from '@opentelemetry/core';

/** A span and what its children are made in. */
export interface SpanInContext {
  readonly span: Span;
  readonly context: Context;
}

/** Makes the spans of one request. Times are readings of its clock (ms). */
export class SpanMaker {
  constructor(
    private readonly tracer: Tracer,
    private readonly propagator: W3CTraceContextPropagator,
    /** What makes such a reading the time since 1970; taken once a request, for clocks drift apart. */
    private readonly epochOffsetMs: number,
  ) {}

  begin(parent: Context, name: string, startMs: number, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL): SpanInContext {
    const span = this.tracer.startSpan(name, { kind, attributes, startTime: this.dateOf(startMs) }, parent);
    return { span, context: trace.setSpan(parent, span) };
  }

  end(span: Span, atMs: number): void {
    span.end(this.dateOf(atMs));
  }

  /** `traceparent` and `tracestate` for what is asked of others on behalf of that span. */
  headersOf(context: Context): Record<string, string> {
    const headers: Record<string, string> = {};
    this.propagator.inject(context, headers, defaultTextMapSetter);
    return headers;
  }

  /** As seconds and nanoseconds, which the SDK takes as they are. */
  private dateOf(ms: number): [number, number] {
    const epochMs = this.epochOffsetMs + ms;
    const seconds = Math.floor(epochMs / 1_000);
    return [seconds, Math.floor((epochMs - seconds * 1_000) * 1e6)];
  }
}
