import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { outgoingTrailers, writeTrailers } from './request-trailers.js';

describe('outgoingTrailers', () => {
  it('keeps order, spelling and repetition of what goes on', () => {
    const trailers = ['X-Sum', '1', 'x-other', '', 'X-Sum', '2'];
    expect(outgoingTrailers(trailers, ['Host', 'a'], ['host', 'b'])).toEqual(trailers);
  });

  it('drops what must not come after a body, what says who asks, and what Connection lists, in whatever case', () => {
    const dropped = ['Content-Length', 'transfer-encoding', 'HOST', 'Cookie', 'Authorization', 'TE', 'Trailer', 'If-Match', 'Range', 'Expect'];
    const ours = ['X-Forwarded-For', 'Forwarded', 'X-Request-Id', 'X-Torii-Debug', 'X-Hop'];
    const trailers = [...dropped, ...ours].flatMap((name) => [name, '1']);
    expect(outgoingTrailers([...trailers, 'x-kept', '2'], ['connection', 'close, x-hop'], [])).toEqual(['x-kept', '2']);
  });

  it('drops what is a header already, in whatever case', () => {
    expect(outgoingTrailers(['X-User', 'admin', 'x-sum', '1'], ['Host', 'a'], ['host', 'b', 'x-user', 'alice'])).toEqual(['x-sum', '1']);
  });
});

describe('writeTrailers', () => {
  const lastChunk = '\r\n0\r\n\r\n';

  /** What arrives at the other end of a socket that this was done with. */
  async function written(work: (socket: Socket) => void): Promise<string> {
    let text = '';
    const server = createServer((socket) => socket.on('data', (bytes) => (text += bytes.toString('latin1'))).on('end', () => server.close()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
    work(socket);
    socket.end('the end');
    return eventually(() => (text.endsWith('the end') ? Promise.resolve(text) : Promise.reject(new Error('not all has come yet'))));
  }

  it('puts them behind the last chunk alone, whatever the bytes of the body are', async () => {
    const text = await written((socket) => {
      writeTrailers(socket, ['X-Sum', '1', 'x-other', '\xe9']);
      socket.write(Buffer.from(lastChunk));
      socket.write(lastChunk, 'latin1');
      socket.write(lastChunk, 'latin1');
    });
    expect(text).toBe(`${lastChunk}\r\n0\r\nX-Sum: 1\r\nx-other: \xe9\r\n\r\n${lastChunk}the end`);
  });

  it('leaves the requests that follow alone when no last chunk was written', async () => {
    const text = await written((socket) => {
      writeTrailers(socket, ['X-Sum', '1'])();
      socket.write(lastChunk, 'latin1');
    });
    expect(text).toBe(`${lastChunk}the end`);
  });
});
