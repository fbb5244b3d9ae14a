import { type Context, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type ErrorCode, ownerOf, type SnapshotMatch } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { attribute, noteFailure, originAttributes } from './attributes.js';
import { CallSpan, type SpannedPlugin } from './call-span.js';
import type { SpanInContext, SpanMaker } from './span-maker.js';

export interface RequestSpanOptions {
  readonly maker: SpanMaker;
  readonly clock: Clock;
  /** With what came with the request of a trace that it belongs to. */
  readonly parent: Context;
  readonly method: string;
  readonly startMs: number;
}

/** One try of a request at a target; what is not known when it begins is filled in until the request is over. */
export interface SpannedAttempt {
  readonly peerUrl: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly isReusedConnection: boolean | undefined;
  readonly status: number | undefined;
  readonly code: ErrorCode | undefined;
}

export interface SpannedEnd {
  readonly requestId: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly revision: number | undefined;
  readonly code: ErrorCode | undefined;
}

const clientErrorStatus = 400;
const serverErrorStatus = 500;

/** The span of one request, from its head to its answer, and those of all that is done for it. */
export class RequestSpan {
  readonly traceId: string;
  private readonly own: SpanInContext;
  private readonly attempts: { readonly made: SpanInContext; readonly attempt: SpannedAttempt }[] = [];

  constructor(private readonly options: RequestSpanOptions) {
    const { maker, parent, method, startMs } = options;
    this.own = maker.begin(parent, method, startMs, { [attribute.method]: method, [attribute.scheme]: 'http' }, SpanKind.SERVER);
    this.traceId = this.own.span.spanContext().traceId;
  }

  /** Its route is known. */
  matched({ name, match }: { readonly name: string; readonly match: readonly SnapshotMatch[] }): void {
    const { span } = this.own;
    if (!span.isRecording()) return;
    span.setAttribute(attribute.route, name);
    const template = templateOf(match);
    if (template === undefined) return;
    span.setAttribute(attribute.httpRoute, template);
    span.updateName(`${this.options.method} ${template}`);
  }

  /** A plugin is called; whoever calls it ends the span. */
  call(plugin: SpannedPlugin): CallSpan {
    const { maker, clock } = this.options;
    return new CallSpan(maker, clock, this.own, plugin);
  }

  /** A target is tried. Answers the headers by which it can go on with the trace, name and value in turn. */
  attempted(attempt: SpannedAttempt): string[] {
    const { maker, method } = this.options;
    const resent = this.attempts.length;
    const attributes = {
      [attribute.method]: method,
      ...originAttributes(attempt.peerUrl),
      ...(resent === 0 ? {} : { [attribute.resendCount]: resent }),
    };
    const made = maker.begin(this.own.context, method, attempt.startedAtMs, attributes, SpanKind.CLIENT);
    this.attempts.push({ made, attempt });
    return Object.entries(maker.headersOf(made.context)).flat();
  }

  end({ requestId, host, path, status, revision, code }: SpannedEnd): void {
    const { span } = this.own;
    const { maker, clock } = this.options;
    for (const { made, attempt } of this.attempts) this.endAttempt(made, attempt);
    span.setAttributes({
      ...originAttributes(`http://${host}`),
      [attribute.path]: path,
      [attribute.status]: status,
      [attribute.requestId]: requestId,
    });
    if (revision !== undefined) span.setAttribute(attribute.revision, revision);
    if (status >= serverErrorStatus) {
      if (code !== undefined) noteFailure(span, code);
      else span.setAttribute(attribute.errorType, String(status)).setStatus({ code: SpanStatusCode.ERROR });
    } else if (code !== undefined) {
      // What the client did wrong is no failure of ours.
      span.setAttributes({ [attribute.errorType]: code, [attribute.errorOwner]: ownerOf(code) });
    }
    maker.end(span, clock.nowMs());
  }

  private endAttempt({ span }: SpanInContext, { startedAtMs, durationMs, isReusedConnection, status, code }: SpannedAttempt): void {
    if (status !== undefined) span.setAttribute(attribute.status, status);
    if (isReusedConnection !== undefined) span.setAttribute(attribute.isConnectionReused, isReusedConnection);
    if (code !== undefined) noteFailure(span, code);
    else if (status !== undefined && status >= clientErrorStatus) {
      span.setAttribute(attribute.errorType, String(status)).setStatus({ code: SpanStatusCode.ERROR });
    }
    this.options.maker.end(span, startedAtMs + durationMs);
  }
}

/** The path that a route is for, when it is for one only. */
function templateOf(match: readonly SnapshotMatch[]): string | undefined {
  const [path, ...others] = match.flatMap(({ paths }) => paths);
  return others.length === 0 ? path?.value : undefined;
}
