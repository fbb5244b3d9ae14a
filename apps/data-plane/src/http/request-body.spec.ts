import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Deadline, systemClock } from '@torii/service-kit';
import { BodyBudget } from './body-budget.js';
import { RequestBody } from './request-body.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A request whose client sends this, then goes. */
async function abandoned(sent: string): Promise<{ req: IncomingMessage; res: ServerResponse }> {
  const server = createServer();
  servers.push(server);
  const got = new Promise<{ req: IncomingMessage; res: ServerResponse }>((resolve) => {
    server.on('request', (req, res) => {
      res.once('close', () => resolve({ req, res }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  server.once('request', () => socket.destroy());
  socket.write(sent);
  return got;
}

describe('a body of a request whose client has gone while a plugin was waited for', () => {
  it.each([
    ['half', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf'],
    ['whole', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nwhole'],
  ])('is not waited for when it is there by %s', async (_, sent) => {
    const { req, res } = await abandoned(sent);
    const deadline = Deadline.after(3_600_000, systemClock);
    const body = new RequestBody(req, res, { budget: new BodyBudget(1_000), deadline, recording: undefined });
    await expect(body.read(100)).rejects.toMatchObject({ code: 'client.gone' });
  });
});
