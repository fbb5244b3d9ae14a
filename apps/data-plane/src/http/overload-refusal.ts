import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, errorCodeHeader, problemOf, requestIdHeader } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { RequestMeter } from '../metrics/request-meter.js';
import { isLastAnswer } from './connection-order.js';
import { requestIdOf } from './headers.js';
import { hasBody, writeProblem } from './write-response.js';

const error = new AppError('capacity.overloaded', { detail: 'this node gets more requests than it can serve' });
const place = '\u0001';
const [beforeId = '', afterId = ''] = JSON.stringify(problemOf(error, place)).split(JSON.stringify(place).slice(1, -1));
const headers = Object.entries({ ...error.headers, 'content-type': 'application/problem+json', [errorCodeHeader]: error.code }).flat();
const logIntervalMs = 1_000;

/**
 * Refuses requests at the least cost there is: shedding load helps only as far as a refusal is cheaper than an answer.
 * So there is one line in the log for all refusals of a second, not one for each.
 */
export class OverloadRefusal {
  private count = 0;

  constructor(
    private readonly meter: RequestMeter,
    private readonly log: Logger,
  ) {}

  answer(req: IncomingMessage, res: ServerResponse): void {
    this.note();
    const requestId = requestIdOf(req.headers[requestIdHeader]);
    if (hasBody(req)) {
      writeProblem(req, res, error, requestId);
      return;
    }
    const body = `${beforeId}${requestId}${afterId}`;
    const raw = [...headers, 'content-length', String(body.length), requestIdHeader, requestId];
    if (isLastAnswer(req.socket, res)) raw.push('connection', 'close');
    res.writeHead(error.status, raw);
    res.end(body);
  }

  private note(): void {
    this.meter.refused(error.code, error.status);
    this.count += 1;
    if (this.count > 1) return;
    setTimeout(() => {
      this.log.warn({ count: this.count, code: error.code, owner: error.owner }, 'requests refused');
      this.count = 0;
    }, logIntervalMs).unref();
  }
}
