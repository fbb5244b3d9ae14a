import { text } from 'node:stream/consumers';
import type { Respond } from '@torii/test-kit';

/** Answers with what it was asked, as JSON, and with the status that `x-status` asks for. */
export const tellsWhatItWasAsked: Respond = (request, response) => {
  void text(request).then((body) => {
    const { method, url, headers } = request;
    response.writeHead(Number(headers['x-status'] ?? 200), { 'content-type': 'application/json', 'x-upstream': 'yes' });
    response.end(JSON.stringify({ method, url, headers, body }));
  });
};
