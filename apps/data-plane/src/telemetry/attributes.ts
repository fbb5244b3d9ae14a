import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { type ErrorCode, ownerOf } from '@torii/contracts';

/**
 * Names of the HTTP semantic conventions, stable since 1.23
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), and ours.
 */
export const attribute = {
  method: 'http.request.method',
  status: 'http.response.status_code',
  httpRoute: 'http.route',
  resendCount: 'http.request.resend_count',
  path: 'url.path',
  scheme: 'url.scheme',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  errorOwner: 'torii.error_owner',
  requestId: 'torii.request_id',
  route: 'torii.route',
  revision: 'torii.revision',
  plugin: 'torii.plugin',
  pluginVersion: 'torii.plugin.version',
  pluginKind: 'torii.plugin.kind',
  cpuMs: 'torii.cpu_ms',
  queueMs: 'torii.queue_ms',
  hostFunction: 'torii.host_function',
  hostCallsLeftOut: 'torii.host_calls_left_out',
  bytesIn: 'torii.bytes_in',
  bytesOut: 'torii.bytes_out',
  isConnectionReused: 'torii.connection_reused',
} as const;

/** Notes that a span failed by a fault of anybody but who asked. */
export function noteFailure(span: Span, code: ErrorCode): void {
  span.setAttributes({ [attribute.errorType]: code, [attribute.errorOwner]: ownerOf(code) });
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

/** Whom a URL asks. Its path and its query may hold what opens a door, and are left out. */
export function originAttributes(url: string): Attributes {
  const parsed = URL.parse(url);
  if (parsed === null) return {};
  const scheme = parsed.protocol.slice(0, -1);
  const port = parsed.port === '' ? defaultPorts[scheme] : Number(parsed.port);
  return {
    [attribute.scheme]: scheme,
    [attribute.serverAddress]: parsed.hostname,
    ...(port === undefined ? {} : { [attribute.serverPort]: port }),
  };
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };
