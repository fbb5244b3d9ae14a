import { withoutTraceHeaders } from '../telemetry/trace-headers.js';
import type { UpstreamAttempt } from '../upstream/attempt.js';
import type { InterimAnswer } from '../upstream/upstream-request.js';
import type { CallContext } from './call-plugin.js';
import type { Exchange } from './exchange.js';
import type { AnyResponse } from './gateway-request.js';
import type { ProxyTarget } from './route-target.js';

export interface ProxyContext extends CallContext {
  /** Told of each 102 and 103 that comes before the answer. */
  readonly onInterim?: ((answer: InterimAnswer) => void) | undefined;
  /** The protocol that the client asks to go over to, if it does. */
  readonly upgradeTo?: string | undefined;
}

/** Sends a request on to the target's servers; resolves and rejects as `Upstream.answer` does. */
export function proxy(context: ProxyContext, exchange: Exchange, { upstream }: ProxyTarget): Promise<AnyResponse> {
  const { deadline, signal, trace, onInterim, upgradeTo } = context;
  const { request, outgoing } = exchange;
  const { span } = trace;
  const isQueryEmpty = request.target.isQueryEmpty && outgoing.path === request.targetPath;
  const attempts: UpstreamAttempt[] = [];
  trace.upstreamAttempts = attempts;
  const sent = {
    id: request.id,
    method: outgoing.method,
    path: outgoing.path,
    search: outgoing.search === '' && !isQueryEmpty ? undefined : outgoing.search,
    rawHeaders: span === undefined ? outgoing.rawHeaders : withoutTraceHeaders(outgoing.rawHeaders),
    pathParams: request.pathParams,
    authority: request.target.authority,
    remoteAddress: request.remoteAddress,
    body: exchange.bodyToSend(),
    deadline,
    signal,
    attempts,
    ...(onInterim === undefined ? {} : { onInterim }),
    ...(span === undefined ? {} : { onAttempt: (attempt: UpstreamAttempt) => span.attempted(attempt) }),
  };
  const answer = upgradeTo === undefined ? upstream.answer(sent) : upstream.upgrade(sent, upgradeTo);
  return trace.recording === undefined ? answer : trace.recording.timed('call-backend', answer);
}
