import type { IncomingMessage } from 'node:http';
import type { RequestAttributes } from '@torii/wasm-runtime';
import type { BoundRoute } from '../config/active-revision.js';
import { type BodySource, Exchange } from '../pipeline/exchange.js';
import type { GatewayRequest } from '../pipeline/gateway-request.js';
import type { RequestTarget } from '../routing/request-target.js';
import type { RouteMatch } from '../routing/route-table.js';
import { withHost } from './headers.js';
import { hasBody } from './write-response.js';

let sequence = 0;

/** A request whose head has come, as the steps that look for its route see it. */
export class ReceivedRequest {
  /** Counts the requests of this thread. */
  private readonly sequence: number;

  constructor(
    readonly req: IncomingMessage,
    private readonly id: string,
    readonly target: RequestTarget,
    readonly body: BodySource,
  ) {
    sequence += 1;
    this.sequence = sequence;
  }

  /** As it is told to plugins and targets: with the route of the match, or without one. */
  on(match: RouteMatch<BoundRoute> | undefined): GatewayRequest {
    const { req, id, sequence: number, target } = this;
    return {
      id,
      sequence: number,
      method: req.method ?? 'GET',
      target,
      rawHeaders: target.authority === (req.headers.host ?? '') ? req.rawHeaders : withHost(req.rawHeaders, target.authority),
      cookieHeader: req.headers.cookie,
      httpVersion: req.httpVersion,
      remoteAddress: req.socket.remoteAddress ?? '',
      hasBody: hasBody(req),
      routeJson: match?.route.json ?? 'null',
      pathParams: match?.pathParams ?? {},
      targetPath: match === undefined ? target.path : targetPathOf(match, target.path),
    };
  }

  /** For plugins that are asked before the route is known; `attributes` are what those before them have set. */
  exchange(match: RouteMatch<BoundRoute> | undefined, attributes?: RequestAttributes): Exchange {
    return new Exchange(this.on(match), this.body, attributes);
  }
}

/** Strips what the route's path took, segment by segment, from the path as the client escaped it. */
function targetPathOf({ route, segmentsTaken }: RouteMatch<BoundRoute>, path: string): string {
  if (!route.stripPath || segmentsTaken === 0) return path;
  return `/${path
    .split('/')
    .slice(segmentsTaken + 1)
    .join('/')}`;
}
