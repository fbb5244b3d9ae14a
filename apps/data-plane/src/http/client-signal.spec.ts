import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ClientSignal } from './client-signal.js';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function exchange(): Promise<{ client: Socket; res: ServerResponse }> {
  const server = createServer();
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<ServerResponse>((resolve) => server.once('request', (_req, res) => resolve(res)));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  closers.push(() => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return { client, res: await arrived };
}

describe('ClientSignal', () => {
  it('says that a client has gone, to who listens and to who asks', async () => {
    const { client, res } = await exchange();
    const signal = new ClientSignal(res);
    expect(signal.aborted).toBe(false);
    const gone = new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
    client.destroy();
    await gone;
    expect(signal.aborted).toBe(true);
  });

  it('leaves nothing behind when nobody listens any more', async () => {
    const { res } = await exchange();
    const before = res.listenerCount('close');
    const signal = new ClientSignal(res);
    const listener = (): void => undefined;
    signal.addEventListener('abort', listener);
    signal.removeEventListener('abort', listener);
    expect(res.listenerCount('close')).toBe(before);
  });
});
