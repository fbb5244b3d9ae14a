import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A small HTTP server on 127.0.0.1 that a test controls. */
export interface Upstream {
  readonly url: string;
  readonly port: number;
  /** How many requests have arrived. */
  calls(): number;
  /** Answers from now on by this; an error it throws breaks the connection off. */
  respond(by: Respond): void;
  close(): Promise<void>;
}

export type Respond = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export async function startUpstream(first: Respond = (_request, response) => void response.end('ok')): Promise<Upstream> {
  let respond = first;
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    Promise.resolve()
      .then(() => respond(request, response))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls: () => calls,
    respond(by) {
      respond = by;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
