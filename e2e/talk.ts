import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** A server that says every message again. */
export interface Echo {
  readonly url: string;
  close(): void;
}

export async function startEcho(): Promise<Echo> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => socket.on('message', (bytes, isBinary) => socket.send(bytes, { binary: isBinary })));
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

const timeoutMs = 30_000;

/** Says these, and answers with the first messages that come back, so many of them: texts, or bytes. */
export function talk(url: string, messages: readonly (string | Buffer)[], answers: number): Promise<(string | Buffer)[]> {
  const socket = new WebSocket(url.replace('http', 'ws'), { handshakeTimeout: timeoutMs });
  const heard: (string | Buffer)[] = [];
  const answered = new Promise<(string | Buffer)[]>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${heard.length} of ${answers} answers came within ${timeoutMs} ms`)), timeoutMs);
    socket.on('open', () => {
      for (const message of messages) socket.send(message);
    });
    socket.on('message', (bytes: Buffer, isBinary) => {
      heard.push(isBinary ? bytes : bytes.toString());
      if (heard.length === answers) resolve(heard);
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) => {
      clearTimeout(late);
      reject(new Error(`closed by ${code} ${reason}`));
    });
  });
  return answered.finally(() => socket.terminate());
}
