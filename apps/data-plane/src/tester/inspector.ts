import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { debugHeader, type NodeId, type Report, reportHeader, reportIdOn, testerLimits } from '@torii/contracts';
import { type Clock, type Logger, openDebugToken } from '@torii/service-kit';
import type { ActiveRevision } from '../config/active-revision.js';
import { Inspection } from './inspection.js';

export interface InspectorOptions {
  readonly nodeId: NodeId;
  readonly thread: number;
  /** Of `debugTokenKey`. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the report of each request that had a token; must not throw. */
  readonly keep: (report: Report) => void;
}

/** A request of the tester that is on its way to this thread. */
interface Expected {
  readonly draft: ActiveRevision | undefined;
  readonly deliver: (report: Report | undefined) => void;
}

/**
 * Says of each request of a thread whether it is inspected: requests that carry a token which the control plane has
 * signed, and those of the tester, each of which has a token of its own that is good for once.
 */
export class Inspector {
  private readonly expected = new Map<string, Expected>();
  private open = 0;
  /** Tokens of other epochs are not taken. */
  epoch: string | undefined;

  constructor(private readonly options: InspectorOptions) {}

  /**
   * Undefined for a request that is not inspected. A token is taken out of the request, so that neither plugins nor
   * targets see it; one that is not taken is named on the response, and the request is served as any other.
   */
  inspect(req: IncomingMessage, res: ServerResponse): Inspection | undefined {
    const given = req.headers[debugHeader];
    return given === undefined ? undefined : this.inspectWith(String(given), req, res);
  }

  /** The token of a request that is about to be sent here; its report, or undefined, is delivered once. */
  expect(expected: Expected): string {
    const token = randomUUID();
    this.expected.set(token, expected);
    return token;
  }

  /** For one that was never used. */
  forget(token: string): void {
    this.expected.delete(token);
  }

  private inspectWith(token: string, req: IncomingMessage, res: ServerResponse): Inspection | undefined {
    removeHeader(req, debugHeader);
    const { nodeId, thread, clock, log, keep } = this.options;
    const id = reportIdOn(nodeId, randomUUID().replaceAll('-', ''));
    const shared = { id, nodeId, thread, clock, log };
    const expected = this.expected.get(token);
    if (expected !== undefined) {
      this.expected.delete(token);
      return new Inspection({ ...shared, ...expected, onlyRoute: undefined });
    }
    const claims = openDebugToken(this.options.key, token, { nowMs: clock.date().getTime(), epoch: this.epoch });
    if (typeof claims === 'string') return refuse(res, claims);
    if (this.open >= testerLimits.recordedAtOnceMax) return refuse(res, 'busy');
    if (claims.route === undefined) res.setHeader(reportHeader, id);
    this.open += 1;
    const deliver = (report: Report | undefined): void => {
      this.open -= 1;
      if (report !== undefined) keep(report);
    };
    return new Inspection({ ...shared, onlyRoute: claims.route, draft: undefined, deliver });
  }
}

function refuse(res: ServerResponse, reason: 'invalid' | 'expired' | 'revoked' | 'busy'): undefined {
  res.setHeader(debugHeader, reason);
}

function removeHeader(req: IncomingMessage, name: string): void {
  for (let index = req.rawHeaders.length - 2; index >= 0; index -= 2) {
    if (req.rawHeaders[index]?.toLowerCase() === name) req.rawHeaders.splice(index, 2);
  }
  delete req.headers[name];
}
