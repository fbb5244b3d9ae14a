import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuestWith, eventually } from '@torii/test-kit';
import { WebSocketServer } from 'ws';
import type { Gateway } from './a-gateway.js';

/** What Node's own client hears, and how its connection ends. */
class Listener {
  readonly heard: unknown[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  private readonly socket: WebSocket;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.heard.push(data);
    this.socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
    };
  }

  async say(...texts: readonly string[]): Promise<void> {
    await eventually(() => this.socket.readyState === WebSocket.OPEN);
    for (const text of texts) this.socket.send(text);
  }

  close(): void {
    this.socket.close();
  }
}

/** Needs a builder. */
export function describeWebSocketPlugins(gateway: Gateway): void {
  describe('plugins for the messages of WebSockets', () => {
    const upstream: Server = createServer();
    const server = new WebSocketServer({ server: upstream });
    /** What the upstream was told. */
    const told: string[] = [];

    beforeAll(async () => {
      server.on('connection', (socket) => {
        socket.on('message', (bytes) => {
          told.push(String(bytes));
          socket.send(`${bytes} pays with 4111111111111111`);
        });
      });
      await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    });
    afterAll(async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => upstream.close(resolve));
    });

    const chat = () => new Listener(`${(gateway.nodes[0]?.proxyUrl ?? '').replace('http', 'ws')}/chat`);

    it('are built from their template, change what goes each way, and are replaced while others go on', async () => {
      const { files } = (await gateway.must('GET', '/api/v1/templates/javascript/websocket-transformer')).json;
      await gateway.must('PUT', '/api/v1/functions/cleaner', { language: 'javascript', files });
      expect(await gateway.build('cleaner', { version: '1.0.0' })).toMatchObject({ status: 'succeeded' });
      const source = { kind: 'function', name: 'cleaner' };
      const limits = { cpuMs: 2_000 };
      const functionName = 'on_request_message';
      await gateway.must('PUT', '/api/v1/plugins/cleaner', { kind: 'websocket_transformer', functionName, source, wasi: true, limits });
      const { port } = upstream.address() as AddressInfo;
      await gateway.must('PUT', '/api/v1/routes/chat?wait=applied&timeout=60s', {
        match: [{ paths: [{ type: 'prefix', value: '/chat' }] }],
        plugins: [{ plugin: 'cleaner' }],
        target: { kind: 'upstream', targets: [{ url: `http://127.0.0.1:${port}` }] },
      });
      const first = chat();
      await first.say('  ann  ');
      await eventually(() => expect([told, first.heard]).toEqual([['ann'], ['ann pays with ************1111']]));

      const closes = await answeringGuestWith({ on_request_message: { before: '{"error":true,"statusCode":4000,"reason":"no chat today"}' } });
      const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', closes)).json;
      await gateway.must('PUT', '/api/v1/plugins/cleaner?wait=applied&timeout=60s', {
        kind: 'websocket_transformer',
        functionName,
        source: { kind: 'artifact', sha256 },
      });
      const second = chat();
      await second.say('bob');
      await eventually(() => expect(second.closed).toEqual({ code: 4000, reason: 'no chat today' }));
      await first.say(' ann again ');
      await eventually(() => expect(told).toEqual(['ann', 'ann again']));
      first.close();
    });

    it('are refused when their module has neither function, and where they are no slot', async () => {
      const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', await answeringGuestWith({ other: { before: '{}' } }))).json;
      const plugin = { kind: 'websocket_transformer', source: { kind: 'artifact', sha256 } };
      const refused = await gateway.admin('PUT', '/api/v1/plugins/lacking', { ...plugin, functionName: 'on_request_message' });
      await gateway.must('PUT', '/api/v1/plugins/other', { ...plugin, functionName: 'other' });
      expect([refused.status, refused.json.errors]).toEqual([
        422,
        [{ pointer: '/functionName', code: 'missing_export', detail: expect.stringContaining('on_request_message') }],
      ]);
      const misplaced = await gateway.admin('PUT', '/api/v1/routes/misplaced', {
        match: [{ paths: [{ type: 'prefix', value: '/misplaced' }] }],
        target: { kind: 'function', plugin: 'other' },
      });
      expect([misplaced.status, misplaced.text]).toEqual([422, expect.stringContaining('put it among plugins')]);
    });
  });
}
