import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GatewayResponse } from '../pipeline/gateway-request.js';
import { writeResponse } from './write-response.js';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What goes over the wire, one character per byte. */
async function sent(response: GatewayResponse, prepare?: (res: ServerResponse) => void): Promise<{ head: string; body: string }> {
  const server = createServer((req, res) => {
    prepare?.(res);
    void writeResponse(req, res, response, 'rq_1');
  });
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  client.on('data', (part) => {
    text += part;
  });
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => client.once('close', resolve));
  const [head = '', ...body] = text.split('\r\n\r\n');
  return { head, body: body.join('\r\n\r\n') };
}

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

describe('writeResponse', () => {
  it.each([
    ['a short text', 'hello'],
    ['a text in UTF-8', 'caf\u00e9 \u2603 \u{1f600}'],
    ['a large text in UTF-8', '\u2603'.repeat(100_000)],
    ['bytes', Uint8Array.of(0, 255, 128)],
    ['many bytes', new Uint8Array(100_000).fill(233)],
    ['nothing', ''],
  ])('sends %s as it is, with its length in bytes', async (_what, body) => {
    const expected = typeof body === 'string' ? bytesOf(body) : Buffer.from(body).toString('latin1');
    const answer = await sent({ status: 200, headers: { 'x-name': 'caf\u00e9' }, body });
    expect(answer.body).toBe(expected);
    expect(answer.head).toContain(`\r\ncontent-length: ${expected.length}\r\n`);
    // RFC 9110 section 5.5: a header's octets are its own, whatever the body is written in.
    expect(answer.head).toContain('\r\nx-name: caf\u00e9\r\n');
    expect(answer.head).toContain('\r\nx-request-id: rq_1\r\n');
  });

  it('sends a header once for each of its values, also on a connection that is to be closed', async () => {
    const response = { status: 201, headers: { 'set-cookie': ['a=1', 'b=2'], 'x-a': '1' }, body: 'x' };
    for (const prepare of [undefined, (res: ServerResponse) => res.setHeader('connection', 'close')]) {
      const { head, body } = await sent(response, prepare);
      expect(head).toContain('HTTP/1.1 201 Created\r\n');
      expect(head.match(/^set-cookie: .*$/gm)).toEqual(['set-cookie: a=1', 'set-cookie: b=2']);
      expect(head).toMatch(/^x-a: 1$/m);
      expect(head).toMatch(/^connection: close$/im);
      expect(body).toBe('x');
    }
  });

  it('sends no body and no length with a status that has none', async () => {
    const { head, body } = await sent({ status: 204, headers: {}, body: undefined });
    expect(head).not.toMatch(/content-length|transfer-encoding/i);
    expect(body).toBe('');
  });
});
