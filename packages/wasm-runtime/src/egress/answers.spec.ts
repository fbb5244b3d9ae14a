import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import fc from 'fast-check';
import { type NameServer, startNameServer } from '../../test/a-name-server.js';
import { type RawServer, startRawServer } from '../../test/a-raw-server.js';
import { type Ask, TestEgress } from '../../test/an-egress.js';
import type { EgressOptions } from './egress.js';

const egresses = new TestEgress();
let names: NameServer;
let server: RawServer;

const head = 'HTTP/1.1 200 OK\r\n';
const complete = (body: string): string => `${head}content-length: ${body.length}\r\n\r\n${body}`;

/** Writes for as long as the other side takes it, until it closes. */
function writeForEver(socket: Socket, piece: string | Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

/** One piece each millisecond, until the other side closes. */
function drip(socket: Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 1);
  socket.on('close', () => clearInterval(timer));
}

/** What the raw server says, by path. */
const answers: Readonly<Record<string, (socket: Socket, request: string) => void>> = {
  '/plain': (socket) => socket.write(complete('plain')),
  '/silent': () => undefined,
  '/gone': (socket) => socket.destroy(),
  '/half': (socket) => socket.end(`${head}content-length: 10\r\n\r\nabc`),
  '/half-chunked': (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`),
  '/until-close': (socket) => socket.end(`${head}\r\nuntil the end`),
  '/announced': (socket) => socket.write(`${head}content-length: 999999999\r\n\r\nx`),
  '/announced-head': (socket) => socket.write(`${head}content-length: 999999999\r\n\r\n`),
  '/endless': (socket) => {
    socket.write(`${head}\r\n`);
    writeForEver(socket, Buffer.alloc(65_536, 'x'));
  },
  '/endless-chunks': (socket) => {
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    writeForEver(socket, Buffer.from('1\r\nx\r\n'.repeat(10_000)));
  },
  '/endless-chunk-extension': (socket) => {
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n1;`);
    writeForEver(socket, Buffer.alloc(65_536, 'x'));
  },
  '/drip': (socket) => {
    socket.write(`${head}content-length: 100000\r\n\r\n`);
    drip(socket, 'x');
  },
  '/drip-head': (socket) => {
    socket.write(head);
    drip(socket, 'x');
  },
  '/drip-headers': (socket) => {
    socket.write(head);
    drip(socket, 'x: y\r\n');
  },
  '/endless-head': (socket) => {
    socket.write(head);
    writeForEver(socket, 'x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(100));
  },
  '/endless-header': (socket) => {
    socket.write(`${head}x: `);
    writeForEver(socket, 'y'.repeat(65_536));
  },
  '/endless-status-line': (socket) => writeForEver(socket, `HTTP/1.1 200 ${'y'.repeat(65_536)}`),
  '/many-headers': (socket) => socket.write(`${head}${'x: y\r\n'.repeat(10_000)}content-length: 0\r\n\r\n`),
  '/no-http': (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  '/two-lengths': (socket) => socket.end(`${head}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`),
  '/length-and-chunked': (socket) => socket.end(`${head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  '/bad-chunk': (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`),
  '/upgrade': (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  '/early-hints': (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${complete('after the hints')}`),
  '/endless-hints': (socket) => writeForEver(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100)),
  '/unasked': (socket) => socket.write(complete('first') + complete('never asked for')),
  '/bomb': (socket) => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    socket.write(`${head}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
    socket.write(bomb);
  },
};

beforeEach(async () => {
  names = await startNameServer((_name, type) => (type === 'A' ? [{ type, value: '127.0.0.1' }] : []));
  server = await startRawServer((socket, request) => answers[request.split(' ')[1] ?? '']?.(socket, request));
});

afterEach(async () => {
  await egresses.close();
  await names.close();
  await server.close();
});

function open(options: Partial<EgressOptions> = {}): (path: string, part?: Parameters<Ask>[0]) => Promise<string> {
  const ask = egresses.open({ dnsServers: [names.address], responseMaxBytes: 100_000, ...options }, { allowedHosts: [`api.test:${server.port}`] });
  return (path, part) => ask({ url: `http://api.test:${server.port}${path}`, ...part });
}

describe('an answer', () => {
  it.each([
    ['/endless', 'too_large'],
    ['/announced', 'too_large'],
    ['/endless-chunks', 'bad_answer'],
    ['/endless-chunk-extension', 'timeout'],
    ['/endless-head', 'too_large'],
    ['/endless-header', 'too_large'],
    ['/many-headers', 'too_large'],
    ['/endless-hints', 'bad_answer'],
    ['/endless-status-line', 'timeout'],
    ['/no-http', 'bad_answer'],
    ['/two-lengths', 'bad_answer'],
    ['/length-and-chunked', 'bad_answer'],
    ['/bad-chunk', 'bad_answer'],
    ['/upgrade', 'bad_answer'],
    ['/gone', 'unreachable'],
    ['/half', 'unreachable'],
    ['/half-chunked', 'unreachable'],
  ])('that is %s ends the call with %s, and its connection', async (path, code) => {
    const request = open();
    expect(await request(path, { timeoutMs: code === 'timeout' ? 200 : 30_000 })).toBe(code);
    // The next call gets a connection of its own, and what was left of the last one does not reach it.
    expect(await request('/plain')).toBe('200 plain');
    expect(server.connections()).toBe(2);
    await eventually(() => expect(server.open()).toBe(1));
  });

  it.each(['/silent', '/drip', '/drip-head', '/drip-headers'])('that does not come in time is given up: %s', async (path) => {
    expect(await open({ requestTimeoutMs: 100 })(path)).toBe('timeout');
    expect(await open()(path, { timeoutMs: 100 })).toBe('timeout');
  });

  it('is not waited for when the caller has gone, before it asks or after', async () => {
    const caller = new AbortController();
    const outcome = open()('/silent', { signal: caller.signal });
    while (server.connections() === 0) await new Promise(setImmediate);
    caller.abort();
    expect(await outcome).toBe('aborted');
    expect(await open()('/silent', { signal: caller.signal })).toBe('aborted');
    expect(server.connections()).toBe(1);
  });

  it('to HEAD may announce what it likes', async () => {
    expect(await open()('/announced-head', { method: 'HEAD' })).toBe('200 ');
  });

  it('may have no length but an end', async () => {
    expect(await open()('/until-close')).toBe('200 until the end');
  });

  it('may come after interim ones', async () => {
    expect(await open()('/early-hints')).toBe('200 after the hints');
  });

  it('that nobody asked for is never the answer to the next call', async () => {
    const request = open();
    expect(await request('/unasked')).toBe('200 first');
    expect(await request('/plain')).toBe('200 plain');
  });

  it('that is compressed stays so, whatever it would grow to', async () => {
    const answer = await open()('/bomb', { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.slice(0, 6)).toBe('200 \x1f\x8b');
    expect(answer.length).toBeLessThan(100_000);
  });

  it('may be exactly as large as the limit, and no byte larger', async () => {
    const request = open({ responseMaxBytes: 5 });
    expect(await request('/plain')).toBe('200 plain');
    expect(await open({ responseMaxBytes: 4 })('/plain')).toBe('too_large');
  });

  it('of any bytes is an answer or a named error, and does no harm to the next call', async () => {
    const bytes = fc.array(
      fc.constantFrom(
        'HTTP/1.1 ',
        '200',
        '103',
        ' OK',
        '\r\n',
        '\n',
        ':',
        'content-length',
        '5',
        'transfer-encoding: chunked',
        'x',
        '\0',
        '\xff',
        '0\r\n\r\n',
      ),
      {
        maxLength: 20,
      },
    );
    let saying = '';
    await server.close();
    server = await startRawServer((socket, request) =>
      request.includes(' /plain ') ? socket.write(complete('plain')) : socket.end(saying, 'latin1'),
    );
    const request = open();
    await fc.assert(
      fc.asyncProperty(bytes, async (pieces) => {
        saying = pieces.join('');
        expect(await request('/any')).toMatch(/^(\d{3} [\s\S]*|bad_answer|unreachable|too_large)$/);
        expect(await request('/plain')).toBe('200 plain');
      }),
      { numRuns: 150 },
    );
  });
});
