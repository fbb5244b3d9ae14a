import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ErrorCode, ServedKind } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { CallObserver, HttpCallOutcome, ObservedHostCall, ObservedHttpCall } from '@torii/wasm-runtime';
import { attribute, noteFailure, originAttributes } from './attributes.js';
import type { SpanInContext, SpanMaker } from './span-maker.js';

export interface SpannedPlugin {
  readonly kind: ServedKind;
  readonly pluginName: string;
  readonly pluginVersion: number;
}

/** What became of a call. */
export interface SpannedOutcome {
  readonly costs: { readonly cpuMs: number; readonly queueMs: number } | undefined;
  readonly code: ErrorCode | undefined;
}

/** Calls of host functions that have a span each, for one call of a plugin; further ones are counted. */
const hostCallSpansMax = 128;
/** An answer from here on is a failure to who asked for it. */
const failureStatus = 400;

/** The span of one call of a plugin, and those of the host functions it calls. An outbound HTTP call is sent on behalf of its own. */
export class CallSpan implements CallObserver {
  /** Lines of guests go to the log alone. */
  readonly logLinesMax = 0;
  private readonly own: SpanInContext;
  private readonly startMs: number;
  private guestStartMs: number;
  /** Of the host function in progress, when that is an outbound HTTP call. */
  private http: SpanInContext | undefined;
  private hostCalls = 0;

  constructor(
    private readonly maker: SpanMaker,
    private readonly clock: Clock,
    request: SpanInContext,
    { kind, pluginName, pluginVersion }: SpannedPlugin,
  ) {
    this.startMs = clock.nowMs();
    this.guestStartMs = this.startMs;
    this.own = maker.begin(request.context, `plugin ${pluginName}`, this.startMs, {
      [attribute.plugin]: pluginName,
      [attribute.pluginVersion]: pluginVersion,
      [attribute.pluginKind]: kind,
    });
  }

  onLease(): void {
    this.guestStartMs = this.clock.nowMs();
  }

  beginHttpCall({ method, url }: { readonly method: string; readonly url: string }): ObservedHttpCall {
    const attributes = { [attribute.method]: method, ...originAttributes(url) };
    const http = this.maker.begin(this.own.context, method, this.clock.nowMs(), attributes, SpanKind.CLIENT);
    this.http = http;
    return { headers: this.maker.headersOf(http.context), end: (outcome) => noteAnswer(http, outcome) };
  }

  onHostCall({ name, startMs, durationMs, bytesIn, bytesOut }: ObservedHostCall): void {
    this.hostCalls += 1;
    const { http } = this;
    this.http = undefined;
    if (http === undefined && (this.hostCalls > hostCallSpansMax || !this.own.span.isRecording())) return;
    const startedAtMs = this.guestStartMs + startMs;
    const { span } = http ?? this.maker.begin(this.own.context, name, startedAtMs, {});
    span.setAttributes({ [attribute.hostFunction]: name, [attribute.bytesIn]: bytesIn, [attribute.bytesOut]: bytesOut });
    this.maker.end(span, startedAtMs + durationMs);
  }

  onLog(): void {}

  onEnd(): void {}

  end({ costs, code }: SpannedOutcome): void {
    const { span } = this.own;
    if (this.http !== undefined) this.maker.end(this.http.span, this.clock.nowMs());
    if (costs !== undefined) span.setAttributes({ [attribute.cpuMs]: costs.cpuMs, [attribute.queueMs]: costs.queueMs });
    if (this.hostCalls > hostCallSpansMax) span.setAttribute(attribute.hostCallsLeftOut, this.hostCalls - hostCallSpansMax);
    if (code !== undefined) noteFailure(span, code);
    this.maker.end(span, this.clock.nowMs());
  }
}

function noteAnswer({ span }: SpanInContext, { status, code }: HttpCallOutcome): void {
  if (status !== undefined) span.setAttribute(attribute.status, status);
  const failure = code ?? (status !== undefined && status >= failureStatus ? String(status) : undefined);
  if (failure === undefined) return;
  span.setAttribute(attribute.errorType, failure);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
