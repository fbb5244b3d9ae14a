import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, Trial } from '@torii/contracts';
import type { InternalEndpoint } from '../internal/internal-server.js';
import type { ReportShelf } from './report-shelf.js';
import type { Trials } from './trials.js';

/** A request, and a draft of a hundred routes with their plugins. */
const bodyMaxBytes = 32 * 1024 * 1024;

/** What the control plane asks of a node for the tester: `POST /internal/tester` with a `Trial`, `GET /internal/reports/{id}`. */
export function testerEndpoints(trials: Trials, shelf: ReportShelf): InternalEndpoint[] {
  return [
    {
      method: 'POST',
      path: '/internal/tester',
      answer: async (req, res) => {
        const trial = trialOf(await readBody(req));
        sendJson(res, JSON.stringify(await trials.run(trial, () => !req.socket.destroyed)));
      },
    },
    {
      method: 'GET',
      path: '/internal/reports/',
      answer: (_req, res, id) => {
        const report = shelf.find(id);
        if (report === undefined) throw new AppError('client.not_found', { detail: 'this node has no such report, or has it no more' });
        sendJson(res, report);
        return Promise.resolve();
      },
    },
  ];
}

function trialOf(text: string): Trial {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('client.bad_request', { detail: 'the body is not JSON', cause: error });
  }
  const trial = Trial.safeParse(value);
  if (trial.success) return trial.data;
  const issue = trial.error.issues[0];
  throw new AppError('client.invalid', { detail: `/${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'invalid'}` });
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyMaxBytes) throw new AppError('client.body_too_large', { detail: `at most ${bodyMaxBytes} bytes are accepted here` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function sendJson(res: ServerResponse, json: string): void {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  res.end(json);
}
